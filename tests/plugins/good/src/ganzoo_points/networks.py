"""Perceptrons from latents to vectors, and from vectors to logits."""

import torch
from torch import Tensor, nn

from ganzoo_points.config import FourierConfig

SLOPE = 0.2


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to vectors ``(N, D)``, without bounds."""

    def __init__(self, config: FourierConfig) -> None:
        super().__init__()
        (length,) = config.sample_shape
        self.start = nn.Linear(config.latent_dim, config.width)
        self.classes = (
            nn.Embedding(config.num_classes, config.width) if config.num_classes else None
        )
        self.layers = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Linear(config.width, config.width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(config.width, length),
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate vectors; labels int64 ``(N,)`` where there are classes."""
        hidden: Tensor = self.start(latents)
        if self.classes is not None:
            hidden = hidden + self.classes(labels)
        vectors: Tensor = self.layers(hidden)
        return vectors


class Discriminator(nn.Module):
    """Vectors ``(N, D)`` to logits ``(N,)``."""

    frequencies: Tensor

    def __init__(self, config: FourierConfig) -> None:
        super().__init__()
        (length,) = config.sample_shape
        # A buffer: it is kept in weights and checkpoints, and not trained.
        frequencies = config.bandwidth * torch.randn(length, config.frequencies)
        self.register_buffer("frequencies", frequencies)
        self.start = nn.Linear(length + 2 * config.frequencies, config.width)
        self.classes = (
            nn.Embedding(config.num_classes, config.width) if config.num_classes else None
        )
        self.layers = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Linear(config.width, config.width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(config.width, 1),
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits; labels int64 ``(N,)`` where there are classes."""
        phases = samples @ self.frequencies
        hidden: Tensor = self.start(torch.cat([samples, phases.sin(), phases.cos()], dim=1))
        if self.classes is not None:
            hidden = hidden + self.classes(labels)
        logits: Tensor = self.layers(hidden)
        return logits.squeeze(1)
