"""Plugins that are registered in the process itself."""

import pytest

import ganzoo
from ganzoo import config, registry
from ganzoo.errors import PluginError
from ganzoo.spec import (
    Architecture,
    AugmentationSpec,
    DatasetSpec,
    ExtractorSpec,
    LossSpec,
    ObjectiveSpec,
    PenaltySpec,
)

pytestmark = pytest.mark.usefixtures("fresh")


def architecture(name="mine", **more):
    return Architecture(name, "A test.", config.LatentConfig, "no:G", "no:D", **more)


def objective(name="mine", **more):
    players = {"generator": ("generator",)}
    return ObjectiveSpec(name, "A test.", config.ObjectiveConfig, "no:O", players, **more)


def loss(name="mine", **more):
    return LossSpec(name, "A test.", config.LossConfig, "no:L", **more)


def penalty(name="mine", **more):
    return PenaltySpec(name, "A test.", config.PenaltyConfig, "no:P", **more)


def augmentation(name="mine", **more):
    return AugmentationSpec(name, "A test.", config.AugmentationConfig, "no:A", **more)


def dataset(name="mine", **more):
    return DatasetSpec(name, "A test.", config.DataConfig, "no:D", **more)


def extractor(name="mine", **more):
    return ExtractorSpec(name, "A test.", config.ExtractorConfig, "no:E", **more)


GROUPS = [
    ("architectures", architecture, "dcgan"),
    ("objectives", objective, "adversarial"),
    ("losses", loss, "hinge"),
    ("penalties", penalty, "r1"),
    ("augmentations", augmentation, "ada"),
    ("datasets", dataset, "ring8"),
    ("extractors", extractor, "digits"),
]
every_group = pytest.mark.parametrize(
    ("group", "make", "taken"), GROUPS, ids=[row[0] for row in GROUPS]
)


def test_the_table_has_every_group():
    assert [row[0] for row in GROUPS] == list(registry.GROUPS)


@every_group
def test_the_type_of_a_spec_tells_its_group(group, make, taken):
    spec = make()
    assert ganzoo.register(spec) is spec
    assert registry.get(type(make()), "mine") is spec
    assert {g for g in registry.GROUPS if "mine" in registry.names(g)} == {group}
    assert registry.provenance(group, "mine") == {"distribution": "local", "version": "0"}
    assert registry.get(type(make()), "local:mine") is spec


@every_group
def test_a_name_is_registered_once_unless_it_is_overridden(group, make, taken):
    first = registry.register(make())
    with pytest.raises(PluginError, match=r"'mine' is already registered \(local\).*override=True"):
        registry.register(make())
    assert registry.get(type(make()), "mine") is first
    second = registry.register(make(), override=True)
    assert registry.get(type(make()), "mine") is second is not first


@every_group
def test_a_local_plugin_takes_an_installed_name_only_when_told(group, make, taken):
    installed = registry.get(type(make()), taken)
    with pytest.raises(PluginError, match=rf"'{taken}' is already registered \(ganzoo-torch\)"):
        registry.register(make(taken))
    assert registry.get(type(make()), taken) is installed
    mine = registry.register(make(taken), override=True)
    assert registry.get(type(make()), taken) is mine
    assert registry.names(group).count(taken) == 1
    assert registry.find(group, taken).distribution == "local"


def test_a_function_is_replaced_by_the_architecture_that_it_returns():
    @ganzoo.register
    def mine():
        return architecture()

    assert isinstance(mine, Architecture)
    assert registry.get(Architecture, "mine") is mine


def test_the_decorator_takes_arguments():
    @ganzoo.register(override=True)
    def mine():
        return architecture("dcgan")

    assert registry.get(Architecture, "dcgan") is mine


@pytest.mark.parametrize(
    ("thing", "kind"),
    [(7, "int"), ({"name": "x"}, "dict"), (Architecture, "type"), (lambda: None, "NoneType")],
)
def test_what_is_no_spec_is_refused(thing, kind):
    with pytest.raises(PluginError, match=f"takes one of Architecture, .*, not {kind}"):
        registry.register(thing)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(architecture(api=2), "version 2 of the plugin interface", id="interface"),
        pytest.param(architecture(""), "cannot be used", id="empty name"),
        pytest.param(loss("zoo:mine"), "cannot be used", id="colon"),
        pytest.param(dataset("images/mine"), "cannot be used", id="path"),
    ],
)
def test_what_would_not_load_is_refused_at_once(spec, message):
    with pytest.raises(PluginError, match=message):
        registry.register(spec)
    assert registry._local == {}


def test_a_local_plugin_settles_a_name_that_two_distributions_offer(install):
    for letter in "ab":
        install(f"zoo-{letter}", {"architectures": {"same": f"never_{letter}:SPEC"}})
    mine = registry.register(architecture("same"), override=True)
    assert registry.get(Architecture, "same") is mine


def test_classes_are_taken_as_well_as_dotted_strings():
    spec = LossSpec("mine", "A test.", config.LossConfig, dict)
    registry.register(spec)
    assert registry.instantiate("losses", "mine", [("a", 1)]) == {"a": 1}
