"""Faults planted into healthy losses, penalties and datasets: each is named by its own check."""

import functools
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ganzoo.config import DataConfig, LossConfig, PenaltyConfig
from ganzoo.data.base import Dataset, Item
from ganzoo.data.composite import Composite
from ganzoo.losses.base import Loss
from ganzoo.penalties.base import Penalty, input_gradient
from ganzoo.spec import DatasetSpec, LossSpec, PenaltySpec
from ganzoo.testing import check_plugin, checks_of

# --- losses ------------------------------------------------------------------------------------


class Logistic(Loss):
    """Healthy."""

    def discriminator(self, real, fake):
        return real.mean(lambda x: F.softplus(-x)) + fake.mean(F.softplus)

    def generator(self, fake, real):
        return fake.mean(lambda x: F.softplus(-x))


class Relative(Logistic):
    """Healthy, with reals in the generator's turn."""

    needs_real = True

    def generator(self, fake, real):
        return fake.mean(lambda x: F.softplus(-x)) + real.mean(F.softplus)


class Summed(Logistic):
    def generator(self, fake, real):
        return F.softplus(-fake.logits[0])


class Overflowing(Logistic):
    def generator(self, fake, real):
        return fake.mean(lambda x: (1 + (-x).exp()).log())


class TurnedAround(Logistic):
    def discriminator(self, real, fake):
        return super().discriminator(fake, real)


class Driven(Logistic):
    def generator(self, fake, real):
        return fake.mean(F.softplus)


class FirstHead(Logistic):
    def generator(self, fake, real):
        return F.softplus(-fake.logits[0]).mean()


class Needy(Relative):
    needs_real = False


class InVain(Logistic):
    needs_real = True


class InPlace(Logistic):
    def discriminator(self, real, fake):
        return super().discriminator(real, fake) + sum(
            x.detach().relu_().sum() for x in real.logits
        )


class Listed(Logistic):
    def verdict(self, critique):
        return critique.logits[0].detach()


def loss(factory):
    return LossSpec("planted", "A test.", LossConfig, factory)


# --- penalties ---------------------------------------------------------------------------------


class Slope(Penalty):
    """Healthy: the squared gradient at points near the reals."""

    def points(self, context):
        noise = context.random.uniform("noise", *context.reals.shape[1:])
        return context.reals + 0.1 * noise

    def term(self, context):
        gradient = input_gradient(context.critic, self.points(context), context.real_labels)
        return gradient.square().sum() / len(gradient)


class PerSample(Slope):
    def term(self, context):
        gradient = input_gradient(context.critic, self.points(context), context.real_labels)
        return gradient.flatten(1).square().sum(dim=1)


class Detached(Slope):
    def term(self, context):
        return super().term(context).detach()


class Rooted(Slope):
    def term(self, context):
        return super().term(context).sqrt()


class Weighted(Slope):
    def term(self, context):
        return self.config.weight * super().term(context)


class Repeated(Slope):
    def term(self, context):
        return self.config.every * super().term(context)


class Global(Slope):
    def points(self, context):
        return context.reals + 0.1 * torch.rand_like(context.reals)


class Remembering(Slope):
    mean = 0.0

    def term(self, context):
        value = super().term(context)
        self.mean = 0.9 * self.mean + 0.1 * value.item()
        return value + self.mean


class Kept(Slope):
    """Healthy, with a state."""

    def term(self, context):
        value = super().term(context)
        self.state["mean"] = 0.9 * self.state.get("mean", torch.zeros(())) + 0.1 * value.detach()
        return value + self.state["mean"]


class Attached(Slope):
    def term(self, context):
        value = super().term(context)
        self.state["mean"] = value
        return value


class Shifting(Slope):
    def points(self, context):
        return context.reals.add_(0.1)


class Length(Penalty):
    """Healthy, of the generator."""

    def term(self, context):
        return context.fakes.square().mean()


class Clip(Penalty):
    """Healthy, a projection."""

    @torch.no_grad()
    def project(self, network, weight):
        for parameter in network.parameters():
            parameter.clamp_(-weight, weight)


class Replacing(Penalty):
    def project(self, network, weight):
        for module in network.modules():
            for name, parameter in list(module.named_parameters(recurse=False)):
                setattr(module, name, torch.nn.Parameter(parameter.detach().clamp(-1, 1)))


class Idle(Penalty):
    def project(self, network, weight):
        pass


class Dividing(Penalty):
    @torch.no_grad()
    def project(self, network, weight):
        for parameter in network.parameters():
            parameter.div_(0)


def penalty(factory, **more):
    return PenaltySpec("planted", "A test.", PenaltyConfig, factory, **more)


PROJECTION = {"kind": "projection"}

# --- datasets ----------------------------------------------------------------------------------


class Images(Dataset):
    """Healthy."""

    shape = (1, 6, 5)
    class_names = ("a", "b")

    def __init__(self, config):
        self.items = np.random.default_rng(0).integers(0, 256, (9, 6, 5)).astype(np.uint8)

    def __len__(self):
        return len(self.items)

    def read(self, index):
        return Item(self.items[index], index % 2)

    @property
    def fingerprint(self):
        return "planted"


class Points(Images):
    """Healthy, of vectors."""

    kind = "vectors"
    shape = (2,)
    shift, scale = (0.0, 1.0), (1.0, 2.0)

    def __init__(self, config):
        self.items = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)


class Empty(Images):
    def __len__(self):
        return 0


class Unscaled(Points):
    shift, scale = (), ()


class Flat(Images):
    shape = (30,)


class Float(Images):
    def read(self, index):
        return Item(self.items[index] / 255, 0)


class Lists(Images):
    def read(self, index):
        return Item(self.items[index].tolist(), 0)


class Infinite(Points):
    def read(self, index):
        return Item(np.array([0, np.inf], np.float32), 0)


class FromOne(Images):
    def read(self, index):
        return Item(self.items[index], 1 + index % 2)


class Twins(Images):
    class_names = ("a", "a")


class Augmenting(Images):
    def read(self, index):
        return Item(np.roll(self.items[index], np.random.default_rng().integers(1, 4)), 0)


class Drawn(Images):
    calls = itertools.count()

    def __init__(self, config):
        source = np.random.default_rng(next(self.calls))
        self.items = source.integers(0, 256, (9, 6, 5)).astype(np.uint8)


class Located(Images):
    calls = itertools.count()

    def __init__(self, config):
        super().__init__(config)
        self.print = f"planted-{next(self.calls)}"

    @property
    def fingerprint(self):
        return self.print


class Misread(Images):
    shape = (5, 6, 5)


class Named(Points):
    fingerprint = "points"


class Twofold(Composite):
    """Healthy, of two fields."""

    def __init__(self, config, one=Images, other=Named):
        super().__init__({"both": {"one": one(config), "other": other(config)}})


class Unnamed(Composite):
    def __init__(self, config):
        super().__init__({"both": {"One": Images(config), "other": Points(config)}})


class InTwoGroups(Composite):
    def __init__(self, config):
        super().__init__({group: {"one": Images(config)} for group in "ab"})


class Short(Named):
    def __init__(self, config):
        super().__init__(config)
        self.items = self.items[:-1]


class Broad(Images):
    def read(self, index):
        return Item(self.items[index][:3], 0)


class Forgetful(Twofold):
    @property
    def fingerprint(self):
        return self.groups["both"]["one"].fingerprint


def two(one=Images, other=Named):
    return functools.partial(Twofold, one=one, other=other)


def dataset(factory, **more):
    return DatasetSpec("planted", "A test.", DataConfig, factory, **more)


def of_two(factory):
    return dataset(factory, fields=("one", "other"))


HEALTHY = {
    "loss": loss(Logistic),
    "loss with reals": loss(Relative),
    "term": penalty(Slope),
    "term with a state": penalty(Kept),
    "term of the generator": penalty(Length, on="generator"),
    "projection": penalty(Clip, **PROJECTION),
    "images": dataset(Images),
    "vectors": dataset(Points),
    "fields": of_two(two()),
}

# The planted fault -> the plugin, the check that names it, and words of its message.
FAULTS = {
    "a loss for each sample": (loss(Summed), "losses-are-scalars", "(6,), not a scalar"),
    "a loss that overflows": (loss(Overflowing), "losses-are-finite", "use functions that"),
    "reals get the smaller logits": (
        loss(TurnedAround),
        "gradients-have-their-sense",
        "does not fall when reals are scored higher",
    ),
    "a generator that is driven away": (
        loss(Driven),
        "gradients-have-their-sense",
        "does not fall when fakes are scored higher",
    ),
    "the first head alone": (loss(FirstHead), "every-logit-counts", "the generator's loss ignores"),
    "reals that are not asked for": (loss(Needy), "reals-are-needed", "set needs_real = True"),
    "reals in vain": (loss(InVain), "reals-are-needed", "only costs time"),
    "logits in place": (loss(InPlace), "logits-are-kept", "changes logits in place"),
    "a verdict for each sample": (loss(Listed), "verdict-is-a-number", "not a finite scalar"),
    "no such kind": (penalty(Slope, **PROJECTION), "kind-is-defined", "defines no project"),
    "no such network": (penalty(Slope, on="critic"), "kind-is-defined", "'critic'"),
    "no coupling allowed": (
        penalty(Slope, forbids_coupling=("none",)),
        "coupling-can-be-met",
        "has 'none'",
    ),
    "a term for each sample": (penalty(PerSample), "term-is-a-number", "(8,), not a finite"),
    "a detached term": (penalty(Detached), "term-reaches-its-network", "detach nothing"),
    "a term of the other network": (
        penalty(Length),
        "term-reaches-its-network",
        "reaches the discriminator",
    ),
    "a root at zero": (penalty(Rooted), "term-is-finite-at-zero", "vector_norm"),
    "weighted twice": (penalty(Weighted), "weight-is-left-to-the-trainer", "depends on weight"),
    "repeated twice": (penalty(Repeated), "weight-is-left-to-the-trainer", "depends on every"),
    "random numbers of its own": (penalty(Global), "randomness-is-the-contexts", "context.random"),
    "a mean outside its state": (
        penalty(Remembering),
        "state-is-kept-in-state",
        "keep everything that it remembers in self.state",
    ),
    "a state with a graph": (penalty(Attached), "state-is-kept-in-state", "detach tensors before"),
    "reals in place": (penalty(Shifting), "context-is-kept", "changes its context in place"),
    "parameters replaced": (
        penalty(Replacing, **PROJECTION),
        "projection-is-in-place",
        "replaces parameters",
    ),
    "an idle projection": (penalty(Idle, **PROJECTION), "projection-is-in-place", "nothing"),
    "a division by zero": (penalty(Dividing, **PROJECTION), "projection-is-in-place", "finite"),
    "no samples": (dataset(Empty), "length-is-told", "its length is 0"),
    "no scale": (dataset(Unscaled), "shape-is-told", "need a shift and a scale"),
    "images without height": (dataset(Flat), "shape-is-told", "(channels, height, width)"),
    "float images": (dataset(Float), "samples-have-their-type", "images are uint8"),
    "lists": (dataset(Lists), "samples-have-their-type", "return a numpy array"),
    "infinite vectors": (dataset(Infinite), "samples-have-their-type", "not finite"),
    "labels from one": (dataset(FromOne), "labels-are-classes", "from 0 to 1"),
    "two classes of a name": (dataset(Twins), "labels-are-classes", "distinct texts"),
    "augmented samples": (dataset(Augmenting), "reading-is-repeatable", "when it is read"),
    "new samples each time": (dataset(Drawn), "reading-is-repeatable", "opened again"),
    "a fingerprint of the moment": (dataset(Located), "fingerprint-is-stable", "is opened again"),
    "fields that are not described": (
        dataset(two()),
        "fields-are-told",
        "it has the fields one, other, and its description names sample",
    ),
    "a field with a capital": (of_two(Unnamed), "fields-are-told", "has a field 'One'"),
    "a field in two groups": (of_two(InTwoGroups), "fields-are-told", "one is in two groups"),
    "lengths of a group": (
        of_two(two(other=Short)),
        "groups-keep-together",
        "{'one': 9, 'other': 8}",
    ),
    "aspects of a group": (
        of_two(two(other=Broad)),
        "groups-keep-together",
        "{'one': (5, 6), 'other': (5, 3)}",
    ),
    "a field that is not in the fingerprint": (
        of_two(Forgetful),
        "fingerprint-covers-every-field",
        "that of other changes",
    ),
    "one bad field of two": (
        of_two(two(one=Float)),
        "samples-have-their-type",
        "one: sample 0 is float64",
    ),
    "images that nobody can fit": (dataset(Misread), "batches-are-made", "it raised"),
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_plugin_passes_every_check(kind):
    results = check_plugin(HEALTHY[kind])
    assert [(r.check, r.message) for r in results if r.state == "failed"] == []
    assert any(r.state == "passed" for r in results)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_own_check(fault):
    spec, name, words = FAULTS[fault]
    (check,) = [check for check in checks_of(spec) if check.name == name]
    with pytest.raises(AssertionError, match=f"^{name}: ") as found:
        check.verify()
    assert words in str(found.value)


def test_every_check_of_these_groups_finds_a_fault():
    names = {check.name for spec in HEALTHY.values() for check in checks_of(spec)}
    found = {name for _, name, _ in FAULTS.values()}
    shown_on_architectures = {"config-round-trip", "free-of-torch"}
    assert {n for n in names - found if not n.startswith("trains-in")} == shown_on_architectures
