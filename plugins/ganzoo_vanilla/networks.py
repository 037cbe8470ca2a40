"""Perceptrons that map latents to samples and samples to one logit."""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo_vanilla.config import VanillaConfig

BATCH_NORM_EPS = 0.8
"""The common PyTorch perceptron means a momentum of 0.8 and sets epsilon; its results are so."""


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to samples ``(N, *sample_shape)``.

    Images are in [-1, 1], by tanh or by a sigmoid that is brought there; vectors are linear.
    """

    def __init__(self, config: VanillaConfig) -> None:
        super().__init__()
        self.sample_shape, self.num_classes = config.sample_shape, config.num_classes
        self.latent_scale = config.latent_scale
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
            layers.append(SymmetricSigmoid() if config.unit_range else nn.Tanh())
        self.layers = nn.Sequential(*layers)
        _initialise(self, config.generator_init)

    def stages(self) -> list[list[nn.Module]]:
        """Return each linear layer with what follows it, from the latents to the sample."""
        return _by_linear(self.layers)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate samples ``(N, *sample_shape)``; labels int64 ``(N,)`` where conditional."""
        if self.latent_scale != 1:
            latents = self.latent_scale * latents
        samples: Tensor = self.layers(_with_classes(latents, labels, self.num_classes))
        return samples.reshape(-1, *self.sample_shape)


class Discriminator(nn.Module):
    """Samples ``(N, *sample_shape)`` to logits ``(N,)``."""

    def __init__(self, config: VanillaConfig) -> None:
        super().__init__()
        self.num_classes = config.num_classes
        self.unit_range = config.unit_range and len(config.sample_shape) == 3
        # A class is never dropped, so this stands before it is appended.
        self.blank = nn.Dropout(config.input_dropout) if config.input_dropout else nn.Identity()
        pieces = config.maxout_pieces
        layers: list[nn.Module] = []
        width = math.prod(config.sample_shape) + config.num_classes
        for hidden in config.discriminator_widths:
            layers.append(nn.Linear(width, hidden * max(pieces, 1)))
            layers.append(Maxout(pieces) if pieces else nn.LeakyReLU(config.slope, inplace=True))
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
            width = hidden
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))
        _initialise(self, config.discriminator_init)

    def stages(self) -> list[list[nn.Module]]:
        """Return each linear layer with what follows it, from the sample to the logit."""
        return _by_linear(self.layers)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits ``(N,)``; labels int64 ``(N,)`` where conditional."""
        rows = samples.flatten(1)
        if self.unit_range:
            rows = (rows + 1) / 2
        rows = self.blank(rows)
        logits: Tensor = self.layers(_with_classes(rows, labels, self.num_classes))
        return logits.squeeze(1)


class Maxout(nn.Module):
    """The largest of each unit's linear pieces: ``(N, units * pieces)`` to ``(N, units)``.

    Source: Goodfellow et al., Maxout Networks, 2013.
    """

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, rows: Tensor) -> Tensor:
        """Return the activations; neighbours are the pieces of one unit."""
        return rows.reshape(len(rows), rows.shape[1] // self.pieces, -1).max(dim=2).values

    def extra_repr(self) -> str:
        """Tell the number of pieces."""
        return str(self.pieces)


class SymmetricSigmoid(nn.Module):
    """A sigmoid whose [0, 1] is brought to [-1, 1]: 2 sigmoid(x) - 1, which is tanh(x / 2)."""

    def forward(self, rows: Tensor) -> Tensor:
        """Return values of the same shape, in [-1, 1]."""
        return torch.tanh(rows / 2)


def _initialise(network: nn.Module, limit: float | None) -> None:
    """Draw weights uniform within a limit and set biases to zero, where one is given."""
    if limit is None:
        return
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.uniform_(layer.weight, -limit, limit)
            nn.init.zeros_(layer.bias)


def _by_linear(layers: Iterable[nn.Module]) -> list[list[nn.Module]]:
    """Each linear layer with what follows it."""
    stages: list[list[nn.Module]] = []
    for layer in layers:
        if isinstance(layer, nn.Linear):
            stages.append([])
        stages[-1].append(layer)
    return stages


def _with_classes(rows: Tensor, labels: Tensor | None, num_classes: int) -> Tensor:
    """Append one-hot labels to the rows of a conditional network."""
    if not num_classes:
        return rows
    if labels is None:
        raise ValueError("a conditional network needs labels")
    return torch.cat([rows, F.one_hot(labels, num_classes).to(rows.dtype)], dim=1)
