"""The generator and the discriminator with self-attention, both spectrally normalised.

Source: Zhang et al., Self-Attention Generative Adversarial Networks, 2019.
"""

import math
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import (
    ConditionalBatchNorm2d,
    ProjectionHead,
    SelfAttention,
    UpBlock,
    spectral_norm,
)
from ganzoo_sagan.config import SaganConfig
from ganzoo_sngan.networks import DOWN, UP, initialise, residual_critic


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)`` in [-1, 1].

    Where conditional, the norms in the blocks have a gain and a bias for each class.
    """

    def __init__(self, config: SaganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        widths = [config.width * times for times in UP[side]]
        start = side >> (len(widths) - 1)
        self.conditional = config.num_classes > 0
        self.start = (widths[0], start, start)
        self.project = nn.Linear(config.latent_dim, math.prod(self.start))

        def norm(width: int) -> nn.Module:
            if not config.num_classes:
                return nn.BatchNorm2d(width, eps=config.norm_eps)
            return ConditionalBatchNorm2d(
                width, config.num_classes, tables=config.tables, eps=config.norm_eps
            )

        self.blocks = nn.ModuleList(
            UpBlock(before, after, norm, upsampling=config.upsampling)
            for before, after in pairwise(widths)
        )
        self.attention = _attention(config.places[0], widths[1:])
        self.norm = nn.BatchNorm2d(widths[-1], eps=config.norm_eps)
        self.image = nn.Conv2d(widths[-1], channels, 3, padding=1)
        initialise(self, config)
        spectral_norm(self, eps=config.spectral_eps, embeddings=False)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        return [[self.project], *_stages(self), [self.norm, self.image]]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; labels int64 ``(N,)`` where conditional."""
        if self.conditional and labels is None:
            raise ValueError("a conditional generator needs labels")
        maps = self.project(latents).unflatten(1, self.start)
        for block, *attention in _stages(self):
            maps = block(maps, labels)
            for layer in attention:
                maps = layer(maps)
        maps = F.relu(self.norm(maps), inplace=True)
        return self.image(maps).tanh()  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` in [-1, 1] to logits ``(N,)``."""

    def __init__(self, config: SaganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        width = config.discriminator_width or config.width
        widths = [width * times for times in DOWN[side]]
        self.blocks = nn.ModuleList(residual_critic(config, channels, side, width))
        self.attention = _attention(config.places[1], widths)
        self.head = ProjectionHead(widths[-1], config.num_classes)
        initialise(self, config)
        spectral_norm(self, eps=config.spectral_eps)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the logit."""
        return [*_stages(self), [self.head]]

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits ``(N,)``; labels int64 ``(N,)`` where conditional."""
        maps = samples
        for layers in _stages(self):
            for layer in layers:
                maps = layer(maps)
        return self.head(F.relu(maps).sum(dim=(2, 3)), labels)  # type: ignore[no-any-return]


def _attention(places: tuple[int, ...], widths: list[int]) -> nn.ModuleDict:
    """Attention by the number of the block that it follows."""
    return nn.ModuleDict({str(place): SelfAttention(widths[place - 1]) for place in places})


def _stages(network: Generator | Discriminator) -> list[list[nn.Module]]:
    """Each block, with the attention that follows it."""
    attention = network.attention
    return [
        [block, *([attention[str(number)]] if str(number) in attention else [])]
        for number, block in enumerate(network.blocks, start=1)
    ]
