"""Batch-norm statistics for each truncation, as the published BigGAN-deep has them."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganzoo_biggan.config import MEANS, VARIANCES


def keep_statistics(network: nn.Module, rows: int) -> None:
    """Give every batch norm of a network statistics for so many truncations."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.register_buffer(MEANS, torch.zeros(rows, norm.num_features))
            norm.register_buffer(VARIANCES, torch.ones(rows, norm.num_features))


@contextmanager
def at_truncation(network: nn.Module, truncation: float, *, swapped: bool) -> Iterator[None]:
    """Let a network's norms use the statistics of a truncation, and put back those that they had.

    Rows say by how much statistics differ from those of the last, which is without truncation, so
    that they hold for a network that was trained further, too.

    Args:
        network: Its norms have the buffers of `keep_statistics`.
        truncation: From 0 to 1.
        swapped: Whether the weights of both neighbours are swapped, as published.
    """
    norms = [norm for norm in network.modules() if hasattr(norm, MEANS)]
    before = [(norm.running_mean, norm.running_var) for norm in norms]
    for norm in norms:
        means, variances = getattr(norm, MEANS), getattr(norm, VARIANCES)
        norm.running_mean = norm.running_mean + (_row(means, truncation, swapped) - means[-1])
        norm.running_var = norm.running_var * (_row(variances, truncation, swapped) / variances[-1])
    try:
        yield
    finally:
        for norm, (mean, variance) in zip(norms, before, strict=True):
            norm.running_mean, norm.running_var = mean, variance


def _row(rows: Tensor, truncation: float, swapped: bool) -> Tensor:
    """Interpolate between the rows of the two nearest truncations."""
    # The quotient of floats, whose rounding errors belong to what was published.
    share, index = math.modf(truncation / (1.0 / (len(rows) - 1)))
    lower = int(index)
    if share == 0:
        return rows[lower]
    upper = min(lower + 1, len(rows) - 1)
    return torch.lerp(rows[lower], rows[upper], 1 - share if swapped else share)
