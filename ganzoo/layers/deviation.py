"""What a critic is shown of how much samples of a batch differ."""

import torch
from torch import Tensor


def with_deviation(maps: Tensor, size: int, *, count: int = 1, neighbours: bool = False) -> Tensor:
    """Add maps of the standard deviation within groups of samples.

    Of each group, √(variance + 1e-8) is taken at every place and averaged over places and
    channels; it fills a map that all samples of the group get.

    Source: Karras et al., Progressive Growing of GANs, 2018, section 3; groups as in Karras et al.,
    Analyzing and Improving the Image Quality of StyleGAN, 2020.

    Args:
        maps: ``(N, C, H, W)``.
        size: Samples of a group; the largest divisor of N below it, where it does not divide N.
        count: Maps that are added, each of its share of the channels.
        neighbours: Whether groups are of samples side by side. The published groups are samples at
            a distance of N / size.

    Returns:
        ``(N, C + count, H, W)``.
    """
    n, channels, height, width = maps.shape
    size = next(fewer for fewer in range(min(size, n), 0, -1) if n % fewer == 0)
    order = (n // size, size) if neighbours else (size, n // size)
    groups = maps.reshape(*order, count, channels // count, height, width)
    within = 1 if neighbours else 0
    deviation = (groups.var(dim=within, correction=0, keepdim=True) + 1e-8).sqrt()
    means = deviation.mean(dim=(3, 4, 5), keepdim=True)
    added = means.expand(*order, count, 1, height, width).reshape(n, count, height, width)
    return torch.cat([maps, added.to(maps.dtype)], dim=1)
