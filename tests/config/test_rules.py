"""Rules that span several sections, and what the data fills in."""

import pytest
from PIL import Image

from ganzoo.errors import ConfigError
from ganzoo.resolve import resolve

DCGAN = {"architecture": "dcgan"}


@pytest.mark.parametrize("norm", ["batch", "instance", "spectral", "none"])
@pytest.mark.parametrize(
    "penalty", ["gradient-penalty", "dragan", "r1", "r2", "lecam", "orthogonal", "weight-clipping"]
)
def test_penalties_and_norms(penalty, norm):
    config = {
        "architecture": {"name": "dcgan", "discriminator_norm": norm},
        "penalties": {penalty: {}},
    }
    if norm == "batch" and penalty in ("gradient-penalty", "dragan"):
        cure = f"(?s)penalties.{penalty}: .*another norm .*r1.*penalties.{penalty}=null"
        with pytest.raises(ConfigError, match=cure):
            resolve(config)
    else:
        assert list(resolve(config).config.active_penalties) == [penalty]


def test_the_cure_works():
    config = {**DCGAN, "penalties": {"dragan": {}}}
    assert not resolve(config, {"penalties.dragan": None}).config.active_penalties
    resolve(config, {"architecture.discriminator_norm": "instance"})


FILLED = {
    # architecture, data, shape, classes, part of a note
    "28 is brought to 32": ("dcgan", "mnist5k", (1, 32, 32), 10, "mnist5k are resized to 32x32"),
    "28 is kept": ("vanilla", "mnist5k", (1, 28, 28), 10, "the 10 classes of mnist5k"),
    "no labels": ("wgan-gp", "mnist5k", (1, 32, 32), 0, "wgan-gp does not take labels"),
    "vectors": ("vanilla", "ring8", (2,), 0, None),
    "a size that is asked for": (
        "dcgan",
        {"image_size": 64},
        (1, 64, 64),
        10,
        "mnist5k are resized to 64x64",
    ),
    "an unusual size": (
        "vanilla",
        {"image_size": 20},
        (1, 20, 20),
        10,
        "mnist5k are resized to 20x20",
    ),
}


@pytest.mark.parametrize("case", FILLED)
def test_the_data_fills_what_is_left_out(case):
    architecture, data, shape, classes, note = FILLED[case]
    resolution = resolve({"architecture": architecture, "data": data})
    assert resolution.config.architecture.sample_shape == shape
    assert resolution.config.architecture.num_classes == classes
    assert any(note in text for text in resolution.notes) if note else not resolution.notes


@pytest.mark.parametrize(
    ("mode", "channels", "note"),
    [
        ("L", 1, None),
        ("RGB", 3, None),
        ("RGB", 1, "become grey (architecture.sample_shape=[3,32,32] keeps them)"),
        ("L", 3, "are converted from 1 to 3 channels"),
    ],
)
def test_what_becomes_of_the_channels_is_told(mode, channels, note, tmp_path):
    Image.new(mode, (32, 32)).save(tmp_path / "a.png")
    shape = [channels, 32, 32]
    config = {"architecture": {"name": "dcgan", "sample_shape": shape}, "augmentation": "none"}
    resolution = resolve({**config, "data": str(tmp_path)})
    assert [note in text for text in resolution.notes] == [True] if note else not resolution.notes


def test_null_takes_the_data_again():
    config = {"architecture": {"name": "vanilla", "sample_shape": [1, 8, 8], "num_classes": 0}}
    asked = resolve(config).config.architecture
    assert (asked.sample_shape, asked.num_classes) == ((1, 8, 8), 0)
    nulls = {"architecture.sample_shape": None, "architecture.num_classes": None}
    filled = resolve(config, nulls).config.architecture
    assert (filled.sample_shape, filled.num_classes) == ((1, 28, 28), 10)


def test_vanilla_keeps_28_without_a_note_on_size():
    assert not any("28x28 to" in note for note in resolve({"architecture": "vanilla"}).notes)


REFUSED = {
    "labels": ({"name": "wgan-gp", "num_classes": 10}, {}, "architecture.num_classes: .* set it"),
    "classes that are not there": (
        {"name": "vanilla", "num_classes": 3},
        {},
        "architecture.num_classes: 3 is not allowed, because mnist5k has 10",
    ),
    "classes of vectors": (
        {"name": "vanilla", "num_classes": 3},
        {"source": "ring8"},
        "ring8 has no classes",
    ),
    "side": ({"name": "dcgan", "sample_shape": [1, 48, 48]}, {}, "sample_shape: .* side 16, 32"),
    "oblong": ({"name": "wgan-gp", "sample_shape": [3, 32, 64]}, {}, "cannot make 32x64 images"),
    "channels": ({"name": "dcgan", "sample_shape": [5, 32, 32]}, {}, "of 5 channels"),
    "channels of the data": (
        {"name": "vanilla", "sample_shape": [2, 28, 28]},
        {},
        "sample_shape: the networks would make 28x28 images of 2 channels, but mnist5k holds",
    ),
    "vectors": ({"name": "dcgan"}, {"source": "ring8"}, "data.source ring8: dcgan cannot make"),
    "images of vectors": (
        {"name": "vanilla", "sample_shape": [1, 8, 8]},
        {"source": "ring8"},
        "sample_shape: .* ring8 holds vectors of 2",
    ),
    "vectors of images": (
        {"name": "vanilla", "sample_shape": [784]},
        {},
        "sample_shape: .* leave sample_shape out",
    ),
    "size against shape": (
        {"name": "dcgan", "sample_shape": [1, 32, 32]},
        {"image_size": 64},
        "data.image_size: 64 contradicts architecture.sample_shape",
    ),
    "size that is not made": ({"name": "dcgan"}, {"image_size": 48}, "data.image_size: dcgan can"),
    "size of vectors": ({"name": "vanilla"}, {"source": "ring8", "image_size": 8}, "image_size"),
    "flip of vectors": ({"name": "vanilla"}, {"source": "ring8", "flip": True}, "data.flip"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_combinations_that_are_refused(case):
    architecture, data, message = REFUSED[case]
    with pytest.raises(ConfigError, match=message):
        resolve({"architecture": architecture, "data": data})


def test_every_fault_is_told_at_once():
    config = {"architecture": "vanilla", "training": {"steps": 0, "seed": -1, "stps": 3}}
    with pytest.raises(ConfigError) as refusal:
        resolve(config)
    for field in ("training.steps: 0", "training.seed: -1", "training.stps: unknown field"):
        assert field in str(refusal.value)


@pytest.mark.parametrize(
    ("config", "overrides", "sentence"),
    [
        (
            {"ema": {"half_live": 1}},
            {},
            "ema.half_live: unknown field; did you mean 'ema.half_life'?",
        ),
        (
            {"optimizers": {"generator": {"name": "sgd", "momentun": 0.5}}},
            {},
            "momentun: unknown field; did you mean 'optimizers.generator.momentum'?",
        ),
        (
            {"architecture": {"name": "dcgan", "widht": 1}},
            {},
            "widht: unknown field; did you mean 'architecture.width'?",
        ),
        (
            {"penalties": {"r1": {"weight": {"schedule": "linear", "form": 1}}}},
            {},
            "form: unknown field; did you mean 'penalties.r1.weight.from'?",
        ),
        # What is there has another section.
        (
            {"training": {"log_every": 5}},
            {},
            "training.log_every: unknown field; did you mean 'logging.every'?",
        ),
        ({}, {"log_every": 5}, "log_every: unknown key; did you mean 'logging.every'?"),
        (
            {},
            {"training.lr": 1},
            "did you mean 'optimizers.discriminator.lr' or 'optimizers.generator.lr'?",
        ),
        # Of the plugins that are named, in the file or beside the key.
        (
            {"architecture": {"name": "dcgan"}},
            {"training.width": 8},
            "training.width: unknown field; did you mean 'architecture.width'?",
        ),
        (
            {"architecture": {"name": "dcgan"}},
            {"width": 8},
            "width: unknown key; did you mean 'architecture.width'?",
        ),
        ({}, {"margn": 1, "loss": "hinge"}, "margn: unknown key (available: accumulate, "),
        ({}, {"target": 1, "augmentation": "ada"}, "did you mean 'augmentation.target'?"),
        ({"penalties": {"r1": {}}}, {"gamma.weigth": 1}, "did you mean 'penalties.r1.weight'?"),
        ({"data": "ring8"}, {"radius": 1}, "did you mean 'data.radius'?"),
        # None is near: those of the place.
        ({"ema": {"kimg": 1}}, {}, "ema.kimg: unknown field (available: half_life, ramp_up, st"),
        (
            {},
            {"ema." + "half_live" * 20: 1},
            "half_l: unknown field (available: half_life, ramp_up, start)",
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_an_unknown_field_is_looked_for_in_every_section(config, overrides, sentence):
    with pytest.raises(ConfigError) as refusal:
        resolve({"architecture": "vanilla", **config}, overrides)
    assert sentence in str(refusal.value)
