"""What is written beside weights and checkpoints about how they came to be."""

from pathlib import Path

import torch

from ganzoo import registry
from ganzoo.config import RunConfig
from ganzoo.data.base import Dataset
from ganzoo.resolve.check import dataset_name
from ganzoo.weights.info import DataFacts, Info


def info_of(config: RunConfig, dataset: Dataset, precision: str, step: int) -> Info:
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
        # A path would tell strangers about this machine.
        "data": Path(config.data.source).name,
        "data_fingerprint": dataset.fingerprint,
        "loss": config.loss.name,
        "penalties": sorted(config.active_penalties),
        "precision": precision,
        "seed": config.training.seed,
        "averaged": config.ema is not None,
        "torch": str(torch.__version__),
    }
    return Info.of(config.architecture, data=data, training=training)


def plugins_of(config: RunConfig) -> dict[str, str]:
    """Tell which distribution, in which version, supplies each plugin of a run."""
    used = [
        ("architectures", config.architecture.name),
        ("losses", config.loss.name),
        *(("penalties", name) for name in config.active_penalties),
        ("datasets", dataset_name(config.data.source)),
    ]
    origins = {name: registry.provenance(group, name) for group, name in used}
    return {name: f"{o['distribution']} {o['version']}" for name, o in origins.items()}
