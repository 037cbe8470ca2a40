"""Counting modes: how points of a generator spread over the centres of a mixture."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RADIUS = 3
"""A sample within so many standard deviations of a centre is of high quality: 98.9% of the data."""

SHARE = 0.1
"""A mode is covered if samples of high quality make up so much of its fair share of all samples (an
eighth, a twenty-fifth). Points spread evenly over the square of the data leave at most a
few hundredths of it."""


@dataclass(frozen=True)
class Spread:
    """How samples spread over modes.

    Attributes:
        modes: Modes that are covered.
        quality: The share of samples that are of high quality, in [0, 1].
        divergence: Kullback-Leibler divergence of the shares that modes have in the samples of high
            quality from equal ones, in nats; that of a single mode, which is the most there is,
            where there are no such samples.
    """

    modes: int
    quality: float
    divergence: float


def count(
    points: NDArray[np.float32], centres: NDArray[np.float32], std: float
) -> NDArray[np.int64]:
    """Count the points of high quality at each mode.

    Args:
        points: ``(N, 2)``.
        centres: ``(modes, 2)``.
        std: Standard deviation of the data about a centre.

    Returns:
        ``(modes,)``.
    """
    distances = np.linalg.norm(points[:, None] - centres, axis=2)
    good = distances.min(axis=1) <= RADIUS * std
    return np.bincount(distances.argmin(axis=1)[good], minlength=len(centres))


def covered(counts: NDArray[np.int64], samples: int) -> int:
    """Return the number of modes that are covered.

    Args:
        counts: ``(modes,)``, of high quality.
        samples: Of any quality.
    """
    return int((counts >= SHARE * samples / len(counts)).sum())


def spread(counts: NDArray[np.int64], samples: int) -> Spread:
    """Tell how samples spread over modes; takes what `covered` does."""
    shares = counts[counts > 0] / max(counts.sum(), 1)
    apart = math.log(len(counts)) + float((shares * np.log(shares)).sum())
    return Spread(covered(counts, samples), float(counts.sum() / samples), max(apart, 0.0))
