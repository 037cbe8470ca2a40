"""Walking through an objective's phases as the trainer does, and looking on."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.objectives.base import Objective, Phase, Scalars
from ganzoo.randomness import seed_for, seed_global
from ganzoo.testing.shared import BATCH
from ganzoo.training import checkpoints
from ganzoo.training.trainer import Trainer

SMALL: Mapping[str, Any] = {"steps": 4, "batch_size": BATCH, "device": "cpu", "precision": "fp32"}
"""Values of ``training`` in the runs of checks."""

RowsSeen = tuple[Phase, str, Tensor]
"""In a phase, the rows that a role was given, float64 ``(rows, numbers)``, sorted."""


@contextmanager
def trainer_of(config: Mapping[str, Any]) -> Iterator[Trainer]:
    """Build the trainer of a run in a temporary folder, without observers."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        values = {**config, "training": {**SMALL, **config.get("training", {})}}
        trainer = Trainer(values, Path(folder) / "run")
        trainer.observers = []
        yield trainer


def trained(config: Mapping[str, Any], stops: Sequence[int]) -> dict[str, Tensor]:
    """Train a run that is stopped at some steps, and return the tensors of its checkpoint."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run = Path(folder) / "run"
        values = {**config, "training": {**SMALL, "steps": stops[0]}}
        trainer = Trainer(values, run)
        for last in stops:
            if last != stops[0]:
                trainer = Trainer.resume(run, overrides={"training.steps": last})
            trainer.observers = []
            trainer.fit()
        saved, _ = checkpoints.newest(trainer.run.checkpoints)
        assert saved is not None
        return saved[0]


def played(
    objective: Objective, step: int = 0, parts: int = 1, *, without_makers: bool = False
) -> Iterator[tuple[Phase, Tensor, Scalars]]:
    """Walk through the phases of a step as the trainer does, but update nothing.

    Args:
        objective: The objective.
        step: The step.
        parts: Of `accumulate`; the loss is their mean.
        without_makers: Leave out the phases of players that own makers.
    """
    seed = objective.config.training.seed
    for phase in objective.all_phases(step):
        if without_makers and objective.makes(phase.player):
            continue
        losses, scalars = [], Scalars()
        for part in range(parts):
            # Each part has a seed of its own, as each process has.
            seed_global(torch.device("cpu"), seed_for(seed, step, *phase.place, part))
            loss, figures = objective.loss(step, phase, part)
            losses.append(loss)
            scalars.update(figures)
        yield phase, torch.stack(losses).mean() if parts > 1 else losses[0], scalars


def networks_seen(objective: Objective, parts: int) -> list[RowsSeen]:
    """Return what each network is given in each phase of the first step."""
    rows: dict[str, list[Tensor]] = {}

    def look(role: str, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        given = [x for x in (*inputs, *keywords.values()) if isinstance(x, Tensor)]
        flat = [x.detach().double().reshape(len(x), -1) for x in given]
        rows.setdefault(role, []).append(torch.cat(flat, dim=1))

    found: list[RowsSeen] = []
    with ExitStack() as hooks:
        for role, network in objective.networks.items():
            hooks.callback(_hooked(network, role, look).remove)
        for phase, _, _ in played(objective, parts=parts):
            found += [
                (phase, role, _sorted(rows[role])) for role in objective.networks if role in rows
            ]
            rows.clear()
    return found


def _hooked(network: nn.Module, role: str, look: Any) -> Any:
    return network.register_forward_pre_hook(
        lambda module, inputs, keywords: look(role, inputs, keywords), with_kwargs=True
    )


def _sorted(calls: Sequence[Tensor]) -> Tensor:
    """Sort the rows of all calls, as parts are called in another order than the whole."""
    width = max(call.shape[1] for call in calls)
    rows = torch.cat([nn.functional.pad(call, (0, width - call.shape[1])) for call in calls])
    source = torch.Generator().manual_seed(0)
    weights = torch.rand(width, generator=source, dtype=torch.float64)
    return rows[(rows @ weights).argsort()]
