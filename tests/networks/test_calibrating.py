"""Batch-norm statistics of truncated samples."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo import load_generator, registry
from ganzoo.config import LatentConfig
from ganzoo.errors import RequestError
from ganzoo.networks import create_generator
from ganzoo.spec import Architecture, Traits, Truncation
from ganzoo.weights.card import write_card

LATENT, WIDTH, CLASSES = 5, 6, 3


class Normed(nn.Module):
    """Two batch norms, a class embedding, and noise of its own if it is asked for."""

    def __init__(self, config):
        super().__init__()
        self.shape = config.sample_shape
        self.classes = nn.Embedding(max(1, config.num_classes), LATENT)
        self.first, self.one = nn.Linear(LATENT, WIDTH), nn.BatchNorm1d(WIDTH)
        self.second, self.two = nn.Linear(WIDTH, 4), nn.BatchNorm1d(4, momentum=0.3)
        self.noise = 0.0

    def forward(self, latents, labels=None):
        if labels is not None:
            latents = latents + self.classes(labels)
        hidden = self.one(self.first(latents)).relu()
        hidden = hidden + self.noise * torch.randn(hidden.shape)
        return self.two(self.second(hidden)).tanh().unflatten(1, self.shape)


class OfEach(Normed):
    def at_truncation(self, t):
        raise AssertionError("the test refuses before")


class Scorer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.score = nn.Linear(4, 1)

    def forward(self, samples, labels=None):
        return self.score(samples.flatten(1)).squeeze(1)


@pytest.fixture
def normed(monkeypatch):
    monkeypatch.setattr(registry, "_local", {})

    def make(generator=Normed, kind="resampled", **values):
        spec = Architecture(
            name="normed",
            summary="A test.",
            config=LatentConfig,
            generator=generator,
            discriminator=Scorer,
            traits=lambda config: Traits(labels=True, truncation=Truncation(kind, (0.0, 2.0))),
        )
        registry.register(spec, override=True)
        shape = {"sample_shape": (1, 2, 2), "latent_dim": LATENT, "num_classes": CLASSES}
        return create_generator("normed", seed=0, **{**shape, **values}).eval()

    return make


def buffers(G):
    return {name: buffer.clone() for name, buffer in G.module.named_buffers()}


def expected(G, latents, labels, batch_size):
    """Means over the batches of each batch's mean and unbiased variance, in NumPy."""
    weights = {n: p.detach().double().numpy() for n, p in G.module.named_parameters()}
    found = {name: ([], []) for name in ("one", "two")}
    for start in range(0, len(latents), batch_size):
        rows = slice(start, start + batch_size)
        x = latents[rows].double().numpy() + weights["classes.weight"][labels[rows].numpy()]
        for layer, norm in (("first", "one"), ("second", "two")):
            x = x @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
            found[norm][0].append(x.mean(0))
            found[norm][1].append(x.var(0, ddof=1))
            x = np.maximum(0, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5))
    return {norm: [np.mean(part, axis=0) for part in parts] for norm, parts in found.items()}


@pytest.mark.parametrize("truncation", [None, 0.5])
@pytest.mark.parametrize("kind", ["resampled", "scaled", "variance"])
def test_statistics_are_means_over_batches(normed, kind, truncation):
    G = normed(kind=kind)
    before = buffers(G)
    seen = []
    hook = nn.modules.module.register_module_forward_pre_hook(
        lambda module, args: seen.append(args[1]) if isinstance(module, Normed) else None
    )
    C = G.calibrate(truncation, samples=96, batch_size=16, seed=7)
    hook.remove()
    drawn = truncation if kind == "resampled" else None
    latents = G.latents(96, seed=7, truncation=drawn)
    if truncation is not None and kind != "resampled":
        latents = latents * truncation
    labels = torch.cat(seen)
    assert set(labels.tolist()) == {0, 1, 2}
    for norm, (mean, variance) in expected(G, latents, labels, 16).items():
        module = getattr(C.module, norm)
        assert module.running_mean.numpy() == pytest.approx(mean, rel=1e-4, abs=1e-5)
        assert module.running_var.numpy() == pytest.approx(variance, rel=1e-4, abs=1e-5)
        assert not module.training
    assert (C.module.one.momentum, C.module.two.momentum) == (0.1, 0.3)
    # The original is as it was, and shares nothing with the copy.
    assert all(buffer.equal(before[name]) for name, buffer in G.module.named_buffers())
    assert G.info.calibration is None
    ours = {t.data_ptr() for t in G.module.state_dict().values()}
    assert not ours & {t.data_ptr() for t in C.module.state_dict().values()}


def test_nothing_but_the_seed_and_the_numbers_matter(normed):
    G = normed()
    G.module.noise = 0.5
    C = G.calibrate(0.5, samples=64, batch_size=16, seed=1)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    with torch.device("meta"), torch.autocast("cpu", torch.bfloat16):
        again = G.calibrate(0.5, samples=64, batch_size=16, seed=1)
    assert torch.get_rng_state().equal(state)
    twice = C.calibrate(0.5, samples=64, batch_size=16, seed=1)
    other = G.calibrate(0.5, samples=64, batch_size=16, seed=2)
    for name, buffer in C.module.named_buffers():
        assert buffer.equal(dict(again.module.named_buffers())[name])
        assert buffer.equal(dict(twice.module.named_buffers())[name])
    assert not C.module.one.running_mean.equal(other.module.one.running_mean)


def test_batches_of_another_size_are_of_the_same_samples(normed):
    G = normed()
    means = [
        G.calibrate(0.5, samples=64, batch_size=size).module.one.running_mean
        for size in (8, 32, 64)
    ]
    for mean in means[1:]:
        assert torch.allclose(mean, means[0], atol=1e-6)


def test_truncated_samples_need_it(normed):
    """Untruncated statistics leave the layers behind them off their means."""
    G = normed(num_classes=0).calibrate(samples=4096, batch_size=256)
    C = G.calibrate(0.3, samples=4096, batch_size=256)

    def off(generator):
        seen = []
        norm = generator.module.one
        handle = norm.register_forward_hook(lambda module, args, output: seen.append(output))
        generator.sample(2048, seed=3, truncation=0.3, batch_size=2048)
        handle.remove()
        return (seen[0].std(0) - 1).abs().max().item()

    assert off(G) > 0.5
    assert off(C) < 0.05
    assert not C.sample(4, seed=0, truncation=0.3).equal(G.sample(4, seed=0, truncation=0.3))


def test_a_copy_samples_as_it_was_calibrated(normed):
    C = normed().calibrate(0.5, samples=32, batch_size=16)
    assert C.truncation.default == 0.5
    assert C.sample(4, seed=0).equal(C.sample(4, seed=0, truncation=0.5))
    assert not C.sample(4, seed=0).equal(C.sample(4, seed=0, truncation=2.0))
    assert C.calibrate(samples=32, batch_size=16).info == C.info


def test_what_is_saved_says_so(normed, tmp_path):
    G = normed()
    G.info = G.info.model_copy(update={"scores": [{"metric": "fid", "value": 1.0}]})
    C = G.calibrate(0.5, samples=32, batch_size=16, seed=3)
    C.save(tmp_path)
    L = load_generator(tmp_path)
    facts = {"truncation": 0.5, "samples": 32, "batch_size": 16, "seed": 3}
    assert L.info.calibration.model_dump() == facts
    assert (L.info.scores, G.info.scores != []) == ([], True)
    assert L.truncation.default == 0.5
    assert L.sample(4, seed=0).equal(C.sample(4, seed=0))
    card = write_card(L.info, "own/normed", ["model.safetensors"])
    assert "estimated for a truncation of 0.5, which is its default (32 samples in" in card
    plain = write_card(G.calibrate(samples=32, batch_size=16).info, "own/normed", [])
    assert "estimated from untruncated samples (32 samples in batches of 16, seed 0)" in plain
    assert "truncation" not in write_card(G.info, "own/normed", [])


@pytest.mark.parametrize("found", [1e9, -1.0, float("nan")])
def test_a_strangers_truncation_is_no_default(normed, found):
    C = normed().calibrate(0.5, samples=32, batch_size=16)
    odd = C.info.calibration.model_copy(update={"truncation": found})
    C.info = C.info.model_copy(update={"calibration": odd})
    assert C.truncation.default is None


FEW = {"samples": 32, "batch_size": 16}


@pytest.mark.parametrize(
    ("make", "values", "message"),
    [
        ({"generator": OfEach}, FEW, "has statistics for each truncation; sample with truncation"),
        ({"latent": "uniform"}, {**FEW, "truncation": 0.5}, "has no truncation; leave truncation"),
        ({}, {**FEW, "truncation": 3.0}, "truncation is 3.0; of normed it must be above 0"),
        ({}, {"samples": 100, "batch_size": 16}, "ask for 96, or change batch_size"),
        ({}, {"samples": 5, "batch_size": 16}, "ask for 16, or change batch_size"),
        ({}, {"samples": 8, "batch_size": 1}, "batch_size is 1; it must be a whole number of at"),
        ({}, {**FEW, "seed": -1}, "the seed is -1"),
    ],
    ids=["of each", "uniform", "out of range", "odd", "too few", "batches of one", "seed"],
)
def test_what_cannot_be_calibrated_is_refused(normed, make, values, message):
    G = normed(**make)
    with pytest.raises(RequestError, match=re.escape(message)):
        G.calibrate(**values)


def test_a_generator_without_batch_norm_is_refused():
    G = create_generator(
        "wgan-gp", sample_shape=(1, 16, 16), width=4, generator_norm="none", seed=0
    )
    with pytest.raises(RequestError, match=r"this wgan-gp has no batch norm.*nothing to calibrate"):
        G.calibrate(0.5)
