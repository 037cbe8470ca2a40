"""What is written beside weights and checkpoints about how they came to be."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganzoo import registry
from ganzoo.about import __version__
from ganzoo.config import RunConfig, documents
from ganzoo.data.base import Dataset
from ganzoo.hardware import Hardware
from ganzoo.resolve import paths
from ganzoo.resolve.paths import dataset_name
from ganzoo.weights.description import BaseModel, DataFacts, Info
from ganzoo.weights.reference import Place, Repository, parse


def info_of(
    config: RunConfig,
    dataset: Dataset,
    hardware: Hardware,
    step: int,
    base: Mapping[str, Any] | None = None,
) -> Info:
    """Describe the networks of a run after a number of steps."""
    data = DataFacts(
        kind=dataset.kind,
        class_names=list(dataset.class_names) if config.architecture.num_classes else [],
        shift=list(dataset.shift),
        scale=list(dataset.scale),
        background=getattr(config.data, "background", dataset.background),
    )
    training = {
        "steps": step,
        "samples": step * config.training.batch_size,
        "data": paths.title_of(config.data),
        "data_fingerprint": dataset.fingerprint,
        "objective": config.objective.name,
        "loss": config.loss.name,
        "penalties": sorted(config.active_penalties),
        "augmentation": config.augmentation.name,
        "precision": hardware.precision,
        "processes": hardware.processes.world,
        "threads": torch.get_num_threads(),
        "seed": config.training.seed,
        "averaged": config.ema is not None,
        "torch": str(torch.__version__),
    }
    model = None
    if config.finetune is not None:
        special = {
            "frozen_stages": {role: n for role, n in config.finetune.freeze.items() if n},
            "warm_up_steps": config.finetune.warm_up,
            "partly_taken_over": (base or {}).get("partial", False),
        }
        training |= {name: value for name, value in special.items() if value}
        reference = public_reference(config.finetune.reference)
        model = BaseModel(repo=reference, sha=config.finetune.sha)
    return Info.of(config.architecture, data=data, training=training, base_model=model)


def public_reference(reference: str) -> str:
    """Name weights to strangers: a repository or a tag, or a folder without its place here."""
    found = parse(reference)
    if isinstance(found, Place):
        return f"./{Path(found.path).name}"
    return found.name if isinstance(found, Repository) else reference


def recipe_of(config: RunConfig, precision: str) -> str:
    """Write a run's config as a file that trains the same networks again.

    Files and folders are named without the place that they have on this machine, whatever the
    field: a path is recognised by its beginning.
    """
    values = config.model_dump(mode="json")
    values["training"]["precision"] = precision
    named: dict[str, Any] = _without_places(values)
    return documents.dump_yaml(named)


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_places(item) for item in value]
    placed = isinstance(value, str) and (
        os.path.isabs(value) or value.startswith(("./", "../", "~/"))
    )
    return f"./{Path(value).name}" if placed else value


def circumstances(config: RunConfig, hardware: Hardware, fingerprint: str) -> dict[str, Any]:
    """Return what a checkpoint says of how it was computed, on which data."""
    return {
        "ganzoo": __version__,
        "torch": str(torch.__version__),
        "plugins": plugins_of(config),
        "data": fingerprint,
        "processes": hardware.processes.world,
        "threads": torch.get_num_threads(),
        "config": config.model_dump(mode="json"),
    }


def plugins_of(config: RunConfig) -> dict[str, str]:
    """Tell which distribution, in which version, supplies each plugin of a run."""
    used = [
        ("architectures", config.architecture.name),
        ("objectives", config.objective.name),
        ("losses", config.loss.name),
        *(("penalties", penalty.name) for penalty in config.active_penalties.values()),
        ("augmentations", config.augmentation.name),
        ("datasets", dataset_name(config.data.source)),
    ]
    origins = {name: registry.provenance(group, name) for group, name in used}
    return {name: f"{o['distribution']} {o['version']}" for name, o in origins.items()}
