"""What is carried over between networks of other classes, channels and stages, in numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.building import architecture_config, build_network
from ganzoo.weights.grafting import GraftPlan, graft
from ganzoo.weights.structure import channel_axes, class_axes, counterparts, stages

SMALL = {
    "dcgan": {"width": 2, "sample_shape": (1, 16, 16)},
    "vanilla": {
        "sample_shape": (1, 8, 8),
        "generator_widths": (6, 6),
        "discriminator_widths": (6, 5),
        "dropout": 0.0,
    },
    "wgan-gp": {"width": 2, "sample_shape": (1, 16, 16), "preset": "cnn"},
}
RESNET = {**SMALL["wgan-gp"], "preset": "resnet"}
LABELS = torch.tensor([0, 1, 2, 2])


def config_of(name, **values):
    return architecture_config(name, **{**SMALL[name], **values})


def carried(role, before, after, sources=()):
    """Build both networks, carry one over to the other; return both and the report."""
    old, new = build_network(role, before, seed=1).eval(), build_network(role, after, seed=2).eval()
    if before.name == "dcgan":  # as initialised, its outputs are all but zero
        with torch.no_grad():
            for parameter in old.parameters():
                parameter.mul_(5)
    plan = GraftPlan(
        names=counterparts(old, new) if role == "generator" else {},
        classes_before=class_axes(role, before),
        classes_after=class_axes(role, after),
        sources=sources,
        old_classes=before.num_classes,
        channels=(before.sample_shape[0], after.sample_shape[0]),
        channel_axes=channel_axes(role, after, before.sample_shape[0]),
        reads_samples=role == "discriminator",
    )
    found = graft(old.state_dict(), new.state_dict(), plan)
    new.load_state_dict(found.state)
    return old, new, found


def latents_of(config, n=4):
    return torch.randn(n, config.latent_dim, generator=torch.Generator().manual_seed(3))


def images_of(config, n=4):
    return torch.rand(n, *config.sample_shape, generator=torch.Generator().manual_seed(4)) * 2 - 1


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("name", SMALL)
def test_the_same_network_is_taken_over_whole(name, role):
    old, new, found = carried(role, config_of(name), config_of(name))
    assert found.whole
    assert found.taken == list(old.state_dict())
    assert all(torch.equal(new.state_dict()[key], t) for key, t in old.state_dict().items())


def grey_and_colour(name, preset=None, **values):
    values |= {"preset": preset} if preset else {}
    grey = config_of(name, **values)
    return grey, grey.model_copy(update={"sample_shape": (3, *grey.sample_shape[1:])})


CHANNELS = [("dcgan", None), ("vanilla", None), ("wgan-gp", "cnn"), ("wgan-gp", "resnet")]


@pytest.mark.parametrize(("name", "preset"), CHANNELS)
def test_a_discriminator_of_colour_judges_grey_images_as_before(name, preset):
    norm = {"discriminator_norm": "none"} if name == "dcgan" else {}
    grey, colour = grey_and_colour(name, preset, **norm)
    reals = images_of(grey)
    old, new, found = carried("discriminator", grey, colour)
    assert found.adapted and not found.new  # noqa: PT018
    torch.testing.assert_close(new(reals.expand(-1, 3, -1, -1)), old(reals), rtol=1e-6, atol=1e-6)
    old, new, found = carried("discriminator", colour, grey)
    assert found.adapted and not found.new  # noqa: PT018
    torch.testing.assert_close(new(reals), old(reals.expand(-1, 3, -1, -1)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("name", "preset"), CHANNELS)
def test_a_generator_of_colour_makes_the_grey_images_that_it_made(name, preset):
    grey, colour = grey_and_colour(name, preset)
    latents = latents_of(grey)
    old, new, _ = carried("generator", grey, colour)
    expected = old(latents).expand(-1, 3, -1, -1)
    torch.testing.assert_close(new(latents), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("name", "preset"), CHANNELS)
def test_a_generator_of_grey_averages_the_colours_before_they_are_bounded(name, preset):
    grey, colour = grey_and_colour(name, preset)
    latents = latents_of(grey)
    old, new, _ = carried("generator", colour, grey)
    before = torch.atanh(old.double()(latents.double())).mean(1, keepdim=True)
    made = torch.atanh(new.double()(latents.double()))
    torch.testing.assert_close(made, before, rtol=1e-6, atol=1e-6)


def test_batch_norm_and_spectral_norm_keep_their_places():
    grey, colour = grey_and_colour("dcgan", discriminator_norm="spectral")
    _, new, found = carried("discriminator", grey, colour)
    assert found.adapted == {"first.parametrizations.weight.original": "from 1 to 3 channels"}
    # The other vector of spectral norm is as long as before; this one belongs to the channels.
    assert found.new == ["first.parametrizations.weight.0._v"]
    assert new(images_of(colour)).isfinite().all()


def conditional(name, count):
    return config_of(name, num_classes=count)


def run(role, network, config, labels):
    given = latents_of(config) if role == "generator" else images_of(config)
    return network(given, labels)


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("name", ["dcgan", "vanilla"])
def test_classes_go_to_the_places_of_their_names(name, role):
    before = conditional(name, 3)
    old, new, found = carried(role, before, before, sources=(2, 0, 1))
    assert found.whole
    assert len(found.reordered) == 1
    moved = torch.tensor([1, 2, 0])[LABELS]  # class 0 is the second now
    one, other = run(role, new, before, moved), run(role, old, before, LABELS)
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("sources", [(0, 1, 2), (2, 0, 1)], ids=["same order", "another order"])
def test_what_changes_in_its_channels_too_is_adapted(sources):
    """So that stages of it are not frozen as if they were whole."""
    grey, colour = grey_and_colour("vanilla", num_classes=3)
    _, _, found = carried("discriminator", grey, colour, sources)
    assert not found.reordered
    (how,) = (how for how in found.adapted.values())
    assert how.startswith("from 1 to 3 channels")
    assert ("classes: 3 by name" in how) == (sources != (0, 1, 2))


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("name", ["dcgan", "vanilla"])
@pytest.mark.parametrize("sources", [(2, None), (None, 2, None, 1, 0), (None, None, None)])
def test_a_new_class_begins_as_the_mean_of_the_old(name, role, sources):
    before, after = conditional(name, 3), conditional(name, len(sources))
    old, new, found = carried(role, before, after, sources)
    assert not found.whole
    assert not found.new
    (key,) = found.adapted
    known = sum(source is not None for source in sources)
    assert found.adapted[key].startswith(f"classes: {known} by name, {len(sources) - known} as")
    (axis,) = {class_axes(role, before)[key]}
    rows = old.state_dict()[key].narrow(axis, old.state_dict()[key].shape[axis] - 3, 3)
    for label, source in enumerate(sources):
        place = new.state_dict()[key].shape[axis] - len(sources) + label
        expected = rows.mean(axis) if source is None else rows.select(axis, source)
        torch.testing.assert_close(new.state_dict()[key].select(axis, place), expected)
        if source is not None:
            labels = torch.full((4,), label), torch.full((4,), source)
            one, other = run(role, new, after, labels[0]), run(role, old, before, labels[1])
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_one_hot_classes_that_go_leave_their_mean_in_the_bias(role):
    before, after = conditional("vanilla", 3), conditional("vanilla", 0)
    old, new, found = carried(role, before, after)
    assert found.adapted == {
        "layers.0.weight": "without its classes",
        "layers.0.bias": "with the mean of the classes",
    }
    given = latents_of(before) if role == "generator" else images_of(before).flatten(1)
    mean = torch.cat([given, torch.full((4, 3), 1 / 3)], 1)
    hidden = new.layers[0](given)
    torch.testing.assert_close(hidden, old.layers[0](mean), rtol=1e-6, atol=1e-6)


names = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@settings(max_examples=100)
@given(old=names, new=names, appended=st.booleans())
def test_any_classes_are_told_apart_by_their_names(old, new, appended):
    """Of an embedding, and of a layer that is given two more numbers before its classes."""
    axis, others = (1, 2) if appended else (0, 0)
    table = np.arange(5.0 * (others + len(old))).reshape(-1, 5)
    known = dict(zip(old, table[others:], strict=True))
    rows = [known.get(name, table[others:].mean(axis=0)) for name in new]
    expected = np.concatenate([table[:others], rows])
    sources = [old.index(name) if name in old else None for name in new]
    plan = GraftPlan(
        classes_before={"t": axis}, classes_after={"t": axis}, sources=sources, old_classes=len(old)
    )
    states = [torch.from_numpy(t.T if appended else t) for t in (table, 0 * expected, expected)]
    found = graft({"t": states[0]}, {"t": states[1]}, plan)
    torch.testing.assert_close(found.state["t"], states[2], rtol=1e-12, atol=1e-12)
    assert found.whole == (sorted(old) == sorted(new))
    assert (found.taken == ["t"]) == (old == new)


def test_an_embedding_that_goes_is_told_as_left():
    _, _, found = carried("generator", conditional("dcgan", 3), conditional("dcgan", 0))
    assert (found.left, found.new, found.adapted) == (["classes.weight"], [], {})


def test_classes_that_come_are_as_initialised():
    before, after = conditional("vanilla", 0), conditional("vanilla", 2)
    fresh = build_network("generator", after, seed=2).state_dict()["layers.0.weight"]
    _, new, found = carried("generator", before, after, sources=(None, None))
    assert found.adapted == {"layers.0.weight": "with new classes"}
    assert torch.equal(new.layers[0].weight[:, -2:], fresh[:, -2:])
    _, _, found = carried(
        "generator", conditional("dcgan", 0), conditional("dcgan", 2), (None,) * 2
    )
    assert found.new == ["classes.weight"]


def test_classes_and_channels_change_together():
    before = conditional("vanilla", 3)
    after = before.model_copy(update={"sample_shape": (3, 8, 8), "num_classes": 1})
    old, new, found = carried("discriminator", before, after, sources=(1,))
    told = "from 1 to 3 channels, classes: 1 by name, 0 as the mean of the old ones"
    assert found.adapted == {"layers.0.weight": told}
    reals = images_of(before)
    one = new(reals.expand(-1, 3, -1, -1), torch.zeros(4, dtype=torch.int64))
    other = old(reals, torch.ones(4, dtype=torch.int64))
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


def test_a_larger_generator_keeps_its_last_stages_and_a_discriminator_its_first():
    small, large = config_of("dcgan"), config_of("dcgan", sample_shape=(1, 32, 32))
    old, new, found = carried("generator", small, large)
    assert len(stages(new)) == len(stages(old)) + 1
    for number in (1, 2):
        theirs, ours = stages(old)[-number][0], stages(new)[-number][0]
        assert torch.equal(ours.weight, theirs.weight)
    assert "project.weight" in found.new
    old, new, found = carried("discriminator", small, large)
    assert torch.equal(new.first.weight, old.first.weight)
    assert [name for name in found.new if "weight" in name] == [
        "layers.4.weight",
        "layers.5.weight",
        "layers.7.weight",
    ]


def test_channels_that_are_not_one_or_several_are_new():
    before, after = (
        config_of("dcgan", sample_shape=(2, 16, 16)),
        config_of("dcgan", sample_shape=(3, 16, 16)),
    )
    _, _, found = carried("discriminator", before, after)
    assert found.new == ["first.weight"]


def test_without_a_plan_names_and_shapes_decide():
    old = {"a": torch.ones(2, 2), "b": torch.ones(3), "d": torch.ones(1)}
    new = {"a": torch.zeros(2, 2), "b": torch.zeros(4), "c": torch.zeros(1)}
    found = graft(old, new)
    assert (found.taken, found.new, found.left) == (["a"], ["b", "c"], ["b", "d"])
    assert found.fits
    assert not graft({"a": torch.ones(2)}, {"a": torch.zeros(2)}).fits


@pytest.mark.parametrize(
    ("name", "values", "role", "count"),
    [
        ("dcgan", {}, "generator", 3),
        ("dcgan", {"sample_shape": (1, 64, 64)}, "generator", 5),
        ("dcgan", {}, "discriminator", 3),
        ("dcgan", {"discriminator_norm": "spectral", "num_classes": 3}, "discriminator", 3),
        ("vanilla", {}, "generator", 3),
        ("vanilla", {"maxout_pieces": 2}, "discriminator", 3),
        ("wgan-gp", {}, "generator", 3),
        ("wgan-gp", {}, "discriminator", 3),
        ("wgan-gp", RESNET, "generator", 4),
        ("wgan-gp", RESNET, "discriminator", 4),
    ],
)
def test_stages_hold_every_layer_once_in_order(name, values, role, count):
    network = build_network(role, config_of(name, **values), seed=0)
    found = [
        parameter
        for stage in stages(network)
        for module in stage
        for parameter in module.parameters()
    ]
    # Tables of classes stand in no stage.
    every = [p for n, p in network.named_parameters() if not n.startswith("classes.")]
    assert [id(p) for p in found] == [id(p) for p in every]
    assert len(stages(network)) == count


def test_without_a_method_of_its_own_the_children_of_a_network_are_its_stages():
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    assert stages(network) == [[network[0]], [network[2]]]
    network.stages = torch.nn.ModuleList([network[0]])  # which is no method, and one child more
    assert stages(network) == [[network[0]], [network[2]], [network.stages]]
