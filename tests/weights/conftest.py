"""Small networks, and folders of their weights."""

import copy

import pytest
import torch

from ganzoo import registry
from ganzoo.networks import create_discriminator, create_generator
from ganzoo.weights import saving as weights
from ganzoo.weights.description import DataFacts

VALUES = {"sample_shape": (1, 16, 16), "width": 2, "num_classes": 3}


@pytest.fixture
def G():
    G = create_generator("dcgan", seed=0, **VALUES)
    G.train()(torch.randn(4, 100), torch.tensor([0, 1, 2, 0]))  # moves the statistics
    G.info = G.info.model_copy(
        update={"data": DataFacts(class_names=["Ä", "b", "c"]), "training": {"steps": 7}}
    )
    return G


@pytest.fixture
def D():
    return create_discriminator("dcgan", seed=0, **VALUES)


@pytest.fixture
def saved(tmp_path, G, D):
    """A whole weights folder."""
    raw = copy.deepcopy(G.module)
    with torch.no_grad():
        next(raw.parameters()).add_(1)
    networks = {"generator": G.module, "discriminator": D.module, "generator_raw": raw}
    return weights.save(tmp_path / "weights", G.info, networks)


@pytest.fixture
def own_plugins(monkeypatch):
    """Lets a test register plugins of its own."""
    monkeypatch.setattr(registry, "_local", {})
