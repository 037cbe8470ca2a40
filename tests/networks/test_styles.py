"""Latents of one's own, kinds of truncation, and what a style-based generator offers."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from ganzoo_styles import SPEC

from ganzoo import registry
from ganzoo.errors import RequestError
from ganzoo.networks import Generator, create_generator
from ganzoo.spec import Truncation

STYLES = {"width": 4, "style_dim": 8, "latent_dim": 6, "sample_shape": (1, 8, 8)}


@pytest.fixture
def styles(monkeypatch):
    """Register the style-based architecture, perhaps with another truncation, and build it."""
    monkeypatch.setattr(registry, "_local", {})

    def styles(truncation=None, **values):
        def traits(config):
            return replace(
                SPEC.traits(config), **({"truncation": truncation} if truncation else {})
            )

        registry.register(replace(SPEC, traits=traits), override=True)
        return create_generator("styles", seed=0, **{**STYLES, **values})

    return styles


def seen(G, make):
    """Return the latents that a generator is called with."""
    latents = []
    hook = G.module.register_forward_hook(lambda module, given, output: latents.append(given[0]))
    make()
    hook.remove()
    return torch.cat(latents)


@pytest.mark.parametrize("options", [{}, {"labels": 1}])
def test_samples_are_generated_from_their_latents(styles, options):
    G = styles(num_classes=3)
    sampled = G.sample(5, seed=3, **options)
    assert G.generate(G.latents(5, seed=3), seed=3, **options).equal(sampled)
    assert G.latents(5, seed=3)[:2].equal(G.latents(2, seed=3))
    # In batches, too, which noise and labels do not depend on.
    assert G.generate(G.latents(5, seed=3), seed=3, batch_size=2, **options).allclose(sampled)


def test_a_bundled_generators_truncation_is_that_of_its_latents():
    G = create_generator("vanilla", sample_shape=(2,), seed=0)
    latents = G.latents(6, seed=1, truncation=0.4)
    assert latents.abs().max() <= 0.4
    assert G.generate(latents).equal(G.sample(6, seed=1, truncation=0.4))


@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
def test_scaled_latents_are_drawn_within_2_and_multiplied(styles, t):
    G = styles(Truncation("scaled", default=1.0))
    drawn = G.latents(40, seed=0)
    assert 1.9 < drawn.abs().max() <= 2
    assert seen(G, lambda: G.sample(40, seed=0)).equal(drawn)
    assert seen(G, lambda: G.sample(40, seed=0, truncation=t)).equal(t * drawn)


def test_a_variance_multiplies_normal_latents(styles):
    G = styles(Truncation("variance", (0.1, 3.0)))
    drawn = G.latents(40, seed=0)
    assert drawn.abs().max() > 2
    assert seen(G, lambda: G.sample(40, seed=0, truncation=2)).equal(2 * drawn)


def test_styles_are_moved_to_their_mean(styles):
    G = styles()
    G.module.mean.normal_(generator=torch.Generator().manual_seed(0))
    latents = G.latents(3, seed=0)
    with torch.no_grad():
        mapped, mean = G.map(latents), G.mean_style()
        expected = G.synthesize(mean + 0.3 * (mapped - mean))
    assert G.sample(3, seed=0, truncation=0.3).allclose(expected.add(1).div(2).clamp(0, 1))
    assert mapped.shape == (3, 2, 8)
    assert G.truncate(mapped, 0.0, 1)[:, 0].allclose(mean[0].expand(3, -1))
    assert G.truncate(mapped, torch.zeros(3, 1, 1), labels=None).allclose(mean.expand(3, -1, -1))
    assert {*G.noises()} == {"0", "1"}
    assert G.readers()["mapping"].shape == (8, 6)


def test_a_generator_enters_its_own_statistics(styles, monkeypatch):
    G, asked = styles(Truncation("scaled", default=0.5)), []

    @contextmanager
    def at_truncation(t):
        asked.append(t)
        yield
        asked.append("left")

    monkeypatch.setattr(type(G.module), "at_truncation", staticmethod(at_truncation), raising=False)
    G.sample(2, seed=0)
    G.sample(2, seed=0, truncation=0.25)
    assert asked == [0.5, "left", 0.25, "left"]


def test_an_extra_reaches_the_network(styles):
    G = styles()
    mapped = G.map(G.latents(2, seed=0))
    turned = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]).expand(2, -1, -1)
    plain, moved = G.synthesize(mapped), G.synthesize(mapped, transform=turned)
    assert not plain.allclose(moved)
    assert G.synthesize(mapped, noise=G.noises()).equal(plain)


WRONG = {
    "below the range": (lambda G: G.sample(1, truncation=-1.1), "must be between -1 and 2"),
    "above the range": (lambda G: G.sample(1, truncation=2.1), "truncation is 2.1; of styles"),
    "in the wrong place": (lambda G: G.latents(1, truncation=1.0), "pass it to generate"),
    "latents of another length": (lambda G: G.generate(torch.zeros(2, 5)), "takes floating-point"),
    "one latent": (lambda G: G.generate(torch.zeros(6)), "numbers (N, 6)"),
    "whole latents": (lambda G: G.generate(torch.zeros(2, 6).long()), "torch.int64"),
    "no latents": (lambda G: G.generate(torch.zeros(0, 6)), "the number of latents is 0"),
    "an unknown extra": (
        lambda G: G.synthesize(torch.zeros(1, 2, 8), angle=1),
        "it takes transform",
    ),
    "an unknown noise": (
        lambda G: G.synthesize(torch.zeros(1, 2, 8), noise="loud"),
        "must be const, random, none",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_one_sentence(styles, case):
    call, words = WRONG[case]
    with pytest.raises(RequestError) as found:
        call(styles())
    assert words in str(found.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda G: G.map(torch.zeros(1, 100)), "has no map; it is not style-based"),
        (lambda G: G.synthesize(torch.zeros(1)), "has no synthesize"),
        (lambda G: G.truncate(torch.zeros(1), 1), "has no truncate"),
        (lambda G: G.mean_style(), "has no mean_style"),
        (lambda G: G.noises(), "has no noises"),
        (lambda G: G.readers(), "its plugin names no matrices"),
        (lambda G: G.generate(torch.zeros(1, 100), truncation=0.5), "pass it to latents"),
    ],
)
def test_a_plain_generator_has_no_styles(call, words):
    G = create_generator("vanilla", sample_shape=(2,), seed=0)
    assert isinstance(G, Generator)
    with pytest.raises(RequestError, match=words):
        call(G)


def test_no_truncation_at_all(styles):
    with pytest.raises(RequestError, match="styles has no truncation; leave truncation out"):
        styles(Truncation("none")).sample(1, truncation=0.5)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"range": (1.0, 1.0)}, "must be (least, greatest)"),
        ({"kind": "scaled", "range": (-1.0, 1.0)}, "of which only styles may be below 0"),
        ({"default": 2.0}, "must be above 0 and at most 1"),
        ({"kind": "none", "default": 1.0}, "must be left out"),
        ({"kind": "styles", "default": float("nan")}, "must be between 0 and 1"),
    ],
)
def test_a_truncation_that_cannot_be(values, words):
    with pytest.raises(ValueError, match=r"range|default") as found:
        Truncation(**values)
    assert words in str(found.value)
