"""Colour, translation and cutout for every sample."""

import torch
from torch import Tensor

from ganzoo.augmentation.base import Augmentation
from ganzoo.augmentation.colors import of_colors
from ganzoo.augmentation.config import DiffAugmentConfig
from ganzoo.randomness import Draws

SHIFT = 1 / 8
"""The farthest translation, as a part of a side."""

CUT = 1 / 2
"""The sides of what is cut out, as a part of those of the image."""


class DiffAugment(Augmentation):
    """Random colour, translation and cutout, as far as the policy names them.

    Source: Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020, section
    4 and appendix. Colour: brightness is shifted by up to 0.5 either way, the distance of each
    pixel from its grey is multiplied by up to 2, and that from the image's mean by 0.5 to 1.5.
    """

    config: DiffAugmentConfig

    def __call__(self, samples: Tensor, draws: Draws) -> Tensor:
        """Change images ``(N, C, H, W)`` in [-1, 1]; what colour does may leave that range."""
        changes = {"color": tinted, "translation": translated, "cutout": cut}
        result = samples.to(draws.dtype)
        for name in self.config.policy:
            result = changes[name](result, draws.within(name))
        return result.to(samples.dtype)


def tinted(samples: Tensor, draws: Draws) -> Tensor:
    """Change brightness, saturation and contrast, of colours alone.

    The saturation of grey images stays, and so does alpha.
    """
    brightness, saturation, contrast = draws.uniform("amounts", 3, 1, 1, 1).unbind(1)

    def change(colors: Tensor) -> Tensor:
        colors = colors + (brightness - 0.5)
        if colors.shape[1] > 1:
            grey = colors.mean(dim=1, keepdim=True)
            colors = grey + (colors - grey) * (2 * saturation)
        mean = colors.mean(dim=(1, 2, 3), keepdim=True)
        return mean + (colors - mean) * (0.5 + contrast)

    return of_colors(change, samples)


def translated(samples: Tensor, draws: Draws) -> Tensor:
    """Shift by whole pixels, up to `SHIFT` of a side; what comes in is 0."""
    height, width = samples.shape[2:]
    rows, inside_rows = _shifted(height, draws.uniform("down", 1))
    columns, inside_columns = _shifted(width, draws.uniform("right", 1))
    places = (rows[:, :, None] * width + columns[:, None]).flatten(1)
    inside = inside_rows[:, :, None] & inside_columns[:, None]
    index = places[:, None].expand(-1, samples.shape[1], -1)
    moved = samples.flatten(2).gather(2, index).view_as(samples)
    return moved * inside[:, None].to(samples.dtype)


def cut(samples: Tensor, draws: Draws) -> Tensor:
    """Set a rectangle to 0 whose centre may be anywhere, so that a part of it may be outside."""
    height, width = samples.shape[2:]
    rows = _covered(height, draws.uniform("row", 1))
    columns = _covered(width, draws.uniform("column", 1))
    kept = ~(rows[:, :, None] & columns[:, None])
    return samples * kept[:, None].to(samples.dtype)


def _shifted(side: int, numbers: Tensor) -> tuple[Tensor, Tensor]:
    """From where each position of a side takes its value, and whether that is inside."""
    most = int(side * SHIFT + 0.5)
    shift = (numbers * (2 * most + 1)).floor().long() - most
    source = torch.arange(side, device=numbers.device) - shift
    return source.clamp(0, side - 1), (source >= 0) & (source < side)


def _covered(side: int, numbers: Tensor) -> Tensor:
    """Which positions of a side lie in the part that is cut out."""
    length = int(side * CUT + 0.5)
    centre = (numbers * (side + 1 - length % 2)).floor().long()
    first = centre - length // 2
    place = torch.arange(side, device=numbers.device)
    return (place >= first) & (place < first + length)
