"""What is written beside weights and checkpoints about how they came to be."""

from pathlib import Path

import torch

from ganzoo import registry
from ganzoo.config import RunConfig, files
from ganzoo.data.base import Dataset
from ganzoo.resolve.check import dataset_name
from ganzoo.training.hardware import Hardware
from ganzoo.weights.info import DataFacts, Info


def info_of(config: RunConfig, dataset: Dataset, hardware: Hardware, step: int) -> Info:
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
        "data": Path(config.data.source).name,  # a path would tell strangers about this machine
        "data_fingerprint": dataset.fingerprint,
        "loss": config.loss.name,
        "penalties": sorted(config.active_penalties),
        "precision": hardware.precision,
        "processes": hardware.processes.world,
        "threads": torch.get_num_threads(),
        "seed": config.training.seed,
        "averaged": config.ema is not None,
        "torch": str(torch.__version__),
    }
    return Info.of(config.architecture, data=data, training=training)


def recipe_of(config: RunConfig, precision: str) -> str:
    """Write a run's config as a file that trains the same networks again.

    The folder of a run's own pictures is named without the place that it has on this machine.
    """
    values = config.model_dump(mode="json")
    values["training"]["precision"] = precision
    source = config.data.source
    if dataset_name(source) != source:
        values["data"]["source"] = f"./{Path(source).name}"
    return files.dump_yaml(values)


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
