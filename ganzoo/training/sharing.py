"""What sharing a run among processes asks of its config, and what it changes."""

import json
from collections.abc import Mapping

import torch
from torch import nn

from ganzoo import distribution, registry
from ganzoo.about import __version__
from ganzoo.config import RunConfig
from ganzoo.distribution import Processes
from ganzoo.errors import ConfigError
from ganzoo.hardware import Hardware
from ganzoo.spec import Architecture
from ganzoo.training.facts import plugins_of


def check_split(config: RunConfig, processes: Processes) -> None:
    """Check that every process gets equal parts of every batch; else raise ConfigError."""
    parts = config.training.accumulate
    for name, batch in config.batches.items():
        if batch % (processes.world * parts):
            raise ConfigError(
                f"{name}: {batch} does not divide by {processes.world} processes x accumulate "
                f"{parts}; change one of them"
            )


def begin_alike(
    config: RunConfig, hardware: Hardware, fingerprint: str, networks: Mapping[str, nn.Module]
) -> list[str]:
    """Begin with the same networks in all processes (RunError); return notes on it."""
    processes = hardware.processes
    if processes.alone:
        return []
    # Which may differ between the machines of a run, as folders lie where they do.
    places = {"data": {*config.data.PLACES}, "finetune": {"reference"}}
    facts = {
        "config": json.dumps(config.model_dump(mode="json", exclude=places)),
        "data": fingerprint,
        "precision": hardware.precision,
        "versions": json.dumps([__version__, str(torch.__version__), plugins_of(config)]),
    }
    distribution.check_agreement(processes, facts)
    for network in networks.values():
        distribution.broadcast(processes, network.state_dict().values())
    return _notes(config, processes, networks)


def _notes(config: RunConfig, processes: Processes, networks: Mapping[str, nn.Module]) -> list[str]:
    """Say in sentences how batches are split, and where the result depends on that."""
    training, world = config.training, processes.world
    part = training.batch_size // world
    told = [f"{world} processes share every batch of {training.batch_size}: {part} samples each"]
    architecture = config.architecture
    traits = registry.get(Architecture, architecture.name).traits(architecture)
    for role, coupling in traits.coupling.items():
        if coupling == "batch":
            told.append(
                f"the batch norm of the {role} sees only the {part // training.accumulate} samples "
                "of its own process at a time, so the result depends on the number of processes"
            )
        elif coupling == "groups":
            told.append(
                f"the {role} couples samples in groups; if a process's samples do not divide into "
                "whole groups, the result depends on the number of processes"
            )
    modules = [module for network in networks.values() for module in network.modules()]
    if any(isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0 for m in modules):
        told.append("each process draws its own dropout")
    return told
