"""Checkpoints: everything that a run needs to go on, as safetensors and JSON.

A checkpoint is a folder that is written aside and renamed, so that one that has its name is whole.
"""

import json
import shutil
import uuid
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganzoo.errors import RunError, TrainingError
from ganzoo.training.ema import Ema
from ganzoo.training.objective import Objective
from ganzoo.training.optimizers import Optimizer
from ganzoo.weights.files import not_finite, once, with_ties, write_tensors, write_text

FORMAT = 1
TENSORS, STATE = "state.safetensors", "state.json"


def collect(
    objective: Objective, optimizers: Mapping[str, Optimizer], ema: Ema | None
) -> dict[str, Tensor]:
    """Return everything that changes in training, each tensor as ``part/name``."""
    parts: dict[str, Mapping[str, Tensor]] = {}
    for role, network in objective.networks.items():
        parts[f"network.{role}"] = once(network.state_dict(keep_vars=True))
        parts[f"optimizer.{role}"] = optimizers[role].state()
    parts["ema"] = {} if ema is None else ema.state()
    parts["objective"] = objective.state()
    return {f"{part}/{name}": t for part, group in parts.items() for name, t in group.items()}


def hand_out(
    tensors: Mapping[str, Tensor],
    objective: Objective,
    optimizers: Mapping[str, Optimizer],
    ema: Ema | None,
) -> None:
    """Take over what `collect` returned.

    Raises:
        KeyError: A part is missing.
        RuntimeError: A part does not fit.
    """
    parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in tensors.items():
        part, _, name = key.partition("/")
        parts[part][name] = tensor
    for role, network in objective.networks.items():
        expected = network.state_dict(keep_vars=True)
        network.load_state_dict(with_ties(parts[f"network.{role}"], expected))
        optimizers[role].load_state(parts[f"optimizer.{role}"])
    if ema is not None:
        ema.load_state(parts["ema"])
    objective.load_state(parts["objective"])


def save(folder: Path, step: int, tensors: Mapping[str, Tensor], state: dict[str, Any]) -> Path:
    """Write a checkpoint, once its tensors were found finite.

    Args:
        folder: The run's folder of checkpoints.
        step: Steps done.
        tensors: Everything that changes in training.
        state: What else is needed, as plain values.

    Raises:
        TrainingError: A tensor holds a number that is not finite; nothing is written.
    """
    bad = not_finite(tensors)
    if bad:
        raise TrainingError(f"no checkpoint is written at step {step}: {bad[0]} is not finite")
    folder.mkdir(parents=True, exist_ok=True)
    target = path_at(folder, step)
    aside = folder / f".writing-{uuid.uuid4().hex}"  # by mkdtemp only its owner could read it
    aside.mkdir()
    try:
        write_tensors(aside / TENSORS, tensors, {"format": "pt"})
        text = json.dumps({"format": FORMAT, "step": step, **state}, indent=1)
        write_text(aside / STATE, text)
        if target.exists():
            shutil.rmtree(target)
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint.

    Returns:
        Its tensors, on the CPU, and its plain values.

    Raises:
        RunError: It is damaged or of another format.
    """
    try:
        state = json.loads((path / STATE).read_text(encoding="utf-8"))
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise RunError(f"the checkpoint {path} is of another format than {FORMAT}")
        return load_file(path / TENSORS), state
    except (OSError, ValueError, SafetensorError) as error:
        raise RunError(
            f"the checkpoint {path} is damaged ({' '.join(str(error).split())}); remove it to go "
            "on from the one before"
        ) from error


def every(folder: Path) -> list[Path]:
    """Return the whole checkpoints of a run, oldest first."""
    return sorted(path for path in folder.glob("step-*") if (path / STATE).is_file())


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest checkpoints, and what a killed process left half-written."""
    for path in every(folder)[:-keep]:
        shutil.rmtree(path)
    for path in folder.glob(".writing-*"):
        shutil.rmtree(path, ignore_errors=True)


def path_at(folder: Path, step: int) -> Path:
    """Return where the checkpoint of a step is kept."""
    return folder / f"step-{step:010d}"
