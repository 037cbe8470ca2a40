"""Faults planted into a healthy style-based generator: each is named by its own check."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from ganzoo_styles import SPEC
from ganzoo_styles.config import StylesConfig
from ganzoo_styles.networks import Discriminator, Generator

from ganzoo.spec import Architecture, Truncation
from ganzoo.testing import check_plugin, checks_of

SMALL = {"width": 4, "style_dim": 8, "latent_dim": 6, "sample_shape": (1, 8, 8)}


def spec(generator=Generator, **traits):
    """The architecture of the distribution, with another generator or other traits."""
    return Architecture(
        name="planted",
        summary="A test.",
        config=StylesConfig,
        generator=generator,
        discriminator=Discriminator,
        traits=lambda config: replace(SPEC.traits(config), **traits),
    )


class Gained(Generator):
    """Healthy, with a gain of its own for each truncation."""

    def __init__(self, config):
        super().__init__(config)
        self.gain = 1.0

    def synthesize(self, styles, *, noise="const", transform=None):
        return self.gain * super().synthesize(styles, noise=noise, transform=transform)

    @contextmanager
    def at_truncation(self, t):
        self.gain = 1 + t
        try:
            yield
        finally:
            self.gain = 1.0


class Left(Gained):
    @contextmanager
    def at_truncation(self, t):
        self.gain = 1 + t
        yield
        self.gain = 1.0


class Incomplete(Generator):
    @property
    def noises(self):
        raise AttributeError("noises")


class Flat(Generator):
    def map(self, latents, labels=None):
        return super().map(latents, labels)[:, 0]


class OneMean(Generator):
    def mean_style(self, labels=None):
        return self.mean


class NoMeanOfClasses(Generator):
    def mean_style(self, labels=None):
        return super().mean_style()


class Quiet(Generator):
    def forward(self, latents, labels=None):
        return self.synthesize(self.map(latents, labels), noise="none")


class Noisy(Generator):
    """Changes the noise that it is asked for; a subclass says how."""

    def synthesize(self, styles, *, noise="const", transform=None):
        return super().synthesize(styles, noise=self.other(noise), transform=transform)


class Loud(Noisy):
    def other(self, noise):
        return "const" if noise == "none" else noise


class Deaf(Noisy):
    def other(self, noise):
        return noise if isinstance(noise, str) else "const"


class Fresh(Noisy):
    def other(self, noise):
        return "random" if noise == "const" else noise


class Unseeded(Noisy):
    def other(self, noise):
        if noise != "random":
            return noise
        source = np.random.default_rng()
        return {
            place: torch.as_tensor(source.normal(size=kept.shape)).float()
            for place, kept in self.noises().items()
        }


class Half(Noisy):
    """Uses the noise of its first layer alone."""

    def other(self, noise):
        if isinstance(noise, str):
            return noise
        return {
            place: noise["0"] if place == "0" else kept for place, kept in self.noises().items()
        }


class Reversed(Generator):
    def truncate(self, styles, psi, cutoff=None, labels=None):
        return super().truncate(styles, 1 - psi, cutoff, labels)


class Whole(Generator):
    def truncate(self, styles, psi, cutoff=None, labels=None):
        return super().truncate(styles, psi, None, labels)


class Scalar(Generator):
    def truncate(self, styles, psi, cutoff=None, labels=None):
        return super().truncate(styles, float(psi), cutoff, labels)


class Demanding(Generator):
    def synthesize(self, styles, *, transform, noise="const"):
        return super().synthesize(styles, noise=noise, transform=transform)


class Normed(Generator):
    def map(self, latents, labels=None):
        return super().map(latents / latents.norm(dim=1, keepdim=True), labels)


class Misread(Generator):
    def readers(self):
        return {"output": self.output.weight}


class Unread(Generator):
    def readers(self):
        return {}


# The planted fault -> the architecture, the check that names it, and words of its message.
FAULTS = {
    "no noises": (spec(Incomplete), "style-methods-are-complete", "has no noises"),
    "one style for all layers": (spec(Flat), "styles-have-their-shape", "returns (1, 8) for 1"),
    "a mean without layers": (spec(OneMean), "styles-have-their-shape", "it must be (2, 8)"),
    "no mean of classes": (
        spec(NoMeanOfClasses),
        "styles-have-their-shape",
        "mean_style(labels) of the generator is (2, 8)",
    ),
    "another noise when called": (
        spec(Quiet),
        "forward-is-map-and-synthesize",
        "differs from synthesize(map(latents, labels))",
    ),
    "noise where none is asked for": (spec(Loud), "noise-is-obeyed", 'with noise="none"'),
    "noise that is given in vain": (spec(Deaf), "noise-is-obeyed", "other noise at 0"),
    "noise that is not used everywhere": (spec(Half), "noise-is-obeyed", "other noise at 1"),
    "fresh noise for kept": (spec(Fresh), "noise-is-obeyed", "are random; use const"),
    "noise that is not seeded": (spec(Unseeded), "noise-is-obeyed", "the same seed gives"),
    "psi the wrong way round": (spec(Reversed), "truncation-leads-to-the-mean", "with psi 1.0"),
    "no cutoff": (spec(Whole), "truncation-leads-to-the-mean", "psi 0 and cutoff 1"),
    "psi as a number alone": (spec(Scalar), "truncation-leads-to-the-mean", "it raised"),
    "an extra without a name": (
        spec(extras=()),
        "extras-are-named",
        "takes transform, which is not in Traits.extras",
    ),
    "an extra that is not taken": (
        spec(extras=("transform", "angle")),
        "extras-are-named",
        "names angle, which synthesize",
    ),
    "an extra without a default": (spec(Demanding), "extras-are-named", "needs transform"),
    "latents whose length does not matter": (
        spec(Normed, truncation=Truncation("scaled")),
        "truncation-is-told",
        "as various as 1 does",
    ),
    "a truncation that stays": (spec(Left), "truncation-is-put-back", "in a finally clause"),
    "a reader of maps": (spec(Misread), "readers-read", "output of the generator is (1, 4, 1, 1)"),
    "no readers": (spec(Unread), "readers-read", "returns nothing"),
}


def test_a_strangers_style_based_generator_passes_every_check():
    results = check_plugin(spec(Gained), **SMALL)
    assert [(r.check, r.message) for r in results if r.state == "failed"] == []
    names = {name for _, name, _ in FAULTS.values()}
    assert not names & {r.check for r in results if r.state == "skipped"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_own_check(fault):
    planted, name, words = FAULTS[fault]
    (check,) = [check for check in checks_of(planted, **SMALL) if check.name == name]
    with pytest.raises(AssertionError, match=f"^{name}: ") as found:
        check.verify()
    assert words in str(found.value)


@pytest.mark.parametrize("kind", ["resampled", "scaled", "variance"])
def test_truncations_of_latents_make_samples_more_alike(kind):
    (check,) = [
        check
        for check in checks_of(spec(truncation=Truncation(kind)), **SMALL)
        if check.name == "truncation-is-told"
    ]
    assert check.run().state == "passed"
