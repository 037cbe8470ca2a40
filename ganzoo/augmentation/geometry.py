"""Moving the pixels of a batch, each image in a way of its own."""

import math

import torch
from torch import Tensor

from ganzoo.randomness import Draws

Happening = dict[str, Tensor]
"""By the name of a change the rows that undergo it, ``(N,)``; without those that are off."""


def ways_back(height: int, width: int, happening: Happening, draws: Draws) -> tuple[Tensor, Tensor]:
    """Find from where each pixel is taken.

    An image is mirrored, turned by quarters, shifted, scaled, turned, stretched, turned again and
    slid, in this order; a pixel's way back is the inverse, from the last to the first. Places are
    counted in pixels from the centre, so that turns are turns in images that are not square too.

    Args:
        height: Of the images.
        width: Likewise.
        happening: Which rows undergo what.
        draws: By how much.

    Returns:
        Matrices ``(N, 2, 2)`` and offsets ``(N, 2)``: a pixel at (x, y), counted from the centre,
        is taken from the matrix times (x, y) plus the offset.
    """
    mirror, quarter, right, down, before, after = draws.uniform("moves", 6).unbind(1)
    scale, stretch, slide_right, slide_down = draws.normal("moves", 4).unbind(1)
    neutral = torch.zeros_like(scale)

    def amount(name: str, value: Tensor) -> Tensor:
        return torch.where(happening[name], value, neutral) if name in happening else neutral

    flip = 1 - 2 * amount("flip", (2 * mirror).floor())
    # By one or three quarters only a square covers its own place again.
    turns = (4 * quarter).floor() if width == height else 2 * (2 * quarter).floor()
    quarters = amount("quarters", turns) * (math.pi / 2)
    shift_x = amount("shift", ((2 * right - 1) * width / 8).round())
    shift_y = amount("shift", ((2 * down - 1) * height / 8).round())
    size = torch.exp2(0.2 * amount("scale", scale))
    longer = torch.exp2(0.2 * amount("stretch", stretch))
    slide_x = amount("slide", slide_right) * width / 8
    slide_y = amount("slide", slide_down) * height / 8

    back = _rotation(math.pi * amount("turn after", 2 * after - 1))
    back = _column(1 / longer, longer) * back
    back = _product(_rotation(math.pi * amount("turn before", 2 * before - 1)), back)
    back = back / size[:, None, None]
    offset = -_product(back, _column(slide_x, slide_y)) - _column(shift_x, shift_y)
    blit = _column(flip, torch.ones_like(flip)) * _rotation(quarters).round()
    return _product(blit, back), _product(blit, offset)[:, :, 0]


def _rotation(angle: Tensor) -> Tensor:
    """Return matrices ``(N, 2, 2)`` of turns by angles ``(N,)``."""
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos, -sin, sin, cos], dim=1).view(-1, 2, 2)


def _column(x: Tensor, y: Tensor) -> Tensor:
    """Return vectors ``(N, 2, 1)``; times a matrix they scale its rows."""
    return torch.stack([x, y], dim=1)[:, :, None]


def _product(one: Tensor, other: Tensor) -> Tensor:
    """Multiply small matrices: ``(N, 2, 2)`` with ``(N, 2, K)``.

    Unlike `torch.matmul` it keeps full precision where TF32 is allowed.
    """
    return (one[:, :, :, None] * other[:, None]).sum(dim=2)
