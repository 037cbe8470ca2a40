"""The generator and the discriminator: residual blocks of grouped convolutions, and no norms.

Source: Huang et al., The GAN is Dead; Long Live the GAN! A Modern Baseline GAN, 2024.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import enlarged, full_precision, low_pass, reduced
from ganzoo_r3gan.config import R3ganConfig

SLOPE = 0.2
"""Of the leaky ReLUs."""

START = 4
"""The side of the smallest maps."""


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)``, nominally in [-1, 1].

    There is no tanh: a few values may lie outside.
    """

    taps: Tensor

    def __init__(self, config: R3ganConfig) -> None:
        super().__init__()
        widths = [width for width, _ in config.stages]
        self.basis = Basis(config, widths[0])
        self.blocks = nn.ModuleList(_blocks(config, *stage) for stage in config.stages)
        self.changes = nn.ModuleList(_change(*widths) for widths in pairwise(widths))
        self.image = nn.Conv2d(widths[-1], config.sample_shape[0], 1, bias=False)
        self.register_buffer("taps", low_pass(), persistent=False)
        initialise(self)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        first, *others = self.blocks
        upper = zip(self.changes, others, strict=True)
        return [[self.basis, first], *map(list, upper), [self.image]]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; labels int64 ``(N,)`` where conditional."""
        first, *others = self.blocks
        with full_precision(latents.device):
            maps = first(self.basis(latents, labels))
        for change, blocks in zip(self.changes, others, strict=True):
            # In this order the change of channels has a quarter of the products.
            maps = blocks(enlarged(change(maps), self.taps))
        return self.image(maps)  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` in [-1, 1] to logits ``(N,)``."""

    taps: Tensor

    def __init__(self, config: R3ganConfig) -> None:
        super().__init__()
        stages = config.stages[::-1]
        widths = [width for width, _ in stages]
        self.extract = nn.Conv2d(config.sample_shape[0], widths[0], 1, bias=False)
        self.blocks = nn.ModuleList(_blocks(config, *stage) for stage in stages)
        self.changes = nn.ModuleList(_change(*widths) for widths in pairwise(widths))
        self.head = Head(widths[-1], config.num_classes)
        self.register_buffer("taps", low_pass(), persistent=False)
        initialise(self)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the logit."""
        *others, last = self.blocks
        upper = zip(others, self.changes, strict=True)
        return [[self.extract], *map(list, upper), [last, self.head]]

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits ``(N,)``; labels int64 ``(N,)`` where conditional."""
        *others, last = self.blocks
        maps = self.extract(samples)
        for blocks, change in zip(others, self.changes, strict=True):
            maps = change(reduced(blocks(maps), self.taps))
        with full_precision(maps.device):
            maps = maps.to(self.head.weight.dtype)
            return self.head(last(maps), labels)  # type: ignore[no-any-return]


class Basis(nn.Module):
    """Maps of 4x4 that are learned, each times a linear function of the latent.

    Where conditional, an embedding of the class stands beside the latent.
    """

    def __init__(self, config: R3ganConfig, width: int) -> None:
        super().__init__()
        classes, size = config.num_classes, config.embedding_dim
        self.classes = nn.Embedding(classes, size) if classes else None
        self.project = nn.Linear(config.latent_dim + (size if classes else 0), width, bias=False)
        self.weight = nn.Parameter(torch.empty(width, START, START))

    def forward(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Latents ``(N, latent_dim)`` to maps ``(N, width, 4, 4)``."""
        if self.classes is not None:
            if labels is None:
                raise ValueError("a conditional generator needs labels")
            latents = torch.cat([latents, self.classes(labels)], dim=1)
        return self.project(latents)[:, :, None, None] * self.weight  # type: ignore[no-any-return]


class Head(nn.Module):
    """One weighted sum of each map, and a linear layer: to a logit, or to what is multiplied by an
    embedding of the class."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, START, START))
        self.score = nn.Linear(width, width if classes else 1, bias=False)
        self.classes = nn.Embedding(classes, width) if classes else None

    def forward(self, maps: Tensor, labels: Tensor | None) -> Tensor:
        """Maps ``(N, width, 4, 4)`` to logits ``(N,)``."""
        features: Tensor = self.score((maps * self.weight).sum(dim=(2, 3)))
        if self.classes is None:
            return features.squeeze(1)
        if labels is None:
            raise ValueError("a conditional discriminator needs labels")
        return (features * self.classes(labels)).sum(dim=1)  # type: ignore[no-any-return]


class Block(nn.Module):
    """x + 1x1 - leaky ReLU - grouped 3x3 - leaky ReLU - 1x1.

    What the published activations add to maps first are the biases of the convolutions here.
    """

    def __init__(self, width: int, inside: int, groups: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(width, inside, 1)
        self.mix = nn.Conv2d(inside, inside, 3, padding=1, groups=groups)
        self.narrow = nn.Conv2d(inside, width, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of the same shape."""
        inside = F.leaky_relu(self.widen(maps), SLOPE, inplace=True)
        inside = F.leaky_relu(self.mix(inside), SLOPE, inplace=True)
        return self.narrow(inside).add_(maps)  # type: ignore[no-any-return]


def initialise(network: nn.Module) -> None:
    """Draw normal weights that keep the variance of maps; a block starts as the identity.

    The weights inside a block are smaller by the fourth root of the number of blocks, as two
    layers of each do not start at zero.
    """
    count = sum(isinstance(part, Block) for part in network.modules())
    gain = math.sqrt(2 / (1 + SLOPE**2)) * count**-0.25
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            inner = part.bias is not None  # only layers before an activation have one
            factor = gain if inner else 1.0
            nn.init.normal_(part.weight, 0.0, factor / math.sqrt(part.weight[0].numel()))
            if inner:
                nn.init.zeros_(part.bias)
    for part in network.modules():
        if isinstance(part, Block):
            nn.init.zeros_(part.narrow.weight)
        elif isinstance(part, Basis):
            nn.init.normal_(part.weight)
            _embed(part.classes, 1.0)
        elif isinstance(part, Head):
            nn.init.normal_(part.weight, 0.0, 1 / START)
            _embed(part.classes, 1 / math.sqrt(part.score.out_features))


def _embed(table: nn.Embedding | None, factor: float) -> None:
    """Draw a table as the linear layer of one-hot rows that it stands for."""
    if table is not None:
        nn.init.normal_(table.weight, 0.0, factor / math.sqrt(table.num_embeddings))


def _blocks(config: R3ganConfig, width: int, depth: int) -> nn.Sequential:
    inside = config.expansion * width
    groups = max(1, inside // config.group_width)
    return nn.Sequential(*(Block(width, inside, groups) for _ in range(depth)))


def _change(before: int, after: int) -> nn.Module:
    return nn.Identity() if before == after else nn.Conv2d(before, after, 1, bias=False)
