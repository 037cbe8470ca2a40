"""Moving the pixels of a batch, each image in a way of its own, by one resampling."""

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.randomness import Draws

Happening = dict[str, Tensor]
"""By the name of a change the rows that undergo it, ``(N,)``; without those that are off."""


def grid_of(height: int, width: int, happening: Happening, draws: Draws) -> Tensor:
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
        Places ``(N, height, width, 2)`` as (x, y), from -1 at one edge to 1 at the other.
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

    back = _rotation(-math.pi * amount("turn after", 2 * after - 1))
    back = _column(1 / longer, longer) * back
    back = _product(_rotation(-math.pi * amount("turn before", 2 * before - 1)), back)
    back = back / size[:, None, None]
    offset = -_product(back, _column(slide_x, slide_y)) - _column(shift_x, shift_y)
    blit = _column(flip, torch.ones_like(flip)) * _rotation(-quarters).round()
    back, offset = _product(blit, back)[:, :, None, None], _product(blit, offset)[:, :, None]

    x, y = (torch.arange(n, dtype=draws.dtype, device=draws.device) for n in (width, height))
    x, y = x - (width - 1) / 2, (y - (height - 1) / 2)[:, None]
    taken_x, taken_y = (
        back[:, i, :, :, 0] * x + back[:, i, :, :, 1] * y + offset[:, i] for i in (0, 1)
    )
    return torch.stack([taken_x * (2 / width), taken_y * (2 / height)], dim=-1)


def resampled(samples: Tensor, grid: Tensor) -> Tensor:
    """Take pixels from between others, bilinearly; beyond an edge the image is mirrored.

    Args:
        samples: ``(N, C, H, W)``.
        grid: ``(N, H, W, 2)``, places as (x, y), from -1 at one edge to 1 at the other.
    """
    if not torch.are_deterministic_algorithms_enabled():
        return F.grid_sample(samples, grid, padding_mode="reflection", align_corners=False)
    # The gradient of grid_sample is not deterministic on GPUs; that of gather is, where asked for.
    height, width = samples.shape[2:]
    x, y = ((grid[..., i] + 1) * side / 2 - 0.5 for i, side in enumerate((width, height)))
    left, top = x.floor(), y.floor()
    pixels, result = samples.flatten(2), torch.zeros_like(samples)
    for right, down in itertools.product((0, 1), (0, 1)):
        column = _mirrored(left.long() + right, width)
        row = _mirrored(top.long() + down, height)
        index = (row * width + column).flatten(1)[:, None].expand(-1, samples.shape[1], -1)
        share = (1 - (x - left - right).abs()) * (1 - (y - top - down).abs())
        result = result + share[:, None] * pixels.gather(2, index).view_as(samples)
    return result


def _mirrored(place: Tensor, side: int) -> Tensor:
    """Bring positions beyond an edge back inside, as by mirrors at both."""
    place = place.remainder(2 * side)
    return torch.minimum(place, 2 * side - 1 - place)


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
