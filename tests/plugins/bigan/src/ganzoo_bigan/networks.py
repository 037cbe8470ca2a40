"""Perceptrons."""

import math

import torch
from torch import Tensor, nn

from ganzoo_bigan.config import BiganConfig


def _layers(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, outputs),
    )


class Generator(nn.Module):
    """Maps latents ``(N, latent_dim)`` to samples ``(N, *sample_shape)``."""

    def __init__(self, config: BiganConfig) -> None:
        super().__init__()
        self.shape = config.sample_shape
        self.layers = _layers(config.latent_dim, config.width, math.prod(self.shape))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate."""
        return self.layers(latents).view(-1, *self.shape)


class Encoder(nn.Module):
    """Maps samples ``(N, *sample_shape)`` to latents ``(N, latent_dim)``."""

    def __init__(self, config: BiganConfig) -> None:
        super().__init__()
        self.layers = _layers(math.prod(config.sample_shape), config.width, config.latent_dim)

    def forward(self, samples: Tensor) -> Tensor:
        """Infer."""
        return self.layers(samples.flatten(1))


class Discriminator(nn.Module):
    """Scores samples beside their latents ``(N, latent_dim)``."""

    def __init__(self, config: BiganConfig) -> None:
        super().__init__()
        self.length = config.latent_dim
        inputs = math.prod(config.sample_shape) + config.latent_dim
        self.layers = _layers(inputs, config.width, 1)

    def forward(
        self, samples: Tensor, labels: Tensor | None = None, condition: Tensor | None = None
    ) -> Tensor:
        """Return logits ``(N,)``; without latents they are taken to be zero."""
        if condition is None:
            condition = samples.new_zeros(len(samples), self.length)
        return self.layers(torch.cat([samples.flatten(1), condition], dim=1)).squeeze(1)
