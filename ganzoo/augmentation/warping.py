"""Resampling without aliasing, each image in a way of its own.

What is done along one axis is a product with a matrix: pixels are mirrored at the edges, and
filtered, all at once. For the sizes of images this is faster than to convolve them. Where TF32 is
allowed these products are rounded as those of networks are.
"""

import functools
import itertools

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.layers import upfirdn

SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
"""Low-pass taps of the wavelet symlet 6, whose squares sum to 1.

Source: Daubechies, Ten Lectures on Wavelets, 1992, section 8.1.
"""

SUPPORT = 3
"""As far around a place, in pixels, its value depends on others."""

PART = 2**22
"""Numbers in an enlarged batch, above which it no longer fits into the caches of CPUs."""


def resampled(samples: Tensor, back: Tensor, offset: Tensor) -> Tensor:
    """Take pixels from between others; beyond an edge the image is mirrored.

    Images are mirrored, by their size less a pixel at most, enlarged to twice their size, sampled
    bilinearly at twice the places of the result, and reduced to their size.

    Args:
        samples: ``(N, C, H, W)``.
        back: ``(N, 2, 2)``, matrices from a place (x, y) of the result to one of the sample, in
            pixels from the centre.
        offset: ``(N, 2)``, added to it.

    Source: Karras et al., Training Generative Adversarial Networks with Limited Data, 2020,
    appendix B.
    """
    height, width = sides = samples.shape[2:]
    rows, columns = (
        _enlarging(side, margin, samples)
        for side, margin in zip(sides, _margins(sides, back, offset), strict=True)
    )
    canvas = rows.T @ (samples @ columns)
    x, y = (_places(side, samples) for side in (width, height))
    taken_x, taken_y = (
        back[:, i, :1, None] * x + back[:, i, 1:, None] * y[:, None] + offset[:, i, None, None]
        for i in (0, 1)
    )
    # In the canvas a pixel stands a quarter of its width left of its own centre, and above it.
    taken = _sampled(
        canvas, (taken_x - 1 / 4) * 4 / canvas.shape[3], (taken_y - 1 / 4) * 4 / canvas.shape[2]
    )
    return _reducing(height, samples).T @ (taken @ _reducing(width, samples))


def parts_of(samples: Tensor, back: Tensor, offset: Tensor) -> tuple[Tensor, ...]:
    """Split a batch, whose numbers are at hand, into parts that are fast to resample.

    Args:
        samples: ``(N, C, H, W)``.
        back: As `resampled` takes it.
        offset: Likewise.

    Returns:
        Rows, from those that need the least margins to those that need the widest.
    """
    channels, height, width = samples.shape[1:]
    down, right = _margins(samples.shape[2:], back, offset)
    each = 4 * channels * (height + 2 * down) * (width + 2 * right)
    beyond = _beyond(samples.shape[2:], back, offset).amax(dim=1)
    return torch.split(beyond.argsort(stable=True), max(1, PART // each))


def at_hand(values: Tensor) -> bool:
    """Whether values can be looked at without waiting for the device that computes them."""
    return values.device.type == "cpu"


def mirrored(side: int, margin: int, like: Tensor) -> Tensor:
    """Return the matrix ``(side, side + 2 margin)`` that mirrors pixels at both edges.

    The pixels at the edges are not repeated.
    """
    places = torch.arange(-margin, side + margin, device=like.device)
    places = places.remainder(max(1, 2 * (side - 1)))
    places = torch.minimum(places, 2 * (side - 1) - places)
    return torch.eye(side, dtype=like.dtype, device=like.device)[:, places]


def constants(numbers: tuple[float, ...], like: Tensor) -> Tensor:
    """Return numbers as a tensor, kept: to copy them to a device is to wait for it."""
    return _constants(numbers, like.dtype, like.device)


@functools.cache
def _constants(numbers: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # whose tensors could not be differentiated later
        return torch.tensor(numbers, dtype=dtype, device=device)


def _margins(sides: torch.Size, back: Tensor, offset: Tensor) -> tuple[int, int]:
    """Return the least margins that hold all that is taken, or the widest: a side less 1.

    What lies beyond the widest is 0. They give the same result as the least ones at several times
    the cost, but without waiting for a device.

    Returns:
        Rows at the top and at the bottom, and columns at the left and at the right.
    """
    height, width = sides
    if not at_hand(back):
        return height - 1, width - 1
    right, down = _beyond(sides, back, offset).amax(dim=0).ceil().int().clamp(min=0).tolist()
    return min(down, height - 1), min(right, width - 1)


def _beyond(sides: torch.Size, back: Tensor, offset: Tensor) -> Tensor:
    """Find how far beyond its edges pixels of each image are needed, ``(N, 2)`` as (x, y)."""
    height, width = sides
    far = torch.stack([_places(side, back)[-1] for side in (width, height)])
    edges = back.new_tensor([(width - 1) / 2, (height - 1) / 2])
    return (back.abs() * far).sum(dim=2) + offset.abs() + SUPPORT - edges


def _places(side: int, like: Tensor) -> Tensor:
    """Where an enlarged result is sampled, ``(2 side + 10,)``, in its pixels from its centre.

    Of the 12 taps the sixth is the middle, so a pixel stands at every other of these places.
    """
    first = len(SYM6) // 2 - 1
    places = torch.arange(-first, 2 * side + first, dtype=like.dtype, device=like.device)
    return places / 2 - (side - 1) / 2


def _enlarging(side: int, margin: int, like: Tensor) -> Tensor:
    """Return the matrix ``(side, 2 side + 4 margin)`` that mirrors pixels, and enlarges them."""
    pad = len(SYM6) // 2
    return _spread(mirrored(side, margin, like), (pad, pad - 1), gain=2)


def _reducing(side: int, like: Tensor) -> Tensor:
    """Return the matrix ``(2 side + 10, side)`` that reduces pixels by the mirrored filter."""
    pad = len(SYM6) - 1
    return _spread(mirrored(side, 0, like), (pad, pad - 1), gain=1).T


def _spread(rows: Tensor, padding: tuple[int, int], gain: float) -> Tensor:
    """Filter each row, with zeros between its numbers."""
    taps = constants(SYM6, rows)
    taps = (taps / taps.sum())[None]
    return upfirdn(rows[None, None], taps, up=2, padding=(*padding, 0, 0), gain=gain)[0, 0, ::2]


def _sampled(canvas: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Take values from between others, bilinearly; outside all are 0.

    Args:
        canvas: ``(N, C, H, W)``.
        x: ``(N, h, w)``, from -1 at the left edge to 1 at the right.
        y: ``(N, h, w)``, from -1 at the upper edge to 1 at the lower.

    Returns:
        ``(N, C, h, w)``.
    """
    if not torch.are_deterministic_algorithms_enabled():
        return F.grid_sample(canvas, torch.stack([x, y], dim=-1), align_corners=False)
    # The gradient of grid_sample is not deterministic on GPUs; that of gather is, where asked for.
    channels, height, width = canvas.shape[1:]
    x, y = ((x + 1) * width - 1) / 2, ((y + 1) * height - 1) / 2
    left, top = x.floor(), y.floor()
    values, result = canvas.flatten(2), torch.zeros_like(x)[:, None]
    for right, down in itertools.product((0, 1), (0, 1)):
        column, row = left + right, top + down
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        share = inside * (1 - (x - column).abs()) * (1 - (y - row).abs())
        index = row.long().clamp(0, height - 1) * width + column.long().clamp(0, width - 1)
        found = values.gather(2, index.flatten(1)[:, None].expand(-1, channels, -1))
        result = result + share[:, None] * found.view(*found.shape[:2], *index.shape[1:])
    return result
