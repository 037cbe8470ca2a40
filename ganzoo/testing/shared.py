"""Checks that are the same for every group of plugins, and what many of them need."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config.documents import dump_yaml, parse_yaml
from ganzoo.resolve import resolve
from ganzoo.resolve.validation import validate
from ganzoo.testing.check import Case, Fault, NotApplicable
from ganzoo.training.trainer import Trainer

BATCH = 8

_PROBE = """
import json, sys
from ganzoo import registry

group, name, configs = json.loads(sys.argv[1])
spec = registry.find(group, name).spec()
described = "torch" not in sys.modules
for values in configs:
    config = spec.config.model_validate(values)
    if group == "architectures":
        spec.traits(config)
    if group == "datasets":
        registry.instantiate(group, name, config)
print("\\n" + json.dumps([described, "torch" not in sys.modules]))
"""


def free_of_torch(case: Case) -> None:
    """The description is read and used without importing torch."""
    offer = case.offer
    if offer is None:
        raise NotApplicable("only an installed distribution has to be described without torch")
    name = f"{offer.distribution}:{offer.name}"
    request = json.dumps([offer.group, name, [case.config.model_dump(mode="json")]])
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, request],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    if done.returncode:
        raise Fault(
            f"its description cannot be imported in a new process: {_last_line(done.stderr)}; make "
            "it importable by itself"
        )
    described, used = json.loads(done.stdout.splitlines()[-1])
    if not described:
        raise Fault(
            "importing the description imports torch; remove torch from that module and from all "
            'that it imports, and name classes that need torch as "package.module:Name"'
        )
    if not used:
        use = "opening the dataset" if offer.group == "datasets" else "asking for its traits"
        raise Fault(
            f"{use} imports torch; avoid torch there, because configs are checked before torch is "
            "imported"
        )


def config_round_trip(case: Case) -> None:
    """The config survives YAML and JSON, and describes each of its fields."""
    values = case.config.model_dump(mode="json")
    for kind, copied in (
        ("JSON", json.loads(json.dumps(values))),
        ("YAML", parse_yaml(dump_yaml(values))),
    ):
        if validate(type(case.config), copied, "config") != case.config:
            raise Fault(
                f"a config that was written as {kind} reads back differently; let every field "
                "accept what model_dump writes (a tuple needs AsTuple of ganzoo.config.models)"
            )
    fields = type(case.config).model_fields
    silent = [name for name, field in fields.items() if not field.description]
    if silent:
        raise Fault(
            f"the field {silent[0]} has no description, which ganzoo info would show; give it one "
            "with pydantic's Field(description=...)"
        )
    type(case.config).model_json_schema()


def train_one_step(config: Mapping[str, Any], precision: str) -> None:
    """Take one step with the real trainer, and write its checkpoint and its weights.

    Raises:
        Fault: A network was not changed by it.
        ganzoo.errors.TrainingError: A loss or a weight is not finite.
    """
    training = {
        "precision": precision,
        "steps": 1,
        "batch_size": BATCH,
        "accumulate": 1,
        "device": "cpu",
    }
    overrides: dict[str, Any] = {f"training.{key}": value for key, value in training.items()}
    own_batches = resolve(config).config.objective.batches
    overrides |= {f"objective.{name}": None for name in own_batches}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        trainer = Trainer(config, Path(folder) / "run", overrides=overrides)
        trainer.observers = []
        objective = trainer.objective
        trained = [role for roles in objective.players.values() for role in roles]
        before = {role: state_of(objective.networks[role]) for role in trained}
        trainer.fit()
        for role in trained:
            network = objective.networks[role]
            after = state_of(network)
            names = [name for name, _ in network.named_parameters()]
            if all(after[name].equal(before[role][name]) for name in names):
                raise Fault(
                    f"a training step leaves the {role} as it was; its loss must depend on its "
                    "parameters"
                )


def precisions(
    config_of: Callable[[Any], Mapping[str, Any]],
) -> tuple[Callable[[Any], None], ...]:
    """Return a check for each precision that training may have."""

    def trains(precision: str, name: str) -> Callable[[Any], None]:
        def check(case: Any) -> None:
            train_one_step(config_of(case), precision)

        check.__name__ = f"trains_in_{precision}"
        check.__doc__ = f"A training step in {name} works, and is saved."
        return check

    kinds = {"fp32": "float32", "bf16": "bfloat16", "fp64": "float64"}
    return tuple(trains(*kind) for kind in kinds.items())


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """Copy a network's parameters and buffers, by name."""
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: tensor.detach().clone() for name, tensor in named}


@torch.no_grad()
def perturb(network: nn.Module, seed: int, factor: float = 1.0) -> nn.Module:
    """Move every parameter at random by a part of its size, so that none is zero."""
    source = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        size = parameter.square().mean().sqrt().item()
        # A layer that is initialised with zeros gets weights of the usual size.
        size = size or (parameter[:1].numel() if parameter.dim() > 1 else 4) ** -0.5
        noise = torch.randn(parameter.shape, generator=source, dtype=torch.float32)
        parameter.add_(noise.to(parameter.dtype), alpha=0.3 * size).mul_(factor)
    return network


def gradients_of(value: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Differentiate for parameters; the graph stays, and what is not reached is left out."""
    if not value.requires_grad:
        return []
    found = torch.autograd.grad(value, parameters, allow_unused=True, retain_graph=True)
    return [gradient for gradient in found if gradient is not None]


def changed(before: Sequence[Tensor | None], after: Sequence[Tensor | None]) -> bool:
    """Tell whether any of some tensors differs from its copy."""
    pairs = zip(before, after, strict=True)
    return any(a is not None and b is not None and not a.equal(b) for a, b in pairs)


def copies(tensors: Iterable[Tensor | None]) -> list[Tensor | None]:
    """Copy tensors, where there are any."""
    return [None if tensor is None else tensor.detach().clone() for tensor in tensors]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
