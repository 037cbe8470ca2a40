"""Faults planted into the stages of a healthy architecture, which fine-tuning freezes."""

import copy

import pytest
from torch import nn

from ganzoo.testing import check_plugin, checks_of
from tests.testing.test_architecture_faults import (
    WIDTH,
    Discriminator,
    Generator,
    architecture,
)

CHECK = "stages-can-be-frozen"


def staged(network, stages):
    """A network that tells its stages."""
    return type("Staged", (network,), {"stages": stages})


class Activated(Discriminator):
    """With a module that has no parameters."""

    def __init__(self, config):
        super().__init__(config)
        self.activation = nn.LeakyReLU(0.2)

    def hidden(self, samples, labels):
        return self.activation(super().hidden(samples, labels))


class Tied(Discriminator):
    """With one weight in two modules."""

    def __init__(self, config):
        super().__init__(config)
        self.second = nn.Linear(WIDTH, WIDTH)
        self.third = nn.Linear(WIDTH, WIDTH, bias=False)
        self.third.weight = self.second.weight

    def hidden(self, samples, labels):
        return self.third(self.second(super().hidden(samples, labels)))


class Normalised(Discriminator):
    """With a weight that is computed, and looked at before its turn."""

    def __init__(self, config):
        super().__init__(config)
        nn.utils.parametrizations.spectral_norm(self.output)

    def hidden(self, samples, labels):
        return super().hidden(samples.to(self.output.weight.dtype), labels)


class Functional(Discriminator):
    """With a module that is not called, but for its weight."""

    def forward(self, samples, labels=None):
        hidden = self.hidden(samples, labels)
        return nn.functional.linear(hidden, self.output.weight, self.output.bias).squeeze(1)


class Listing(Discriminator):
    """With modules that happen to be called so."""

    def __init__(self, config):
        super().__init__(config)
        self.stages = nn.ModuleList([self.start, self.output])


# The planted fault -> the network and its stages, words of the message, and what else it breaks.
FAULTS = {
    "none": (Generator, lambda net: [], "stages() of the generator returns no st", []),
    "names": (
        Generator,
        lambda net: [["start"], ["output"]],
        "stage 1 of the generator holds a str",
        [],
    ),
    "a copy": (
        Discriminator,
        lambda net: [net.start, copy.deepcopy(net.output)],
        "stage 2 of the discriminator holds a module outside the network (Linear)",
        [],
    ),
    "the whole network": (
        Discriminator,
        lambda net: [net],
        "stage 1 of the discriminator holds the whole network (Staged)",
        [],
    ),
    "one without parameters": (
        Activated,
        lambda net: [net.start, [net.activation], net.output],
        "stage 2 of the discriminator has no parameters",
        [],
    ),
    "an empty one": (
        Generator,
        lambda net: [[], net.start, net.output],
        "stage 1 of the generator has no parameters",
        [],
    ),
    "a module in two": (
        Generator,
        lambda net: [net.start, [net.start, net.output]],
        "start.weight of the generator is in stage 1 and again in stage 2",
        [],
    ),
    "a module twice in one": (
        Generator,
        lambda net: [net.start, [net.output, net.output]],
        "output.weight of the generator is in stage 2 and again in stage 2",
        [],
    ),
    "a parameter of two": (
        Tied,
        lambda net: [net.start, net.second, [net.third, net.output]],
        "second.weight of the discriminator is in stage 2 and again in stage 3",
        [],
    ),
    "from the output on": (
        Discriminator,
        lambda net: [net.output, net.start],
        "the stages of the discriminator run in the order 2, 1",
        [],
    ),
}


def planted(fault):
    network, stages, _, _ = FAULTS[fault]
    role = "generator" if issubclass(network, Generator) else "discriminator"
    return architecture(**{role: staged(network, stages)})


def result_of(spec):
    (check,) = [check for check in checks_of(spec) if check.name == CHECK]
    return check.run()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(fault):
    result = result_of(planted(fault))
    assert result.state == "failed"
    assert FAULTS[fault][2] in result.message


@pytest.mark.sweep
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_no_other_check(failures, fault):
    assert failures(planted(fault)).keys() == {CHECK, *FAULTS[fault][3]}


SOUND = {
    "modules": (Discriminator, lambda net: [net.start, net.output]),
    "lists and tuples": (Discriminator, lambda net: [[net.start], (net.output,)]),
    "an iterator": (Discriminator, lambda net: iter([net.start, net.output])),
    "a part alone": (Discriminator, lambda net: [net.start]),
    "with what has no parameters": (
        Activated,
        lambda net: [[net.start, net.activation], [net.activation, net.output]],
    ),
    "a weight that is looked at": (Normalised, lambda net: [net.start, net.output]),
    "a module that is not called": (Functional, lambda net: [net.start, net.output]),
}


@pytest.mark.parametrize("case", SOUND)
def test_sound_stages_pass(case):
    results = check_plugin(architecture(discriminator=staged(*SOUND[case])))
    assert [(r.check, r.message) for r in results if r.state == "failed"] == []
    assert CHECK in {r.check for r in results if r.state == "passed"}


@pytest.mark.parametrize("network", [Discriminator, Listing])
def test_where_no_network_tells_stages_there_is_nothing_to_check(network):
    result = result_of(architecture(discriminator=network))
    assert result.state == "skipped"
    assert "no network has a method stages()" in result.message
