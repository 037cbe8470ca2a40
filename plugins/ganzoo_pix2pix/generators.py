"""The generators that translate images: a ResNet and a U-Net.

Sources: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017;
Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo_pix2pix.config import Pix2pixConfig
from ganzoo_pix2pix.layers import (
    SLOPE,
    Dropout,
    ReflectionPad,
    biased,
    by_convolution,
    check_size,
    normalisation,
)

if TYPE_CHECKING:
    from ganzoo.randomness import Draws

MOST = 8
"""How many times its first width a U-Net has at most."""


class Resnet(nn.Module):
    """Two halvings, residual blocks at a quarter of the size, two doublings.

    Args:
        config: Its width, blocks, norm and dropout.
        inputs: Channels of the images that it takes.
        outputs: Channels of those that it makes.
    """

    def __init__(self, config: Pix2pixConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        width, bias = config.generator_width, biased(config)
        before = [ReflectionPad(3), nn.Conv2d(inputs, width, 7, bias=bias)]
        before += [normalisation(config, width), nn.ReLU(inplace=True)]
        for _ in range(2):
            before.append(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias))
            width *= 2
            before += [normalisation(config, width), nn.ReLU(inplace=True)]
        after: list[nn.Module] = []
        inner = width
        for _ in range(2):
            after.append(nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1, bias=bias))
            width //= 2
            after += [normalisation(config, width), nn.ReLU(inplace=True)]
        after += [ReflectionPad(3), nn.Conv2d(width, outputs, 7), nn.Tanh()]
        self.before = nn.Sequential(*before)
        self.blocks = nn.ModuleList(
            ResidualBlock(config, inner, f"dropout {number}") for number in range(config.blocks)
        )
        self.after = nn.Sequential(*after)
        self.multiple, self.least = config.multiple, config.least_made

    def stages(self) -> list[list[nn.Module]]:
        """Return convolutions with their norms, and blocks, from input to output."""
        blocks = [[block] for block in self.blocks]
        return [*by_convolution(self.before), *blocks, *by_convolution(self.after)]

    def forward(self, images: Tensor, draws: Draws | None = None) -> Tensor:
        """``(N, inputs, H, W)`` to ``(N, outputs, H, W)``, in [-1, 1]; sides multiples of 4."""
        check_size(images, self.multiple, self.least, "ResNet generator")
        maps = self.before(images)
        for block in self.blocks:
            maps = block(maps, draws)
        made: Tensor = self.after(maps)
        return made


class ResidualBlock(nn.Module):
    """Two convolutions with norms, and dropout between them, added to the input."""

    def __init__(self, config: Pix2pixConfig, width: int, purpose: str) -> None:
        super().__init__()
        bias = biased(config)
        self.pad = ReflectionPad(1)
        self.conv1 = nn.Conv2d(width, width, 3, bias=bias)
        self.norm1 = normalisation(config, width)
        self.dropout = Dropout(config.dropout, purpose)
        self.conv2 = nn.Conv2d(width, width, 3, bias=bias)
        self.norm2 = normalisation(config, width)

    def forward(self, maps: Tensor, draws: Draws | None = None) -> Tensor:
        """``(N, W, H, W)`` to the same shape."""
        inner = F.relu(self.norm1(self.conv1(self.pad(maps))))
        inner = self.dropout(inner, draws)
        return maps + self.norm2(self.conv2(self.pad(inner)))  # type: ignore[no-any-return]


class Unet(nn.Module):
    """Halvings down to a few pixels, and as many doublings that see the halvings' maps.

    Args:
        config: Its width, halvings, norm and dropout.
        inputs: Channels of the images that it takes.
        outputs: Channels of those that it makes.
    """

    def __init__(self, config: Pix2pixConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        depth = config.halvings
        widths = [config.generator_width * min(2**level, MOST) for level in range(depth)]
        downs, ups = [], []
        for level, width in enumerate(widths):
            outer, inner = level == 0, level == depth - 1
            above = widths[level - 1]
            downs.append(Down(config, inputs if outer else above, width, outer=outer, inner=inner))
            # All but the innermost see the maps of the halving too. Dropout stands in the levels
            # between it and the first four: three in the published 8.
            seen = width if inner else 2 * width
            purpose = f"dropout {level}" if 4 <= level < depth - 1 else ""
            ups.append(Up(config, seen, outputs if outer else above, outer=outer, dropout=purpose))
        self.downs = nn.ModuleList(downs)
        self.ups = nn.ModuleList(reversed(ups))
        self.multiple, self.least = config.multiple, config.least_made

    def stages(self) -> list[nn.Module]:
        """Return halvings, then doublings."""
        return [*self.downs, *self.ups]

    def forward(self, images: Tensor, draws: Draws | None = None) -> Tensor:
        """``(N, inputs, H, W)`` to ``(N, outputs, H, W)``; sides multiples of 2^halvings."""
        check_size(images, self.multiple, self.least, "U-Net generator")
        maps, seen = images, []
        for down in self.downs:
            maps = down(maps)
            seen.append(maps)
        inner, *outer = self.ups
        maps = inner(seen.pop(), draws)
        for up in outer:
            maps = up(torch.cat([seen.pop(), maps], dim=1), draws)
        made: Tensor = maps.tanh()
        return made


class Down(nn.Module):
    """A halving of the U-Net: leaky ReLU but for the outermost, norm but for the ends."""

    def __init__(
        self, config: Pix2pixConfig, inputs: int, outputs: int, *, outer: bool, inner: bool
    ) -> None:
        super().__init__()
        self.active = not outer
        self.conv = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=biased(config))
        self.norm = nn.Identity() if outer or inner else normalisation(config, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, W, H, W)`` to half the height and width."""
        if self.active:
            maps = F.leaky_relu(maps, SLOPE)
        halved: Tensor = self.norm(self.conv(maps))
        return halved


class Up(nn.Module):
    """A doubling of the U-Net: ReLU, norm but for the outermost, dropout where it is named."""

    def __init__(
        self, config: Pix2pixConfig, inputs: int, outputs: int, *, outer: bool, dropout: str
    ) -> None:
        super().__init__()
        bias = outer or biased(config)
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)
        self.norm = nn.Identity() if outer else normalisation(config, outputs)
        self.dropout = Dropout(config.dropout if dropout else 0.0, dropout)

    def forward(self, maps: Tensor, draws: Draws | None = None) -> Tensor:
        """``(N, W, H, W)`` to twice the height and width."""
        doubled: Tensor = self.dropout(self.norm(self.conv(F.relu(maps))), draws)
        return doubled
