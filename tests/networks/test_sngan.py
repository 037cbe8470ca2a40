"""The spectrally normalised networks: sizes, and what a plain re-writing of them computes."""

import pytest
import torch

from ganzoo import registry
from ganzoo.building import architecture_config, build_network
from ganzoo.spec import Architecture
from tests.training import reference_sngan as reference

ROLES = ("generator", "discriminator")

PUBLISHED = {
    # (preset, side, classes): parameters of both networks with three channels
    ("mimicry", 32, 0): (4_276_739, 1_053_825),
    ("resnet", 32, 0): (4_276_739, 1_053_824),
    ("resnet64", 48, 0): (4_878_083, 10_141_441),
    ("resnet64", 64, 0): (12_220_675, 10_141_441),
    ("resnet128", 128, 0): (32_150_787, 29_017_857),
    ("mimicry", 32, 10): (4_304_387, 1_055_105),
    ("studiogan", 32, 10): (4_304_387, 1_055_105),
    ("cnn", 32, 0): (3_805_699, 2_935_873),
    ("cnn-doubling", 32, 0): (3_813_379, 5_860_865),
}
"""Of mimicry and StudioGAN, counted; of the convolutional ones by their layers."""


def size(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("key", PUBLISHED, ids=str)
def test_parameter_counts(key):
    preset, side, classes = key
    config = architecture_config(
        "sngan", preset, sample_shape=(3, side, side), num_classes=classes, latent_dim=128
    )
    found = tuple(size(build_network(role, config, device="meta")) for role in ROLES)
    assert found == PUBLISHED[key]


def test_the_narrow_discriminator_that_mimicry_has_by_default_at_128():
    config = architecture_config(
        "sngan",
        "mimicry",
        sample_shape=(3, 128, 128),
        num_classes=10,
        discriminator_width=8,
    )
    assert size(build_network("generator", config, device="meta")) == 32_239_491
    assert size(build_network("discriminator", config, device="meta")) == 455_777


def copied(ours, theirs):
    """Put random numbers into both networks, by their order."""
    source = torch.Generator().manual_seed(0)
    theirs.double().load_state_dict({n: t.double() for n, t in theirs.state_dict().items()})
    mine, other = ours.double().state_dict(), theirs.state_dict()
    assert [t.shape for t in mine.values()] == [t.shape for t in other.values()]
    for one, two in zip(mine.values(), other.values(), strict=True):
        if one.is_floating_point():
            one.copy_(0.2 * torch.randn(one.shape, generator=source))
            # Statistics and gains are positive; what is that small grows through the levels.
            if one.dim() == 1:
                one.abs_().add_(0.5)
            two.copy_(one)


SIDES = [
    *(("resnet", 32, classes) for classes in (0, 3)),
    *(("studiogan", 64, classes) for classes in (0, 3)),
    ("mimicry", 48, 3),
    ("studiogan", 32, 3),
    pytest.param("resnet64", 64, 0, marks=pytest.mark.sweep),
    pytest.param("mimicry", 128, 3, marks=pytest.mark.sweep),
    pytest.param("studiogan", 128, 0, marks=pytest.mark.sweep),
]


@pytest.mark.parametrize(("preset", "side", "classes"), SIDES)
def test_a_plain_rewriting_computes_the_same(preset, side, classes):
    config = architecture_config(
        "sngan", preset, sample_shape=(1, side, side), num_classes=classes, width=1
    )
    others = reference.build(preset, 1, 1, side, classes)
    networks = [build_network(role, config, seed=0) for role in ROLES]
    for ours, theirs in zip(networks, others, strict=True):
        copied(ours, theirs)
    labels = (torch.arange(2) % classes,) if classes else ()
    inputs = torch.randn(2, 128).double(), torch.rand(2, 1, side, side).double()
    for ours, theirs, given in zip(networks, others, inputs, strict=True):
        for _ in range(2):  # the second pass sees what the first has left
            found, expected = ours.train()(given, *labels), theirs.train()(given, *labels)
            torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
        pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
        for one, two in pairs:
            torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("preset", registry.get(Architecture, "sngan").presets)
def test_initial_weights(preset):
    config = architecture_config("sngan", preset, num_classes=3, width=16)
    G, D = (build_network(role, config, seed=0) for role in ROLES)
    original = {n: p for n, p in D.named_parameters() if n.endswith("original")}
    biases = [p for net in (G, D) for n, p in net.named_parameters() if n.endswith(".bias")]
    assert all(bias.count_nonzero() == 0 for bias in biases)
    table = original["head.classes.parametrizations.weight.original"]
    gains = [p for n, p in G.named_parameters() if n.endswith("gain.weight")]
    if config.initialisation == "orthogonal":
        torch.testing.assert_close(table @ table.T, torch.eye(3))
        assert all(gain.count_nonzero() for gain in gains)
        return
    assert gains
    assert not any(gain.count_nonzero() for gain in gains)
    for name, weight in original.items():
        if weight.numel() < 1000:
            continue
        variance = 0.02**2
        if config.initialisation == "glorot":
            fans = weight[0].numel() + weight[:, 0].numel()
            variance = (4 if weight.shape[-1] == 3 else 2) / fans
        assert weight.var().item() == pytest.approx(variance, rel=0.15), name


@pytest.mark.parametrize("role", ROLES)
def test_conditional_networks_ask_for_labels(role):
    config = architecture_config("sngan", "cnn", num_classes=3, width=1, sample_shape=(1, 32, 32))
    given = torch.randn(2, 128) if role == "generator" else torch.randn(2, 1, 32, 32)
    with pytest.raises(ValueError, match="needs labels"):
        build_network(role, config, seed=0)(given)
