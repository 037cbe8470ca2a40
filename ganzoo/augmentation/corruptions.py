"""Changes of an image that are neither moves nor colours."""

import torch
from torch import Tensor

from ganzoo.augmentation.geometry import Happening
from ganzoo.augmentation.warping import constants, mirrored
from ganzoo.layers import upfirdn
from ganzoo.randomness import Draws

LOW = (-1 / 32, 0, 9 / 32, 16 / 32, 9 / 32, 0, -1 / 32)
"""Taps that keep the lower half of all frequencies: those of symlet 2 times their mirror image."""

POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""The part that each band has in an image's power, from low to high frequencies."""

BANDS = tuple(f"band {i}" for i in range(len(POWER)))
"""The changes of `amplified`."""

NOISE = 0.1
"""The root of the mean square of the strength of noise."""

CUT = 1 / 2
"""The sides of what is blanked, as a part of those of the image."""


def amplified(samples: Tensor, happening: Happening, draws: Draws) -> Tensor:
    """Amplify or damp each of four bands of frequencies, an octave each above the lowest.

    The expected power of an image stays: what one band gains the others lose.

    Args:
        samples: ``(N, C, H, W)``.
        happening: Which rows undergo what.
        draws: By how much.
    """
    happens = torch.stack([happening[name] for name in BANDS], dim=1)
    factors = torch.exp2(torch.where(happens, draws.normal("bands", len(BANDS)), 0.0))
    # One row of gains for each change, which are all applied.
    gains = torch.where(torch.eye(len(BANDS), device=factors.device) > 0, factors[:, :, None], 1.0)
    power = constants(POWER, factors)
    gains = (gains / (power * gains.square()).sum(dim=2, keepdim=True).sqrt()).prod(dim=1)
    rows, columns = (
        (gains[:, :, None, None] * bands(side, samples)).sum(dim=1)[:, None]
        for side in samples.shape[2:]
    )
    result = rows.mT @ samples @ columns
    return torch.where(happens.any(dim=1)[:, None, None, None], result, samples)


def bands(side: int, like: Tensor) -> Tensor:
    """Return matrices ``(4, side, side)`` that keep one band of rows each; their sum is 1."""
    whole = torch.eye(side, dtype=like.dtype, device=like.device)
    result, rest = [], whole
    for step in (1, 2, 4):
        low = _low(side, step, like)
        result.append(rest @ (whole - low))
        rest = rest @ low
    return torch.stack([rest, *reversed(result)])


def noisy(samples: Tensor, happening: Happening, draws: Draws) -> Tensor:
    """Add white noise whose strength is half-normal.

    Args:
        samples: ``(N, C, H, W)``.
        happening: Which rows undergo it.
        draws: How much, and the noise.
    """
    strength = NOISE * draws.normal("strength").abs() * happening["noise"]
    return samples + strength[:, None, None, None] * draws.normal("noise", *samples.shape[1:])


def blanked(samples: Tensor, happening: Happening, draws: Draws) -> Tensor:
    """Set a rectangle to 0 whose centre may be anywhere, so that a part of it may be outside.

    Args:
        samples: ``(N, C, H, W)``.
        happening: Which rows undergo it.
        draws: Where.
    """
    right, down = draws.uniform("cutout", 2).unbind(1)
    rows, columns = (
        (_middles(side, samples) - centre[:, None]).abs() < CUT / 2
        for side, centre in zip(samples.shape[2:], (down, right), strict=True)
    )
    covered = rows[:, :, None] & columns[:, None] & happening["cutout"][:, None, None]
    return samples.masked_fill(covered[:, None], 0)


def _low(side: int, step: int, like: Tensor) -> Tensor:
    """Return the matrix that filters rows by `LOW`, with its taps `step` pixels apart."""
    taps = like.new_zeros(1, step * (len(LOW) - 1) + 1)
    taps[0, ::step] = constants(LOW, like)
    return upfirdn(mirrored(side, step * (len(LOW) // 2), like)[None, None], taps)[0, 0]


def _middles(side: int, like: Tensor) -> Tensor:
    """Return where pixels lie, from 0 at one edge to 1 at the other."""
    return (torch.arange(side, dtype=like.dtype, device=like.device) + 0.5) / side
