"""Which augmentation a run has, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from ganzoo import registry
from ganzoo.config import DataConfig
from ganzoo.data.base import Dataset, Item
from ganzoo.errors import ConfigError, PluginError
from ganzoo.resolve import resolve
from ganzoo.resolve.paths import UNNAMED
from ganzoo.spec import Architecture, DatasetSpec, Preset, Recipe

NOTE = "augmentation is {}: the discriminator sees each image"


class Blank(Dataset):
    """As many black images as are asked for."""

    shape, class_names, fingerprint = (1, 16, 16), (), "blank"
    count = 0

    def __init__(self, config):
        pass

    def __len__(self):
        return self.count

    def read(self, index):
        return Item(np.zeros((16, 16), np.uint8), 0)


def blank(count):
    return DatasetSpec("blank", "A test.", DataConfig, type("Some", (Blank,), {"count": count}))


def augmenting():
    """An architecture whose recipe augments."""
    dcgan = registry.get(Architecture, "dcgan")
    return Architecture(
        name="augmenting",
        summary="A test.",
        config=dcgan.config,
        generator=dcgan.generator,
        discriminator=dcgan.discriminator,
        presets={"it": Preset("A test.", recipe=Recipe(augmentation={"name": "ada", "p": 0.2}))},
    )


def shown(**values):
    return {"training": {"batch_size": 100, **values}}


OFTEN = shown(steps=25_000)

CHOSEN = {
    # images, what is asked for -> the name, and whether it is told
    "few": (4_999, OFTEN, "diffaugment", True),
    "few, and shown less often": (100, shown(steps=499), "none", True),
    "few, and shown as often": (100, shown(steps=500), "diffaugment", True),
    "few, and shown twice a step": (
        100,
        {**shown(steps=250), "objective": {"discriminator_steps": 2}},
        "diffaugment",
        True,
    ),
    "enough": (5_000, OFTEN, "none", False),
    "few, and holding out": (4_999, {"data": {"holdout": 10}, **OFTEN}, "diffaugment", True),
    "enough before some are held out": (5_000, {"data": {"holdout": 500}, **OFTEN}, "none", False),
    "auto by name": (10, {"augmentation": "auto"}, "diffaugment", True),
    "few, and none asked for": (10, {"augmentation": "none"}, "none", False),
    "many, and one asked for": (10_000, {"augmentation": "diffaugment"}, "diffaugment", False),
    "another": (10, {"augmentation": {"name": "ada", "target": 0.5}}, "ada", False),
    "a recipe's": (10, {"architecture": "augmenting"}, "ada", False),
    "over a recipe's": (
        10,
        {"architecture": "augmenting", "augmentation": "none"},
        "none",
        False,
    ),
    "auto over a recipe's": (
        10,
        {"architecture": "augmenting", "augmentation": "auto"},
        "diffaugment",
        True,
    ),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_the_augmentation_that_a_run_has(case):
    count, asked, name, told = CHOSEN[case]
    config = {"architecture": "dcgan", **asked}
    config["data"] = {"source": "blank", **asked.get("data", {})}
    with registry.registered(blank(count), augmenting()):
        resolution = resolve(config)
        assert resolution.config.augmentation.name == name
        notes = [
            note
            for note in resolution.notes
            if note.startswith(NOTE.format("off" if name == "none" else name))
        ]
        assert len(notes) == told
        assert resolve(resolution.config).config == resolution.config


SINGLE = {n for n in registry.names("datasets") if "sample" in registry.get(DatasetSpec, n).fields}


@pytest.mark.parametrize("source", sorted(SINGLE - {*UNNAMED}))
def test_what_comes_with_ganzoo_is_trained_as_published(source):
    data = {"source": source}
    if source in ("mnist", "fashion-mnist", "cifar10"):
        data["download"] = True  # which a check of a config does not do
    for architecture in ("vanilla", "wgan-gp", "dcgan"):
        if source in ("ring8", "grid25") and architecture != "vanilla":
            continue
        resolution = resolve({"architecture": architecture, "data": data})
        assert resolution.config.augmentation.name == "none"


def test_a_small_folder_of_ones_own(tmp_path):
    for i in range(3):
        Image.new("L", (16, 16), i).save(tmp_path / f"{i}.png")
    resolution = resolve({"architecture": "dcgan", "data": str(tmp_path)})
    assert resolution.config.augmentation.policy == ("color", "translation", "cutout")
    assert any(note.startswith(NOTE.format("diffaugment")) for note in resolution.notes)


def test_changing_the_name_drops_the_fields_of_the_old_one():
    with registry.registered(augmenting()):
        ada = resolve({"architecture": "augmenting"}, {"augmentation.target": 0.5}).config
        assert (ada.augmentation.p, ada.augmentation.target) == (0.2, 0.5)
        other = resolve({"architecture": "augmenting"}, {"augmentation": "diffaugment"}).config
    assert other.augmentation.model_dump().keys() == {"name", "policy"}


REFUSED = {
    "vectors": (
        {"data": "ring8", "augmentation": "diffaugment"},
        "augmentation: diffaugment is for images, and ring8 holds vectors; .*augmentation=none",
    ),
    "fields of nothing": (
        {"augmentation": {"policy": ["color"]}},
        "augmentation.policy: auto has no fields; name the augmentation",
    ),
    "fields of another": (
        {"augmentation": {"name": "none", "p": 0.5}},
        "augmentation.p: unknown field",
    ),
    "an empty policy": (
        {"augmentation": {"name": "diffaugment", "policy": []}},
        "augmentation.policy: name one change at least, or choose augmentation=none",
    ),
    "no such change": (
        {"augmentation": {"name": "diffaugment", "policy": ["colour"]}},
        "^augmentation.policy.0: 'colour' is not allowed; it must be 'color', [^;]*$",
    ),
    "no probability": (
        {"augmentation": {"name": "ada", "p": 1.5}},
        "augmentation.p: 1.5 is not allowed",
    ),
    "more than p": (
        {"augmentation": {"name": "ada", "color_factor": 1.5}},
        "augmentation.color_factor: 1.5 is not allowed",
    ),
    "nothing to follow": (
        {"augmentation": "ada", "loss": "relativistic"},
        "augmentation: ada needs logits .* of the loss relativistic do not; fix its strength",
    ),
    "no name": ({"augmentation": 3}, "augmentation: 3 is not allowed; it must be a mapping .*name"),
    "a number for a name": ({"augmentation": {"name": 3}}, "augmentation.name: 3 is not allowed"),
    "null": ({"augmentation": None}, "augmentation: null is not allowed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    config, sentence = REFUSED[case]
    with pytest.raises(ConfigError, match=sentence):
        resolve({"architecture": "vanilla", **config})


def test_ada_has_the_changes_of_the_paper_s_choice_by_default():
    """Of the published ones those that helped: blit, geometry and colour."""
    augmentation = resolve({"architecture": "vanilla", "augmentation": "ada"}).config.augmentation
    on = {name for name, value in augmentation.model_dump().items() if value is True}
    assert on == {"blit", "geometric", "color"}
    assert augmentation.color_factor == 1


def test_an_unknown_name_is_told_with_the_closest():
    with pytest.raises(PluginError, match=r"augmentation.name: .*'difaugment'.*diffaugment"):
        resolve({"architecture": "vanilla", "augmentation": "difaugment"})


def test_the_cure_works():
    still = {"name": "ada", "adapt": None, "p": 0.3}
    config = {"architecture": "vanilla", "loss": "relativistic", "augmentation": still}
    assert resolve(config).config.augmentation.p == 0.3
