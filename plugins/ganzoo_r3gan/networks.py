"""The generator and the discriminator: residual blocks of grouped convolutions, and no norms.

Source: Huang et al., The GAN is Dead; Long Live the GAN! A Modern Baseline GAN, 2024.
"""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import convolved, enlarged, full_precision, low_pass, reduced
from ganzoo_r3gan.config import R3ganConfig

SLOPE = 0.2
"""Of the leaky ReLUs."""

Stage = tuple[int, int]
"""Width and number of blocks at one size of maps."""

START = 4
"""The side of the smallest maps."""


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)``, nominally in [-1, 1].

    Without a tanh, a few values may lie outside. Where conditional, an embedding of the
    class stands beside the latent.
    """

    def __init__(self, config: R3ganConfig) -> None:
        super().__init__()
        first, *_ = config.stages
        classes, size = config.num_classes, config.embedding_dim
        self.basis = Basis(config.latent_dim + (size if classes else 0), first[0])
        self.blocks = _blocks(config, *first)
        self.levels = nn.ModuleList(Larger(config, *pair) for pair in pairwise(config.stages))
        self.image = nn.Conv2d(config.stages[-1][0], config.sample_shape[0], 1, bias=False)
        self.classes = nn.Embedding(classes, size) if classes else None
        initialise(self)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        start = [self.basis, self.blocks]
        if self.classes is not None:
            start.insert(0, self.classes)
        return [start, *([level] for level in self.levels), [self.image]]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; labels int64 ``(N,)`` where conditional."""
        with full_precision(latents.device):
            if self.classes is not None:
                if labels is None:
                    raise ValueError("a conditional generator needs labels")
                latents = torch.cat([latents, self.classes(labels)], dim=1)
            maps = self.blocks(self.basis(latents))
        for level in self.levels:
            maps = level(maps)
        return self.image(maps)  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` in [-1, 1] to logits ``(N,)``."""

    def __init__(self, config: R3ganConfig) -> None:
        super().__init__()
        stages = config.stages[::-1]
        width, _ = stages[-1]
        self.extract = nn.Conv2d(config.sample_shape[0], stages[0][0], 1, bias=False)
        self.levels = nn.ModuleList(Smaller(config, *pair) for pair in pairwise(stages))
        self.blocks = _blocks(config, *stages[-1])
        self.head = Head(width, config.num_classes)
        initialise(self)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the logit."""
        return [[self.extract], *([level] for level in self.levels), [self.blocks, self.head]]

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits ``(N,)``; labels int64 ``(N,)`` where conditional."""
        maps = convolved(samples, self.extract)
        for level in self.levels:
            maps = level(maps)
        with full_precision(maps.device):
            maps = self.blocks(maps.to(self.head.weight.dtype))
            return self.head(maps, labels)  # type: ignore[no-any-return]


class Larger(nn.Module):
    """Twice the size, and blocks.

    Channels are changed before: a 1x1 convolution and a filter can change places, and there it has
    a quarter of the products.
    """

    taps: Tensor

    def __init__(self, config: R3ganConfig, before: Stage, after: Stage) -> None:
        super().__init__()
        self.change = _change(before[0], after[0])
        self.blocks = _blocks(config, *after)
        self.register_buffer("taps", low_pass(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(N, C, H, W)`` to ``(N, D, 2H, 2W)``."""
        return self.blocks(enlarged(self.change(maps), self.taps))  # type: ignore[no-any-return]


class Smaller(nn.Module):
    """Blocks, half the size, and then the next one's channels."""

    taps: Tensor

    def __init__(self, config: R3ganConfig, before: Stage, after: Stage) -> None:
        super().__init__()
        self.blocks = _blocks(config, *before)
        self.change = _change(before[0], after[0])
        self.register_buffer("taps", low_pass(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps ``(N, C, H, W)`` to ``(N, D, H / 2, W / 2)``."""
        return self.change(reduced(self.blocks(maps), self.taps))  # type: ignore[no-any-return]


class Basis(nn.Module):
    """Maps of 4x4 that are learned, each times a linear function of the latent."""

    def __init__(self, latent: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, START, START))
        self.project = nn.Linear(latent, width, bias=False)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents ``(N, latent)`` to maps ``(N, width, 4, 4)``."""
        return self.project(latents)[:, :, None, None] * self.weight  # type: ignore[no-any-return]


class Head(nn.Module):
    """A weighted sum of each map, and a linear layer to the logit.

    Where conditional, the logit is the inner product of its outputs and an embedding of the class.
    """

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
        inside = F.leaky_relu(convolved(maps, self.widen), SLOPE, inplace=True)
        inside = F.leaky_relu(convolved(inside, self.mix), SLOPE, inplace=True)
        return convolved(inside, self.narrow).add_(maps)


def initialise(network: nn.Module) -> None:
    """Draw normal weights that keep the variance of maps; a block starts as the identity.

    The weights inside a block are smaller by the fourth root of the number of blocks, as two
    layers of each do not start at zero.
    """
    count = sum(isinstance(part, Block) for part in network.modules())
    gain = math.sqrt(2 / (1 + SLOPE**2)) * count**-0.25
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            bias = part.bias  # of layers before an activation only
            factor = 1.0 if bias is None else gain
            nn.init.normal_(part.weight, 0.0, factor / math.sqrt(part.weight[0].numel()))
            if bias is not None:
                nn.init.zeros_(bias)
    for part in network.modules():
        if isinstance(part, Block):
            nn.init.zeros_(part.narrow.weight)
        elif isinstance(part, Basis):
            nn.init.normal_(part.weight)
        elif isinstance(part, Generator):
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
