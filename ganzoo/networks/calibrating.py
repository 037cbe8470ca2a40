"""The batch-norm statistics of a network, estimated anew from what it is given."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.errors import RequestError
from ganzoo.numbers import whole_number
from ganzoo.randomness import TURN, checked_seed, isolated, seed_for
from ganzoo.weights.description import Calibration

if TYPE_CHECKING:
    from ganzoo.networks.generator import Generator

    AnyGenerator = TypeVar("AnyGenerator", bound=Generator)


def norms_with_statistics(network: nn.Module) -> list[_BatchNorm]:
    """Return the batch norms that keep running statistics."""
    return [m for m in network.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]


@torch.no_grad()
def estimate_statistics(network: nn.Module, passes: Iterable[object]) -> None:
    """Make each batch norm's statistics the plain means of those of some passes, in place.

    A mean and an unbiased variance are taken for each channel and pass, and averaged over the
    passes. All but the batch norms stays in the mode in which it is.

    Source: Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019,
    appendix on standing statistics.

    Args:
        network: The network.
        passes: What makes one pass of the network for each of its items, as it is iterated over.
    """
    norms = norms_with_statistics(network)
    if not norms:
        return
    kept = [(norm.momentum, norm.training) for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
        norm.train()
    for _ in passes:
        pass
    for norm, (momentum, training) in zip(norms, kept, strict=True):
        norm.momentum = momentum
        norm.train(training)


def calibrated(
    generator: AnyGenerator, truncation: float | None, samples: int, batch_size: int, seed: int
) -> AnyGenerator:
    """Do what `Generator.calibrate` says."""
    name = generator.config.name
    samples = whole_number("samples", samples, 2)
    batch_size = whole_number("batch_size", batch_size, 2)
    truncation = generator.checked_truncation(truncation)
    if hasattr(generator.module, "at_truncation"):
        raise RequestError(
            f"this {name} has statistics for each truncation; sample with truncation, without "
            "calibrating it"
        )
    if not norms_with_statistics(generator.module):
        raise RequestError(
            f"this {name} has no batch norm with statistics, so that samples of every truncation "
            "are as they should be; there is nothing to calibrate"
        )
    if samples % batch_size:
        raise RequestError(
            f"samples is {samples}, which batches of {batch_size} do not divide; ask for "
            f"{max(1, round(samples / batch_size)) * batch_size}, or change batch_size"
        )
    seed = checked_seed(seed)
    facts = Calibration(truncation=truncation, samples=samples, batch_size=batch_size, seed=seed)
    # Scores were measured with the statistics that it had.
    info = generator.info.model_copy(update={"calibration": facts, "scores": []})
    made = type(generator)(copy.deepcopy(generator.module), info, role=generator.role).eval()
    with TURN:
        estimate_statistics(made.module, _passes(made, facts))
    return made


def _passes(generator: Generator, facts: Calibration) -> Iterator[None]:
    """Make truncated samples of classes that are drawn uniformly, batch by batch."""
    latents = generator._latents(facts.samples, facts.seed, facts.truncation)
    classes = generator._classes(facts.samples, facts.seed, None)
    device = generator.device
    for start in range(0, facts.samples, facts.batch_size):
        rows = slice(start, start + facts.batch_size)
        given = None if classes is None else classes[rows].to(device)
        with isolated(device, seed_for(facts.seed, "calibration", start)):
            generator.truncated(latents[rows].to(device), given, facts.truncation)
        yield
