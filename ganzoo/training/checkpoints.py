"""Checkpoints: everything that a run needs to go on, as safetensors and JSON.

A checkpoint is a folder that is written aside and renamed, so that one that has its name is whole;
a digest guards what is in it against damage that comes later.
"""

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganzoo.aside import folder_aside, write_text
from ganzoo.config import Model
from ganzoo.errors import RunError, TrainingError, brief
from ganzoo.objectives.base import Kept, Objective
from ganzoo.training.ema import Ema
from ganzoo.training.optimizing import Optimizer
from ganzoo.weights.files import not_finite, once, with_ties, write_tensors
from ganzoo.weights.locating import RUN_CONFIG

FORMAT = 2
"""Format 1 has no digest."""

TENSORS, STATE, DIGEST = "state.safetensors", "state.json", "digest"

DAMAGED = (
    FileNotFoundError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    SafetensorError,
)
"""What reading raises where the files are not as they were written. Other errors of the operating
system say nothing of them, and may pass: a checkpoint that is merely out of reach is kept."""

Loaded = tuple[dict[str, Tensor], dict[str, Any]]
"""The tensors of a checkpoint, on the CPU, and its plain values."""


class DamagedError(RunError):
    """A checkpoint does not hold what was written into it."""


class CheckpointState(Model, extra="ignore"):
    """The plain values of a checkpoint, as of every format."""

    step: int = Field(ge=0)
    ganzoo: str
    torch: str
    plugins: dict[str, str]
    data: str
    processes: int = Field(ge=1)
    threads: int | None = Field(default=None, ge=1)
    config: dict[str, Any]


def collect(
    objective: Objective,
    optimizers: Mapping[str, Optimizer],
    emas: Mapping[str, Ema],
    own: Sequence[Mapping[str, Tensor]] = (),
) -> dict[str, Tensor]:
    """Return everything that changes in training, each tensor as ``part/name``.

    Args:
        objective: The objective.
        optimizers: By player.
        emas: By role.
        own: What the objective keeps in each process for itself, by rank.
    """
    parts: dict[str, Mapping[str, Tensor]] = {}
    for role, network in objective.networks.items():
        parts[f"network.{role}"] = once(network.state_dict(keep_vars=True))
    for player, optimizer in optimizers.items():
        parts[f"optimizer.{player}"] = optimizer.state()
    for role, ema in emas.items():
        parts[f"ema.{role}"] = ema.state()
    parts["objective"] = objective.state().shared
    parts |= {f"objective@{rank}": tensors for rank, tensors in enumerate(own)}
    return {f"{part}/{name}": t for part, group in parts.items() for name, t in group.items()}


def hand_out(
    tensors: Mapping[str, Tensor],
    objective: Objective,
    optimizers: Mapping[str, Optimizer],
    emas: Mapping[str, Ema],
    rank: int | None,
) -> None:
    """Take over what `collect` returned; KeyError or RuntimeError where it does not fit.

    A process whose `rank` is None, as others were of another number, keeps nothing of its own.
    """
    parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in tensors.items():
        part, _, name = key.partition("/")
        parts[part][name] = tensor
    for role, network in objective.networks.items():
        expected = network.state_dict(keep_vars=True)
        network.load_state_dict(with_ties(parts[f"network.{role}"], expected))
    for player, optimizer in optimizers.items():
        optimizer.load_state(parts[f"optimizer.{player}"])
    for role, ema in emas.items():
        ema.load_state(parts[f"ema.{role}"])
    own = {} if rank is None else parts[f"objective@{rank}"]
    objective.load_state(Kept(parts["objective"], own))


def own_names(tensors: Mapping[str, Tensor]) -> list[str]:
    """Return what each process kept for itself in a checkpoint, by name."""
    split = (key.partition("/") for key in tensors)
    return sorted({name for part, _, name in split if part.startswith("objective@")})


def write_checkpoint(
    folder: Path, step: int, tensors: Mapping[str, Tensor], state: dict[str, Any]
) -> Path:
    """Write a checkpoint, once its tensors were found finite; else raise TrainingError."""
    bad = not_finite(tensors)
    if bad:
        raise TrainingError(f"no checkpoint was written at step {step}: {bad[0]} is not finite")
    target = path_at(folder, step)
    values = {"format": FORMAT, "step": step, **state}
    with folder_aside(target) as aside:
        write_tensors(aside / TENSORS, tensors, {"format": "pt"})
        values[DIGEST] = _digest(aside, values)
        write_text(aside / STATE, json.dumps(values, indent=1))
    return target


def _digest(path: Path, values: Mapping[str, Any]) -> str:
    """Hash the tensors of a checkpoint and its plain values."""
    with (path / TENSORS).open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32))
    digest.update(json.dumps(values, sort_keys=True).encode())
    return digest.hexdigest()


def read_checkpoint(path: Path) -> Loaded:
    """Read a checkpoint.

    Raises:
        DamagedError: It is not as it was written.
        RunError: It is too new, or cannot be read for now.
    """
    try:
        values = json.loads((path / STATE).read_text(encoding="utf-8"))
        digest = values.pop(DIGEST, None)
        if digest is None and values["format"] != 1:
            raise ValueError(f"{STATE} has no digest")
        # Even where there is none: safetensors calls a file that it cannot open a missing one.
        found = _digest(path, values)
        if digest is not None and digest != found:
            raise ValueError("its digest has changed since it was written")
        if values["format"] not in (1, FORMAT):
            raise RunError(
                f"the checkpoint {path} is of format {values['format']}, and this version of "
                f"ganzoo reads up to {FORMAT}; update ganzoo to resume"
            )
        CheckpointState.model_validate(values)
        return load_file(path / TENSORS), values
    except DAMAGED as error:
        raise DamagedError(f"the checkpoint {path} is damaged: {_reason(error)}") from error
    except OSError as error:
        raise RunError(
            f"the checkpoint {path} cannot be read ({_reason(error)}); nothing was changed, so try "
            "again once it can, or remove it to use the one before"
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{STATE} has no {error}"
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return brief(f"{STATE}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}")
    return brief(getattr(error, "strerror", None) or error)


def newest(folder: Path) -> tuple[Loaded | None, list[str]]:
    """Read the newest checkpoint that is not damaged, if there is one, with notes on others."""
    faults: list[str] = []
    for path in reversed(every(folder)):
        try:
            return read_checkpoint(path), [f"{fault}; the one before is used" for fault in faults]
        except DamagedError as error:
            faults.append(str(error))
    if faults:
        raise RunError(
            f"{faults[0]}; the run has no other usable checkpoint, so start a new run with: "
            f"ganzoo train {folder.parent / RUN_CONFIG}"
        )
    return None, []


def every(folder: Path) -> list[Path]:
    """Return the checkpoints of a run, oldest first; one of them may be damaged."""
    return sorted(filter(is_checkpoint, folder.iterdir())) if folder.is_dir() else []


def is_checkpoint(path: Path) -> bool:
    """Whether a path is a folder that is called as a checkpoint."""
    return path.name.startswith("step-") and path.name[5:].isdecimal() and path.is_dir()


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest checkpoints."""
    for path in every(folder)[:-keep]:
        shutil.rmtree(path)


def drop_after(folder: Path, step: int) -> None:
    """Remove the checkpoints of later steps, which were passed over as damaged."""
    for path in every(folder):
        if path > path_at(folder, step):
            shutil.rmtree(path)


def path_at(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step is kept."""
    return folder / f"step-{step:010d}"
