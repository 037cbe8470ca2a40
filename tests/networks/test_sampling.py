"""Sampling from generators, and the thin module around a plugin's network."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ganzoo.errors import RequestError
from ganzoo.networks import Generator, create_discriminator, create_generator
from ganzoo.weights.description import DataFacts, Info


def digits(names=None, **values):
    """A small conditional generator that has been in training for a moment."""
    G = create_generator(
        "dcgan",
        **{"sample_shape": (1, 16, 16), "width": 4, "num_classes": 3, "seed": 0, **values},
    )
    with torch.no_grad():
        for _ in range(3):
            labels = torch.randint(3, (8,)) if G.config.num_classes else None
            G.train()(torch.randn(8, 100), labels)
    G.eval()
    if names:
        G.info = G.info.model_copy(update={"data": DataFacts(class_names=names)})
    return G


def vectors(**facts):
    G = create_generator("vanilla", sample_shape=(2,), seed=0)
    data = DataFacts(kind="vectors", **facts)
    return Generator(G.module, Info.of(G.config, data=data)).eval()


@pytest.fixture
def G():
    torch.manual_seed(0)
    return digits()


SAMPLERS = {
    "dcgan": lambda: digits(num_classes=0),
    "conditional": digits,
    "vanilla": lambda: create_generator("vanilla", sample_shape=(1, 8, 8), seed=0).eval(),
    "short latents": lambda: create_generator("vanilla", latent_dim=3, seed=0).eval(),
    "uniform": lambda: create_generator("vanilla", latent="uniform", seed=0).eval(),
    "vectors": lambda: vectors(shift=[1.0, 2.0], scale=[3.0, 4.0]),
    "wgan-gp": lambda: create_generator("wgan-gp", sample_shape=(3, 16, 16), width=8, seed=0),
}


@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS.keys())
def test_fewer_samples_are_the_first_of_more(make):
    G = make()
    many = G.sample(16, seed=0)
    assert torch.allclose(G.sample(4, seed=0), many[:4], atol=1e-6)
    assert torch.allclose(G.sample(16, seed=0, batch_size=5), many, atol=1e-6)
    assert not torch.allclose(G.sample(4, seed=1), many[:4], atol=1e-4)
    assert not torch.allclose(many[:1].expand_as(many), many, atol=1e-4)


def test_that_holds_with_truncation_and_labels(G):
    options = {"truncation": 0.5, "labels": 1}
    many = G.sample(16, seed=0, **options)
    assert torch.allclose(G.sample(4, seed=0, **options), many[:4], atol=1e-6)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**63 - 1), n=st.integers(1, 5), more=st.integers(0, 5))
def test_that_holds_for_any_seed(seed, n, more):
    G = create_generator("vanilla", sample_shape=(2,), generator_widths=(4,), seed=0)
    assert torch.allclose(G.sample(n, seed=seed), G.sample(n + more, seed=seed)[:n], atol=1e-6)


def test_without_a_seed_every_call_draws_anew_whatever_the_global_state(G):
    torch.manual_seed(0)
    first = G.sample(2)
    torch.manual_seed(0)
    assert not G.sample(2).equal(first)


def test_the_global_state_is_let_alone(G, styled):
    noisy = create_generator(styled, sample_shape=(3, 2, 2))
    noisy.module.noise = 1.0
    for generator in (G, noisy):
        state = torch.get_rng_state()
        generator.sample(3, seed=0)
        generator.sample(3)
        assert torch.get_rng_state().equal(state)


def test_draws_inside_a_network_are_seeded(styled):
    G = create_generator(styled, sample_shape=(3, 2, 2))
    G.module.noise = 1.0
    assert G.sample(3, seed=0).equal(G.sample(3, seed=0))
    G.module.noise = 0.0
    plain = G.sample(3, seed=0)
    G.module.noise = 1.0
    assert not G.sample(3, seed=0).equal(plain)


def test_sampling_is_in_evaluation_mode_and_every_flag_is_restored(G, monkeypatch):
    expected = G.sample(4, seed=0)
    G.train()
    frozen = next(m for m in G.modules() if isinstance(m, nn.BatchNorm2d)).eval()
    modes = [module.training for module in G.modules()]
    statistics = frozen.running_mean.clone()
    assert G.sample(4, seed=0).equal(expected)
    assert [module.training for module in G.modules()] == modes
    assert frozen.running_mean.equal(statistics)
    monkeypatch.setattr(G.module, "forward", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        G.sample(1)
    assert [module.training for module in G.modules()] == modes


def test_images_are_in_zero_to_one_and_clamped(styled, G):
    assert G.sample(4, seed=0).dtype == torch.float32
    loud = create_generator(styled, sample_shape=(3, 2, 2), seed=0)
    with torch.no_grad():
        loud.module.output.weight.mul_(10)
        latents = torch.randn(64, 100)
        assert loud(latents).abs().max() > 1
    samples = loud.sample(64, seed=0)
    assert (samples.min(), samples.max()) == (0, 1)
    assert not samples.requires_grad


def test_images_are_the_networks_own_moved_from_minus_one_to_one(G):
    seen = []
    G.module.register_forward_hook(lambda module, arguments, output: seen.append(output))
    samples = G.sample(4, seed=0, labels=0)
    assert torch.allclose(samples, (seen[0] + 1) / 2)


def test_vectors_are_in_data_units_and_not_clamped():
    plain = vectors().sample(50, seed=0)
    G = vectors(shift=[10.0, -20.0], scale=[2.0, 400.0])
    units = G.sample(50, seed=0)
    assert torch.allclose(
        units, plain * torch.tensor([2.0, 400.0]) + torch.tensor([10.0, -20.0]), rtol=1e-5
    )
    assert units[:, 1].min() < -20


LABELS = {
    "number": 2,
    "numbers": [2, 2, 2],
    "tensor": torch.tensor([2, 2, 2]),
    "array": np.array([2, 2, 2]),
    "name": "zebra",
    "names": ["zebra"] * 3,
    "both": ["zebra", 2, "zebra"],
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS.keys())
def test_labels_are_given_as(labels):
    torch.manual_seed(0)
    G = digits(["ant", "bee", "zebra"])
    seen = []
    G.module.register_forward_hook(lambda module, arguments, output: seen.append(arguments[1]))
    G.sample(3, seed=0, labels=labels)
    assert seen[0].tolist() == [2, 2, 2]
    assert seen[0].dtype == torch.int64


def test_labels_left_out_are_drawn_evenly(G):
    seen = []
    G.module.register_forward_hook(lambda module, arguments, output: seen.append(arguments[1]))
    G.sample(600, seed=0, batch_size=200)
    assert [len(labels) for labels in seen] == [200] * 3
    assert torch.cat(seen).bincount().tolist() == pytest.approx([200] * 3, abs=50)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("zebr", "did you mean 'zebra'"),
        ("", "no class ''"),
        (3, "no class 3"),
        (-1, "no class -1"),
        ([0, 1], "got 2 labels for 3"),
        ([0, 1, 9], "no class 9"),
    ],
    ids=str,
)
def test_labels_that_are_none_are_refused(labels, message):
    G = digits(["ant", "bee", "zebra"])
    with pytest.raises(RequestError, match=message):
        G.sample(3, labels=labels)


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [
        (0, {}, "n is 0"),
        (1, {"batch_size": 0}, "batch_size is 0"),
        (1, {"seed": -1}, "seed is -1"),
        (1, {"seed": 2**63}, "must be a whole number between"),
        (1, {"truncation": 0.0}, "truncation is 0"),
        (1, {"truncation": 1.1}, r"truncation is 1\.1"),
        (1, {"truncation": float("nan")}, "truncation is nan"),
    ],
    ids=str,
)
def test_numbers_out_of_range_are_refused(n, options, message, G):
    with pytest.raises(RequestError, match=message):
        G.sample(n, **options)


def test_an_unconditional_generator_refuses_labels():
    with pytest.raises(RequestError, match="without labels"):
        digits(num_classes=0).sample(1, labels=0)


@pytest.mark.parametrize("truncation", [0.1, 0.7, 1.0])
def test_truncation_cuts_normal_latents_off(truncation):
    G = create_generator("vanilla", sample_shape=(2,), seed=0)
    seen = []
    G.module.register_forward_hook(lambda module, arguments, output: seen.append(arguments[0]))
    G.sample(50, seed=0, truncation=truncation)
    assert seen[0].abs().max() <= truncation
    assert seen[0].abs().max() > 0.98 * truncation
    assert seen[0].mean().abs() < 0.05


def test_uniform_latents_refuse_truncation():
    G = create_generator("vanilla", latent="uniform", seed=0)
    with pytest.raises(RequestError, match="uniform latents"):
        G.sample(1, truncation=0.5)
    seen = []
    G.module.register_forward_hook(lambda module, arguments, output: seen.append(arguments[0]))
    G.sample(20, seed=0)
    assert -1 <= seen[0].min() < -0.98
    assert 0.98 < seen[0].max() <= 1


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_a_networks_own_truncation_is_used(styled, latent):
    G = create_generator(styled, sample_shape=(3, 2, 2), latent=latent, seed=0)
    full = G.sample(5, seed=0)
    assert torch.allclose(G.sample(5, seed=0, truncation=1.0), full, atol=1e-6)
    module = G.module
    average = module.output(module.average).unflatten(0, (3, 2, 2)).detach()
    little = G.sample(5, seed=0, truncation=1e-6)
    assert torch.allclose(little, ((average + 1) / 2).clamp(0, 1).expand_as(little), atol=1e-4)


def test_a_generator_in_double_or_bfloat16_samples_float32():
    G = create_generator("vanilla", sample_shape=(1, 8, 8), seed=0)
    plain = G.sample(2, seed=0)
    double = G.double().sample(2, seed=0)
    assert double.dtype == torch.float32
    assert torch.allclose(double, plain, atol=1e-6)
    assert torch.allclose(G.bfloat16().sample(2, seed=0), plain, atol=2e-2)


@pytest.mark.parametrize("create", [create_generator, create_discriminator])
class TestNetwork:
    """The thin module around a plugin's own."""

    def make(self, create, seed=0):
        return create("dcgan", sample_shape=(1, 16, 16), width=4, seed=seed)

    def test_its_state_is_the_inner_modules(self, create):
        network = self.make(create)
        assert network.state_dict().keys() == network.module.state_dict().keys()
        other = self.make(create, seed=1)
        other.load_state_dict(network.state_dict())
        for key, tensor in network.module.state_dict().items():
            assert other.module.state_dict()[key].equal(tensor)
        with pytest.raises(RuntimeError, match="Missing key"):
            other.load_state_dict({})

    def test_its_state_is_the_inner_modules_inside_a_larger_module(self, create):
        one, other = (nn.ModuleDict({"net": self.make(create, seed=s)}) for s in (0, 1))
        state = one.state_dict()
        assert {k.removeprefix("net.") for k in state} == {*one["net"].module.state_dict()}
        other.load_state_dict(state)
        assert all(a.equal(b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
        state.popitem()
        with pytest.raises(RuntimeError, match="Missing key"):
            other.load_state_dict(state)

    def test_it_tells_what_it_is(self, create):
        network = self.make(create)
        assert network.config.width == 4
        assert network.config.name == "dcgan"
        assert network.info.plugin.distribution == "ganzoo-torch"
        line = (
            rf"{type(network).__name__}\(dcgan, preset pytorch, images 1x16x16, [\d,]+ parameters\)"
        )
        assert re.fullmatch(line, repr(network))
        assert network.device == torch.device("cpu")


def test_facts_of_the_data_must_fit_the_networks():
    config = create_generator("vanilla", sample_shape=(2,)).config
    for facts in (
        {"kind": "images"},
        {"kind": "vectors", "scale": [1.0]},
        {"kind": "vectors", "scale": [1.0, 1.0]},
        {"kind": "vectors", "scale": [1.0, 1.0], "shift": [1.0]},
        {"kind": "vectors", "class_names": ["a"]},
    ):
        with pytest.raises(ValueError, match=r"data\."):
            Info.of(config, data=DataFacts(**facts))
