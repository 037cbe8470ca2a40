"""The discriminator: strided blocks, and a look at how much the samples of a batch differ.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020; classes as in
Karras et al., Training Generative Adversarial Networks with Limited Data, 2020.
"""

import math
from contextlib import nullcontext

from torch import Tensor, nn

from ganzoo.layers import (
    EqualConv2d,
    EqualLinear,
    full_precision,
    low_pass,
    reduced,
    with_deviation,
)
from ganzoo_stylegan2.config import SMALLEST, Stylegan2Config
from ganzoo_stylegan2.mapping import Mapping

CLASS_LAYERS = 8
CLASS_RATE = 0.01
"""Of the mapping of classes."""


class Block(nn.Module):
    """Two convolutions of one size of maps, and half that size afterwards."""

    def __init__(self, config: Stylegan2Config, side: int) -> None:
        super().__init__()
        width, after = config.width_at(side), config.width_at(side // 2)
        channels, clamp = config.sample_shape[0], config.clamp
        self.in_bf16 = config.in_bf16(side)
        first, kind = side == config.sides[-1], config.discriminator_blocks
        self.image = None
        if first or kind == "skip":
            self.image = EqualConv2d(channels, width, 1, active=True, clamp=clamp)
        gain = math.sqrt(0.5) if kind == "resnet" else 1.0
        self.layers = nn.Sequential(
            EqualConv2d(width, width, 3, active=True, clamp=clamp),
            EqualConv2d(width, after, 3, active=True, resize="down", gain=gain, clamp=clamp),
        )
        self.shortcut = None
        if kind == "resnet":
            self.shortcut = EqualConv2d(width, after, 1, bias=False, resize="down", gain=gain)

    def forward(self, maps: Tensor | None, image: Tensor) -> Tensor:
        """Return maps of half the size; the image has their size now."""
        with nullcontext() if self.in_bf16 else full_precision(image.device):
            if self.image is not None:
                shown = self.image(image)
                maps = shown if maps is None else maps + shown
            assert maps is not None
            if not self.in_bf16:
                maps = maps.to(image.dtype)
            result: Tensor = self.layers(maps)
            return result if self.shortcut is None else result + self.shortcut(maps)


class Head(nn.Module):
    """Maps of side 4 to logits, in full precision."""

    def __init__(self, config: Stylegan2Config) -> None:
        super().__init__()
        width, length = config.width_at(SMALLEST), config.width_at(SMALLEST)
        self.group = config.group
        self.image = None
        if config.discriminator_blocks == "skip":
            self.image = EqualConv2d(config.sample_shape[0], width, 1, active=True)
        self.conv = EqualConv2d(width + 1, width, 3, active=True, clamp=config.clamp)
        self.dense = EqualLinear(width * SMALLEST**2, width, active=True)
        self.output = EqualLinear(width, length if config.num_classes else 1)
        self.classes = None
        if config.num_classes:
            self.classes = Mapping(0, config.num_classes, length, CLASS_LAYERS, CLASS_RATE)

    def forward(self, maps: Tensor, image: Tensor, labels: Tensor | None) -> Tensor:
        """Return logits ``(N,)``."""
        with full_precision(image.device):
            maps = maps.to(image.dtype)
            if self.image is not None:
                maps = maps + self.image(image)
            # Which samples share a group has no meaning in training, as all of them are drawn; with
            # neighbours a batch can be split into parts of whole groups.
            maps = with_deviation(maps, self.group, neighbours=self.training)
            rows: Tensor = self.output(self.dense(self.conv(maps).flatten(1)))
            if self.classes is None:
                return rows.squeeze(1)
            classes: Tensor = self.classes(None, labels)
            return (rows * classes).sum(dim=1) / math.sqrt(rows.shape[1])


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` in [-1, 1] to logits ``(N,)``."""

    taps: Tensor

    def __init__(self, config: Stylegan2Config) -> None:
        super().__init__()
        sides = [side for side in reversed(config.sides) if side > SMALLEST]
        self.blocks = nn.ModuleDict({str(side): Block(config, side) for side in sides})
        self.head = Head(config)
        self.shows_all = config.discriminator_blocks == "skip"
        self.register_buffer("taps", low_pass(), persistent=False)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the logit."""
        return [*([block] for block in self.blocks.values()), [self.head]]

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits; labels int64 ``(N,)`` where conditional."""
        maps, image = None, samples
        for block in self.blocks.values():
            maps = block(maps, image)
            if self.shows_all:
                with full_precision(image.device):
                    image = reduced(image, self.taps)
        assert maps is not None
        logits: Tensor = self.head(maps, image, labels)
        return logits
