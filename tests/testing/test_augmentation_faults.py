"""Faults planted into a healthy augmentation: each is named by its own check."""

import pytest
import torch

from ganzoo.augmentation.base import Augmentation
from ganzoo.config import AugmentationConfig
from ganzoo.spec import AugmentationSpec
from ganzoo.testing import check_plugin, checks_of


class Noise(Augmentation):
    """Healthy."""

    def __call__(self, samples, draws):
        noise = draws.normal("noise", *samples.shape[1:])
        return samples + 0.1 * noise.to(samples.dtype)


class Fading(Augmentation):
    """Healthy, with a strength that follows what the discriminator says."""

    every = 2

    def __init__(self, config):
        super().__init__(config)
        self.state = {"strength": torch.zeros(())}

    def __call__(self, samples, draws):
        return samples * (1 - 0.5 * self.state["strength"].to(samples.dtype))

    def adapt(self, sign, samples):
        self.state["strength"] = (self.state["strength"] + 0.1 * sign).clamp(0, 1)


class Cropped(Noise):
    def __call__(self, samples, draws):
        return super().__call__(samples, draws)[..., 1:]


class Promoted(Noise):
    def __call__(self, samples, draws):
        return super().__call__(samples, draws).float()


class Logarithmic(Noise):
    def __call__(self, samples, draws):
        return (samples + 1).log()


class Detached(Noise):
    def __call__(self, samples, draws):
        return super().__call__(samples.detach(), draws)


class DoubledOnce(torch.autograd.Function):
    @staticmethod
    def forward(ctx, samples):
        return 2 * samples

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return 2 * gradient


class OnceOnly(Noise):
    def __call__(self, samples, draws):
        return DoubledOnce.apply(samples)


class Global(Noise):
    def __call__(self, samples, draws):
        return samples + 0.1 * torch.randn_like(samples)


class Centred(Noise):
    def __call__(self, samples, draws):
        return samples - samples.mean(dim=0)


class InPlace(Noise):
    def __call__(self, samples, draws):
        return samples.detach().mul_(0.5) + 0 * samples


class Remembering(Fading):
    strength = 0.0

    def __call__(self, samples, draws):
        return samples * (1 - self.strength)

    def adapt(self, sign, samples):
        self.strength += 0.1


class Counting(Fading):
    def adapt(self, sign, samples):
        self.state["strength"] = torch.tensor(1)


def spec(factory, **more):
    return AugmentationSpec("planted", "A test.", AugmentationConfig, factory, **more)


HEALTHY = {
    "noise": spec(Noise),
    "noise on vectors too": spec(Noise, vectors=True),
    "a strength that adapts": spec(Fading, follows=lambda config: True),
}

# The planted fault -> the augmentation, the check that names it, and words of its message.
FAULTS = {
    "another shape": (Cropped, "samples-keep-their-form", "come back as (8, 1, 8, 7)"),
    "another type": (Promoted, "samples-keep-their-form", "of torch.float32"),
    "a logarithm of 0": (Logarithmic, "samples-stay-finite", "infinite"),
    "detached samples": (Detached, "samples-get-gradients", "do not detach or round"),
    "differentiable once": (
        OnceOnly,
        "gradients-are-differentiable",
        "cannot be differentiated twice",
    ),
    "random numbers of its own": (Global, "randomness-is-the-draws", "draws.uniform"),
    "a mean of the batch": (Centred, "samples-stand-alone", "no statistic of the batch"),
    "samples in place": (InPlace, "samples-are-kept", "in place"),
    "a strength outside its state": (Remembering, "state-is-kept-in-state", "self.state"),
    "a state of whole numbers": (Counting, "state-is-kept-in-state", "floating-point"),
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_augmentation_passes_every_check(kind):
    results = check_plugin(HEALTHY[kind])
    assert [(r.check, r.message) for r in results if r.state == "failed"] == []
    assert any(r.state == "passed" for r in results)


@pytest.mark.parametrize(
    ("name", "values"),
    [("none", {}), ("diffaugment", {}), ("ada", {}), ("ada", {"p": 0.5, "adapt": None})],
)
def test_the_augmentations_that_come_with_ganzoo_pass_every_check(name, values):
    results = check_plugin(name, **values)
    assert [(r.check, r.message) for r in results if r.state != "passed"] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_own_check(fault):
    factory, name, words = FAULTS[fault]
    (check,) = [check for check in checks_of(spec(factory)) if check.name == name]
    with pytest.raises(AssertionError, match=f"^{name}: ") as found:
        check.verify()
    assert words in str(found.value)


def test_every_check_of_augmentations_finds_a_fault():
    names = {check.name for check in checks_of(HEALTHY["noise"])}
    found = {name for _, name, _ in FAULTS.values()}
    shown_elsewhere = {"config-round-trip", "free-of-torch"}
    assert {n for n in names - found if not n.startswith("trains-in")} == shown_elsewhere
