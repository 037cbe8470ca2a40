"""Perceptrons that map latents to samples and samples to one logit."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo_vanilla.config import VanillaConfig

BATCH_NORM_EPS = 0.8
"""The common PyTorch perceptron means a momentum of 0.8 and sets epsilon; its results are so."""


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to samples: [-1, 1] by tanh for pictures, linear for vectors."""

    def __init__(self, config: VanillaConfig) -> None:
        super().__init__()
        self.sample_shape, self.num_classes = config.sample_shape, config.num_classes
        layers: list[nn.Module] = []
        width = config.latent_dim + config.num_classes
        for index, hidden in enumerate(config.generator_widths):
            layers.append(nn.Linear(width, hidden))
            if config.generator_norm == "batch" and index > 0:
                layers.append(nn.BatchNorm1d(hidden, eps=BATCH_NORM_EPS))
            layers.append(nn.LeakyReLU(config.slope, inplace=True))
            width = hidden
        layers.append(nn.Linear(width, math.prod(config.sample_shape)))
        if len(config.sample_shape) == 3:
            layers.append(nn.Tanh())
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate samples ``(N, *sample_shape)``; labels int64 ``(N,)`` where conditional."""
        samples: Tensor = self.layers(_with_classes(latents, labels, self.num_classes))
        return samples.reshape(-1, *self.sample_shape)


class Discriminator(nn.Module):
    """Samples ``(N, *sample_shape)`` to logits ``(N,)``."""

    def __init__(self, config: VanillaConfig) -> None:
        super().__init__()
        self.num_classes = config.num_classes
        layers: list[nn.Module] = []
        width = math.prod(config.sample_shape) + config.num_classes
        for hidden in config.discriminator_widths:
            layers += [nn.Linear(width, hidden), nn.LeakyReLU(config.slope, inplace=True)]
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
            width = hidden
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits ``(N,)``; labels int64 ``(N,)`` where conditional."""
        logits: Tensor = self.layers(_with_classes(samples.flatten(1), labels, self.num_classes))
        return logits.squeeze(1)


def _with_classes(rows: Tensor, labels: Tensor | None, num_classes: int) -> Tensor:
    """Append one-hot labels to the rows of a conditional network."""
    if not num_classes:
        return rows
    if labels is None:
        raise ValueError("a conditional network needs labels")
    return torch.cat([rows, F.one_hot(labels, num_classes).to(rows.dtype)], dim=1)
