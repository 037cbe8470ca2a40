"""The generator and the discriminator of BigGAN and BigGAN-deep, both spectrally normalised.

Source: Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import (
    ClassifierHead,
    ConditionalBatchNorm2d,
    ProjectionHead,
    SelfAttention,
    UpBlock,
    down_blocks,
    glorot,
    orthogonal,
    spectral_norm,
)
from ganzoo.losses.base import Critique
from ganzoo_biggan.blocks import DownBottleneck, UpBottleneck
from ganzoo_biggan.config import BigganConfig
from ganzoo_biggan.statistics import at_truncation, keep_statistics

HALVINGS = {32: 2, 64: 4, 128: 5, 256: 6, 512: 7}
"""How many stages of a discriminator halve the size, by side."""


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)`` in [-1, 1]."""

    def __init__(self, config: BigganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        widths, classes = config.stages[0], config.num_classes
        start = side >> (len(widths) - 1)
        self.conditional, self.path, self.parts = classes > 0, config.latent_path, config.parts
        self.channels, self.start = channels, (widths[0], start, start)
        self.swapped = config.interpolation == "published"
        shared = config.shared_dim if classes and config.shared_dim else 0
        self.shared = nn.Embedding(classes, shared) if shared else None
        part = config.latent_dim // self.parts
        self.project = nn.Linear(
            part + shared if self.path == "whole" else part, math.prod(self.start)
        )
        seen = shared if self.path == "first" else part + shared

        def norm(width: int) -> nn.Module:
            if seen:
                return ConditionalBatchNorm2d(width, seen, tables="linear", eps=config.norm_eps)
            if classes:
                return ConditionalBatchNorm2d(width, classes, eps=config.norm_eps)
            return nn.BatchNorm2d(width, eps=config.norm_eps)

        self.blocks = nn.ModuleList(
            nn.ModuleList(_ups(config, before, after, depth, norm))
            for (before, after), depth in zip(pairwise(widths), config.depths, strict=True)
        )
        self.attention = _attention(config.places[0], widths[1:])
        self.norm = nn.BatchNorm2d(widths[-1], eps=config.norm_eps)
        self.image = nn.Conv2d(widths[-1], config.image_width or channels, 3, padding=1)
        _initialise(self, config)
        spectral_norm(self, eps=config.spectral_eps, embeddings=False)
        if config.statistics > 1:
            keep_statistics(self, config.statistics)
            self.at_truncation = self._at_truncation

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        first: list[nn.Module] = [] if self.shared is None else [self.shared]
        return [[*first, self.project], *_stages(self), [self.norm, self.image]]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; labels int64 ``(N,)`` where conditional."""
        if self.conditional and labels is None:
            raise ValueError("a conditional generator needs labels")
        first, conditions = self._conditions(latents, labels)
        maps = self.project(first).unflatten(1, self.start)
        for layers, condition in zip(_stages(self), conditions, strict=True):
            for layer in layers:
                attends = isinstance(layer, SelfAttention)
                maps = layer(maps) if attends else layer(maps, condition)
        maps = F.relu(self.norm(maps), inplace=True)
        return self.image(maps)[:, : self.channels].tanh()  # type: ignore[no-any-return]

    def _conditions(
        self, latents: Tensor, labels: Tensor | None
    ) -> tuple[Tensor, list[Tensor | None]]:
        """Return what the first layer is given, and what the norms of each stage are."""
        count = len(self.blocks)
        shared = None if self.shared is None else self.shared(labels)
        if self.path == "first":
            return latents, [labels if shared is None else shared] * count
        if self.path == "whole":
            whole = latents if shared is None else _beside(shared, latents)
            return whole, [whole] * count
        first, *parts = latents.chunk(self.parts, dim=1)
        return first, [part if shared is None else _beside(shared, part) for part in parts]

    def _at_truncation(self, truncation: float) -> AbstractContextManager[None]:
        return at_truncation(self, truncation, swapped=self.swapped)


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` in [-1, 1] to logits ``(N,)``."""

    def __init__(self, config: BigganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        widths = [*config.stages[1]]
        stages: list[nn.ModuleList]
        if config.blocks == "residual":
            self.stem: nn.Module = nn.Identity()
            blocks = down_blocks(
                channels,
                widths,
                halvings=HALVINGS[side],
                wide=True,
                shortcut_relu=config.shortcut_relu,
            )
            stages = [nn.ModuleList([block]) for block in blocks]
        else:
            first, *widths = widths
            self.stem = nn.Conv2d(channels, first, 3, padding=1)
            stages = [
                nn.ModuleList(_downs(config, before, after, down=number < HALVINGS[side]))
                for number, (before, after) in enumerate(pairwise([first, *widths]))
            ]
        self.blocks = nn.ModuleList(stages)
        self.attention = _attention(config.places[1], widths)
        head = ClassifierHead if config.head == "classifier" else ProjectionHead
        self.head = head(widths[-1], config.num_classes)
        _initialise(self, config)
        spectral_norm(self, eps=config.spectral_eps)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the logit."""
        first, *rest = _stages(self)
        return [[self.stem, *first], *rest, [self.head]]

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor | Critique:
        """Return logits ``(N,)``, and class logits of a classifier; labels int64 ``(N,)``."""
        maps = self.stem(samples)
        for layers in _stages(self):
            for layer in layers:
                maps = layer(maps)
        judged: Tensor | Critique = self.head(F.relu(maps).sum(dim=(2, 3)), labels)
        return judged


def _beside(shared: Tensor, latents: Tensor) -> Tensor:
    return torch.cat([shared.to(latents.dtype), latents], dim=1)


def _ups(
    config: BigganConfig,
    before: int,
    after: int,
    depth: int,
    norm: Callable[[int], nn.Module],
) -> list[UpBlock] | list[UpBottleneck]:
    """The blocks of a stage of a generator; the last one changes width and size."""
    if config.blocks == "residual":
        return [UpBlock(before, after, norm)]
    return [
        UpBottleneck(
            before,
            after if last else before,
            norm,
            up=last,
            shortcut=config.bottleneck_shortcut,
        )
        for last in (*[False] * (depth - 1), True)
    ]


def _downs(config: BigganConfig, before: int, after: int, *, down: bool) -> list[DownBottleneck]:
    """The bottlenecks of a stage of a discriminator; the first one changes width and size."""
    return [
        DownBottleneck(
            after if number else before,
            after,
            down=down and not number,
            shortcut=config.bottleneck_shortcut,
            shortcut_relu=config.shortcut_relu,
        )
        for number in range(max(config.depths))
    ]


def _attention(places: Sequence[int], widths: Sequence[int]) -> nn.ModuleDict:
    """Attention by the number of the stage that it follows."""
    return nn.ModuleDict({str(place): SelfAttention(widths[place - 1]) for place in places})


def _stages(network: Generator | Discriminator) -> list[list[nn.Module]]:
    """The blocks of each stage, with the attention that follows them."""
    attention = network.attention
    return [
        [*blocks.children(), *([attention[str(number)]] if str(number) in attention else [])]
        for number, blocks in enumerate(network.blocks, start=1)
    ]


def _initialise(network: nn.Module, config: BigganConfig) -> None:
    """Draw all weights, and set biases to zero."""
    for layer in network.modules():
        if not isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
            continue
        if config.initialisation == "orthogonal":
            orthogonal(layer)
        elif config.initialisation == "glorot":
            glorot(layer)
        else:
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if not isinstance(layer, nn.Embedding) and layer.bias is not None:
                nn.init.zeros_(layer.bias)
