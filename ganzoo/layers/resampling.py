"""A convolution and what changes the size of maps beside it, as one convolution of half the work.

Means of places and nearest neighbours are convolutions themselves, so that both together are one:
of a kernel that is the mean, or the sum, of the weight shifted by no and by one place. Up to
rounding the result is the same, at the borders too. A 3x3 convolution takes 36 products for each
two by two places of the larger map, and the 4x4 convolution in its stead 16.
"""

import torch.nn.functional as F
from torch import Tensor, nn


def conv_then_pool(conv: nn.Conv2d, maps: Tensor) -> Tensor:
    """Return ``avg_pool2d(conv(maps), 2)``.

    Args:
        conv: 3x3, with a padding of 1.
        maps: ``(N, C, H, W)`` of even height and width.

    Returns:
        ``(N, outputs, H / 2, W / 2)``.
    """
    return F.conv2d(maps, _mean(conv.weight), conv.bias, stride=2, padding=1)


def upsample_then_conv(maps: Tensor, conv: nn.Conv2d) -> Tensor:
    """Return ``conv(interpolate(maps, scale_factor=2))``, with nearest neighbours.

    Args:
        maps: ``(N, C, H, W)``.
        conv: 3x3, with a padding of 1.

    Returns:
        ``(N, outputs, 2H, 2W)``.
    """
    weight = 4 * _mean(conv.weight.transpose(0, 1).flip(2, 3))
    return F.conv_transpose2d(maps, weight, conv.bias, stride=2, padding=1)


def _mean(weight: Tensor) -> Tensor:
    """The mean of a weight ``(..., 3, 3)`` at its four shifts in ``(..., 4, 4)``."""
    return F.avg_pool2d(F.pad(weight, (1, 1, 1, 1)), 2, stride=1)
