"""Faults planted into a healthy translator: each is named by its own check."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ganzoo.config import TranslatorConfig
from ganzoo.spec import Architecture, Role, Traits
from ganzoo.testing import check_plugin, checks_of

WIDTH = 4
SHAPE = (3, 8, 12)


class Translator(nn.Module):
    """Healthy, with dropout, and the seams at which faults are planted."""

    def __init__(self, config):
        super().__init__()
        self.start = nn.Conv2d(config.source_shape[0], WIDTH, 3, padding=1)
        self.output = nn.Conv2d(WIDTH, config.sample_shape[0], 3, padding=1)

    def forward(self, images, latents=None, labels=None, *, draws=None):
        hidden = F.leaky_relu(self.start(images), 0.2)
        if self.training:
            hidden = hidden * self.kept(hidden, draws)
        return self.output(hidden).tanh()

    def kept(self, hidden, draws):
        if draws is None:
            return (torch.rand_like(hidden[:, :, :1, :1]) < 0.5).to(hidden.dtype)
        return (draws.uniform("kept", WIDTH, 1, 1) < 0.5).to(hidden.dtype)


class Critic(nn.Module):
    """Healthy."""

    def __init__(self, config):
        super().__init__()
        channels = config.sample_shape[0] + config.source_shape[0]
        self.start = nn.Conv2d(channels, WIDTH, 3, padding=1)
        self.output = nn.Conv2d(WIDTH, 1, 3, padding=1)

    def forward(self, samples, labels=None, condition=None):
        return self.output(F.softplus(self.start(torch.cat([samples, condition], dim=1))))


class Changed(Translator):
    """Changes the images before they are translated, or what is made of them."""

    def before(self, images):
        return images

    def after(self, made):
        return made

    def forward(self, images, latents=None, labels=None, *, draws=None):
        return self.after(super().forward(self.before(images), draws=draws))


class Flat(Changed):
    def __init__(self, config):
        super().__init__(config)
        self.mixed = nn.Linear(8 * 12, 8 * 12)

    def before(self, images):
        return self.mixed(images.flatten(2)).view(-1, images.shape[1], 8, 12)


class Resized(Changed):
    def after(self, made):
        return F.interpolate(made, size=(8, 12))


class Rounded(Changed):
    def before(self, images):
        return images.mul(127.5).round().div(127.5)


class Scaled(Changed):
    def after(self, made):
        return 3 * made


class Doubled(Changed):
    def after(self, made):
        return made.double()


class Centred(Changed):
    def before(self, images):
        return images - images.mean(dim=0)


class Shifted(Changed):
    def before(self, images):
        return images + torch.ones(3, 1, 1)


class Dropping(Changed):
    def before(self, images):
        return F.dropout(images, 0.5, training=True)


class Unseeded(Changed):
    def before(self, images):
        noise = np.random.default_rng().normal(size=images.shape)
        return images + torch.as_tensor(noise).to(images)


class InPlace(Changed):
    def before(self, images):
        return images.mul_(0.5)


class Ignoring(Translator):
    def kept(self, hidden, draws):
        return super().kept(hidden, None)


class Placed(Translator):
    def kept(self, hidden, draws):
        return super().kept(hidden, draws).flip(0)


class Unused(Translator):
    def __init__(self, config):
        super().__init__(config)
        self.forgotten = nn.Conv2d(3, 3, 1)


class Blind(Critic):
    def forward(self, samples, labels=None, condition=None):
        return super().forward(samples.detach(), labels, condition)


def spec(generator=Translator, discriminator=Critic, **traits):
    return Architecture(
        name="planted",
        summary="A test.",
        config=TranslatorConfig,
        networks={
            "generator": Role(generator, "translator", ("source",), ("target",)),
            "discriminator": Role(discriminator, "critic", ("target", "source")),
        },
        objectives=("paired",),
        traits=lambda config: Traits(**traits),
    )


# The planted fault -> the architecture, the check that names it, and words of its message.
FAULTS = {
    "a layer of one size": (spec(Flat), "sizes-are-free", "cannot translate one of 16x12"),
    "images of one size": (spec(Resized), "sizes-are-free", "instead of (1, 3, 16, 12)"),
    "rounded images": (spec(Rounded), "sources-get-gradients", "has no gradient for its images"),
    "no tanh": (spec(Scaled), "samples-are-in-range", "end the generator with tanh"),
    "another type": (spec(Doubled), "samples-have-their-shape", "torch.float64 samples"),
    "the mean of the batch": (spec(Centred), "samples-stand-alone", "the rest of its batch"),
    "a tensor of the CPU": (spec(Shifted), "device-is-kept", "create it with device="),
    "dropout in evaluation": (spec(Dropping), "translating-is-repeatable", "is random"),
    "noise that is not seeded": (spec(Unseeded), "translating-is-repeatable", "each time"),
    "images in place": (spec(InPlace), "inputs-are-kept", "changes its samples or labels"),
    "draws that are not used": (spec(Ignoring), "draws-are-used", "for the same draws"),
    "the draws of another row": (spec(Placed), "draws-are-used", "when its batch is split"),
    "an unused layer": (spec(Unused), "gradients-reach-all", "forgotten.bias"),
    "a critic that is blind": (
        spec(discriminator=Blind),
        "samples-get-gradients",
        "the discriminator's logits have no gradient",
    ),
}


def test_a_healthy_translator_passes_every_check():
    results = check_plugin(spec(), sample_shape=SHAPE)
    assert [(r.check, r.message) for r in results if r.state == "failed"] == []
    names = {name for _, name, _ in FAULTS.values()}
    assert not names & {r.check for r in results if r.state == "skipped"}


def test_sides_that_are_narrowed_need_not_be_free():
    (check,) = [
        check
        for check in checks_of(spec(Flat, sides=(8, 12)), sample_shape=(3, 8, 8))
        if check.name == "sizes-are-free"
    ]
    assert check.run().state == "skipped"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_own_check(fault):
    planted, name, words = FAULTS[fault]
    checks = checks_of(planted, sample_shape=SHAPE)
    (check,) = [check for check in checks if check.name == name]
    with pytest.raises(AssertionError, match=f"^{name}: ") as found:
        check.verify()
    assert words in str(found.value)
