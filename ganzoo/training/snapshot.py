"""The generator to use, made from a network in training and its moving average."""

import copy
from collections.abc import Mapping

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.networks.generator import Generator
from ganzoo.objectives.base import Objective
from ganzoo.randomness import isolated, seed_for
from ganzoo.training.ema import Ema
from ganzoo.weights.info import Info

STATISTICS_BATCHES = 16
"""Batches from which the averaged generator's batch-norm statistics are estimated."""


def usable_generator(objective: Objective, emas: Mapping[str, Ema], info: Info) -> Generator:
    """Copy the default maker as it is now, in evaluation mode, with statistics of its own."""
    role = objective.architecture.makers[0]
    clone = copy.deepcopy(objective.networks[role]).eval()
    if role in emas:
        emas[role].apply_to(clone)
        _estimate_statistics(clone, role, objective)
    return Generator(clone, info)


@torch.no_grad()
def _estimate_statistics(network: nn.Module, role: str, objective: Objective) -> None:
    """Estimate them anew, as what was gathered in training does not hold for averaged weights."""
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
        norm.train()
    device = next(network.parameters()).device
    with isolated(device, seed_for("statistics")):
        for index in range(STATISTICS_BATCHES):
            network(**objective.inputs(role, index, "statistics"))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
