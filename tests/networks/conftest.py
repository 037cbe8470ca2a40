"""Small architectures, registered for one test."""

import pytest
import torch
from torch import nn

from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.spec import Architecture, Traits, Truncation


class Styled(nn.Module):
    """A generator with a map, a truncation and a synthesis of its own, which draws noise."""

    def __init__(self, config):
        super().__init__()
        self.shape = config.sample_shape
        self.mapping = nn.Linear(config.latent_dim, 8)
        self.register_buffer("average", torch.full((8,), 0.5))
        self.output = nn.Linear(8, 12)
        self.noise = 0.0

    def map(self, latents, labels=None):
        return self.mapping(latents)

    def truncate(self, styles, psi, cutoff=None, labels=None):
        return torch.lerp(self.average, styles, psi)

    def synthesize(self, styles, *, noise="const"):
        samples = self.output(styles)
        return (samples + self.noise * torch.randn(samples.shape)).unflatten(1, self.shape)

    def forward(self, latents, labels=None):
        return self.synthesize(self.map(latents, labels))


class Scorer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.score = nn.Linear(12, 1)

    def forward(self, samples, labels=None):
        return self.score(samples.flatten(1)).squeeze(1)


@pytest.fixture
def styled(monkeypatch):
    monkeypatch.setattr(registry, "_local", {})
    registry.register(
        Architecture(
            name="styled",
            summary="A test.",
            config=LatentConfig,
            generator=Styled,
            discriminator=Scorer,
            traits=lambda config: Traits(output="linear", truncation=Truncation("styles")),
        )
    )
    return "styled"
