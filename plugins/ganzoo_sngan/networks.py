"""The generator and the spectrally normalised discriminator, residual and convolutional.

Sources: Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018; Miyato &
Koyama, cGANs with Projection Discriminator, 2018.
"""

import math
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import (
    ConditionalBatchNorm2d,
    DownBlock,
    ProjectionHead,
    UpBlock,
    down_blocks,
    glorot,
    orthogonal,
    spectral_norm,
)
from ganzoo_sngan.config import SnganConfig

SLOPE = 0.1
"""Of the convolutional discriminator's leaky ReLUs."""

UP = {32: (4, 4, 4, 4), 48: (8, 4, 2, 1), 64: (16, 8, 4, 2, 1), 128: (16, 16, 8, 4, 2, 1)}
"""Widths of a residual generator by side: at the start, and after each block."""

DOWN = {32: (2, 2, 2, 2), 48: (1, 2, 4, 8, 16), 64: (1, 2, 4, 8, 16), 128: (1, 2, 4, 8, 16, 16)}
"""Widths of a residual discriminator by side, after each block."""

PLAIN = {32: 2, 48: 1, 64: 0, 128: 1}
"""How many blocks at its end keep the size."""

LEVELS = (8, 4, 2, 1)
"""Widths of a convolutional generator, from the start; a discriminator has them backwards."""


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)`` in [-1, 1].

    Where conditional, the norms in the blocks have a gain and a bias for each class.
    """

    def __init__(self, config: SnganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        resnet = config.blocks == "resnet"
        self.conditional = config.num_classes > 0
        widths = [config.width * times for times in (UP[side] if resnet else LEVELS)]
        start = side >> (len(widths) - 1)
        self.start = (widths[0], start, start)
        self.project: nn.Linear | nn.ConvTranspose2d
        if config.blocks == "cnn":
            self.project = nn.ConvTranspose2d(config.latent_dim, widths[0], start)
        else:
            self.project = nn.Linear(config.latent_dim, math.prod(self.start))

        def norm(width: int) -> nn.Module:
            if config.num_classes:
                return ConditionalBatchNorm2d(width, config.num_classes, eps=config.norm_eps)
            return nn.BatchNorm2d(width, eps=config.norm_eps)

        blocks: list[nn.Module] = []
        for before, after in pairwise(widths):
            if resnet:
                blocks.append(UpBlock(before, after, norm, upsampling=config.upsampling))
            else:
                blocks.append(_Doubling(before, after, norm(before)))
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.BatchNorm2d(widths[-1], eps=config.norm_eps)
        self.image = nn.Conv2d(widths[-1], channels, 3, padding=1)
        initialise(self, config)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        return [[self.project], *([block] for block in self.blocks), [self.norm, self.image]]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; labels int64 ``(N,)`` where conditional."""
        if self.conditional and labels is None:
            raise ValueError("a conditional generator needs labels")
        if isinstance(self.project, nn.Linear):
            maps = self.project(latents).unflatten(1, self.start)
        else:
            maps = self.project(latents[:, :, None, None])
        for block in self.blocks:
            maps = block(maps, labels)
        maps = F.relu(self.norm(maps), inplace=True)
        return self.image(maps).tanh()  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` in [-1, 1] to logits ``(N,)``; all layers are normalised."""

    def __init__(self, config: SnganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        width = config.discriminator_width or config.width
        self.resnet = config.blocks == "resnet"
        if self.resnet:
            blocks = residual_critic(config, channels, side, width)
            self.blocks = nn.ModuleList(blocks)
            features = width * DOWN[side][-1]
        else:
            self.blocks = nn.ModuleList(_convolutions(config, channels, width))
            features = width * LEVELS[0] * (side // 8) ** 2
        self.head = ProjectionHead(features, config.num_classes, bias=config.score_bias)
        initialise(self, config)
        spectral_norm(self, eps=config.spectral_eps)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the logit."""
        return [*([block] for block in self.blocks), [self.head]]

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits ``(N,)``; labels int64 ``(N,)`` where conditional."""
        maps = samples
        for block in self.blocks:
            maps = block(maps)
        features = F.relu(maps).sum(dim=(2, 3)) if self.resnet else maps.flatten(1)
        return self.head(features, labels)  # type: ignore[no-any-return]


class _Doubling(nn.Module):
    """Norm - ReLU - transposed 4x4 convolution, which doubles height and width."""

    def __init__(self, inputs: int, outputs: int, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)

    def forward(self, maps: Tensor, labels: Tensor | None) -> Tensor:
        conditional = isinstance(self.norm, ConditionalBatchNorm2d)
        maps = self.norm(maps, labels) if conditional else self.norm(maps)
        return self.conv(F.relu(maps, inplace=True))  # type: ignore[no-any-return]


def residual_critic(config: Any, channels: int, side: int, width: int) -> list[DownBlock]:
    """Return the blocks of a residual discriminator; SAGAN's are the same."""
    wide = config.discriminator_blocks == "wide"
    widths = [width * times for times in DOWN[side]]
    plain = 1 if wide and side == 64 else PLAIN[side]
    return down_blocks(
        channels,
        widths,
        halvings=len(widths) - plain,
        wide=wide,
        shortcut_relu=config.shortcut_relu,
    )


def _convolutions(config: SnganConfig, channels: int, width: int) -> list[nn.Module]:
    """The layers of a convolutional discriminator, each with what follows it."""
    doubling = config.blocks == "cnn-doubling"
    layers = [(channels, width, 3)]
    for times in LEVELS[:0:-1]:
        narrow, wide = width * times, 2 * width * times
        layers += [
            (narrow, wide if doubling else narrow, 4),
            (wide if doubling else narrow, wide, 3),
        ]
    return [
        nn.Sequential(
            nn.Conv2d(before, after, kernel, kernel - 2, 1), nn.LeakyReLU(SLOPE, inplace=True)
        )
        for before, after, kernel in layers
    ]


def initialise(network: nn.Module, config: Any) -> None:
    """Draw the weights of a network as the config says; biases are zero.

    Conditional norms begin as plain ones, but where initial weights are orthogonal: StudioGAN's
    begin with orthogonal tables. Nor can linear tables be zero where they are normalised.
    """
    blocks = [m for m in network.modules() if isinstance(m, UpBlock | DownBlock)]
    rectified = [conv for block in blocks for conv in (block.conv1, block.conv2)]
    norms = [m for m in network.modules() if isinstance(m, ConditionalBatchNorm2d)]
    tables = [table for norm in norms for table in (norm.gain, norm.bias)]
    for layer in network.modules():
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            continue
        if config.initialisation == "orthogonal":
            orthogonal(layer)
        elif any(layer is table for table in tables) and isinstance(layer, nn.Embedding):
            continue
        elif config.initialisation == "glorot":
            glorot(layer, 2.0 if any(layer is conv for conv in rectified) else 1.0)
        else:
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if not isinstance(layer, nn.Embedding) and layer.bias is not None:
                nn.init.zeros_(layer.bias)
