"""What is written beside weights and checkpoints about how they came to be."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganzoo import registry
from ganzoo.config import RunConfig, files
from ganzoo.data.base import Dataset
from ganzoo.hardware import Hardware
from ganzoo.hub.reference import Place, Repository, is_path, parse
from ganzoo.resolve import paths
from ganzoo.resolve.paths import dataset_name
from ganzoo.weights.info import BaseModel, DataFacts, Info


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
    )
    training = {
        "steps": step,
        "samples": step * config.training.batch_size,
        "data": paths.public_name(config.data.source),
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
    if config.base is not None:
        special = {
            "frozen_discriminator_stages": config.base.freeze_discriminator,
            "frozen_generator_stages": config.base.freeze_generator,
            "warm_up_steps": config.base.warm_up,
            "partly_taken_over": (base or {}).get("partial", False),
        }
        training |= {name: value for name, value in special.items() if value}
        model = BaseModel(repo=public_name(config.base.reference), sha=config.base.sha)
    return Info.of(config.architecture, data=data, training=training, base_model=model)


def public_name(reference: str) -> str:
    """Name weights to strangers: a repository or a tag, or a folder without its place here."""
    found = parse(reference)
    if isinstance(found, Place):
        return f"./{Path(found.path).name}"
    return found.name if isinstance(found, Repository) else reference


def recipe_of(config: RunConfig, precision: str) -> str:
    """Write a run's config as a file that trains the same networks again.

    What lies on this machine, as the folder of a run's own images, is named without its place.
    """
    values = config.model_dump(mode="json")
    values["training"]["precision"] = precision
    data = values["data"]
    for field in config.data.PLACES:
        if data[field] is not None and paths.is_path(data[field]):
            data[field] = f"./{Path(data[field]).name}"
    if config.base is not None and is_path(config.base.reference):
        values["base"]["reference"] = public_name(config.base.reference)
    return files.dump_yaml(values)


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
