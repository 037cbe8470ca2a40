"""Which layer's value counts: defaults, the preset's recipe, the file, the overrides."""

import copy
import json
from dataclasses import replace

import pytest
from PIL import Image

from ganzoo import registry
from ganzoo.config import ObjectiveConfig
from ganzoo.errors import ConfigError
from ganzoo.resolve import resolve
from ganzoo.resolve.merge import expand, merge, nest
from ganzoo.spec import Architecture, ObjectiveSpec


def at(config, path):
    """Find a field by its dotted path."""
    for part in path.split("."):
        if isinstance(config, tuple):
            config = config[int(part)]
        else:
            config = config[part] if isinstance(config, dict) else getattr(config, part)
    return config


VANILLA, WGAN = {"architecture": "vanilla"}, {"architecture": "wgan-gp"}
LINEAR = {"schedule": "linear", "from": 1e-3, "to": 0.0, "over": 100}
COSINE = {"schedule": "cosine", "from": 2e-3, "to": 1e-3, "over": 9}
GENERATOR = "optimizers.generator"

LAYERS = {
    "a default": (VANILLA, {}, "objective.discriminator_steps", 1),
    "the recipe over the default": (VANILLA, {}, "training.batch_size", 128),
    "the file over the recipe": (
        {**VANILLA, "training": {"batch_size": 32}},
        {},
        "training.batch_size",
        32,
    ),
    "the override over the file": (
        {**VANILLA, "training": {"batch_size": 32}},
        {"training.batch_size": 16},
        "training.batch_size",
        16,
    ),
    "a bare field of training": (VANILLA, {"batch_size": 16}, "training.batch_size", 16),
    "a field beside those of the recipe": (
        {**VANILLA, "loss": {"label_smoothing": 0.2}},
        {},
        "loss.name",
        "non-saturating",
    ),
    "the preset that the override names": (
        VANILLA,
        {"architecture.preset": "mlp"},
        "architecture.generator_norm",
        "batch",
    ),
    "the file over the preset": (
        {"architecture": {"name": "vanilla", "preset": "mlp", "dropout": 0.4}},
        {},
        "architecture.dropout",
        0.4,
    ),
    "an architecture by its name": ({}, {"architecture": "dcgan"}, "architecture.name", "dcgan"),
    "another architecture drops fields": (
        {"architecture": {"name": "dcgan", "width": 8}},
        {"architecture": "wgan-gp"},
        "architecture.width",
        128,
    ),
    "the same architecture keeps them": (
        {"architecture": {"name": "dcgan", "width": 8}},
        {"architecture": "dcgan"},
        "architecture.width",
        8,
    ),
    "another loss drops fields of its like": (
        VANILLA,
        {"loss": "minimax"},
        "loss.label_smoothing",
        0.0,
    ),
    "another optimizer drops fields": (WGAN, {GENERATOR: "adamw"}, f"{GENERATOR}.betas.1", 0.999),
    "the same optimizer keeps them": (WGAN, {f"{GENERATOR}.lr": 3e-4}, f"{GENERATOR}.betas.1", 0.9),
    "the other network keeps its own": (
        WGAN,
        {GENERATOR: "sgd"},
        "optimizers.discriminator.name",
        "adam",
    ),
    "another source drops fields": (
        {**VANILLA, "data": {"source": "ring8", "dequantize": 0.5}},
        {"data": "grid25"},
        "data.dequantize",
        0.0,
    ),
    "a penalty of the recipe": (WGAN, {}, "penalties.gradient-penalty.weight", 10.0),
    "a penalty changed in part": (
        WGAN,
        {"penalties.gradient-penalty.every": 4},
        "penalties.gradient-penalty.weight",
        10.0,
    ),
    "a penalty removed": (WGAN, {"penalties.gradient-penalty": None}, "active_penalties", {}),
    "a removed penalty brought back": (
        {**WGAN, "penalties": {"gradient-penalty": None}},
        {"penalties.gradient-penalty.weight": 2.0},
        "penalties.gradient-penalty.weight",
        2.0,
    ),
    "a schedule over a number": (VANILLA, {f"{GENERATOR}.lr": LINEAR}, f"{GENERATOR}.lr.end", 0.0),
    "a number over a schedule": (
        {**VANILLA, "optimizers": {"generator": {"lr": LINEAR}}},
        {f"{GENERATOR}.lr": 1e-4},
        f"{GENERATOR}.lr",
        1e-4,
    ),
    "a schedule over a schedule": (
        {**VANILLA, "optimizers": {"generator": {"lr": LINEAR}}},
        {f"{GENERATOR}.lr": COSINE},
        f"{GENERATOR}.lr.over",
        9,
    ),
    "no average": (VANILLA, {"ema": None}, "ema", None),
    "an average again": (
        {**VANILLA, "ema": None},
        {"ema.half_life": 5.0},
        "ema.half_life",
        5.0,
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_the_highest_layer_counts(case):
    config, overrides, path, value = LAYERS[case]
    assert at(resolve(config, overrides).config, path) == value


def test_what_a_recipe_says_of_all_data_stays_with_another_source(tmp_path):
    Image.new("L", (32, 32)).save(tmp_path / "a.png")
    architecture = {"name": "wgan-gp", "preset": "resnet"}
    config = resolve({"architecture": architecture, "data": f"{tmp_path}/"}).config
    assert config.data.dequantize == 1 / 128


def test_a_schedule_is_replaced_whole():
    low = {"optimizers": {"generator": {"lr": LINEAR}}}
    half = {"optimizers": {"generator": {"lr": {"schedule": "cosine", "from": 1.0}}}}
    assert merge(low, half) == half
    with pytest.raises(ConfigError, match=r"lr\.to: missing; .*lr\.over: missing"):
        resolve({**VANILLA, **low}, {f"{GENERATOR}.lr": half["optimizers"]["generator"]["lr"]})


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"architecture": "dcgan"}, {"architecture": {"name": "dcgan"}}),
        ({"loss": "hinge"}, {"loss": {"name": "hinge"}}),
        ({"data": "ring8"}, {"data": {"source": "ring8"}}),
        ({"optimizers": {"generator": "sgd"}}, {"optimizers": {"generator": {"name": "sgd"}}}),
        ({"ema": None}, {"ema": None}),
    ],
    ids=["architecture", "loss", "data", "optimizer", "no-average"],
)
def test_shorthands(short, long):
    assert expand(short) == long


@pytest.mark.parametrize(
    ("overrides", "values"),
    [
        ({"steps": 3}, {"training": {"steps": 3}}),
        ({"training.steps": 3, "seed": 4}, {"training": {"steps": 3, "seed": 4}}),
        (
            {"architecture.width": 8, "architecture": "dcgan"},
            {"architecture": {"width": 8, "name": "dcgan"}},
        ),
        ({"penalties.r1": {}}, {"penalties": {"r1": {}}}),
        (
            {"training": {"steps": 3}, "training.seed": 4},
            {"training": {"steps": 3, "seed": 4}},
        ),
    ],
    ids=["short", "two-fields", "name-after-field", "empty", "section-and-field"],
)
def test_overrides_are_nested(overrides, values):
    before = copy.deepcopy(overrides)
    assert nest(overrides) == values
    assert overrides == before


@pytest.mark.parametrize(
    "overrides",
    [
        {"steps": 3, "training.steps": 4},
        {"training": {"steps": 3}, "training.steps": 4},
        {"ema": None, "ema.half_life": 5.0},
        {"ema.half_life": 5.0, "ema": None},
        {"training.steps": 3, "training.steps.more": 4},
    ],
    ids=["short-and-long", "section", "null-first", "null-last", "field-of-a-number"],
)
def test_overrides_that_contradict_each_other(overrides):
    with pytest.raises(ConfigError, match="another override gives"):
        nest(overrides)


def test_what_is_given_is_not_changed():
    config = {"architecture": {"name": "wgan-gp"}, "penalties": {"gradient-penalty": {"every": 2}}}
    overrides = {"penalties": {"gradient-penalty": {"weight": 3.0}}, "training.steps": 2}
    before = json.dumps([config, overrides])
    resolve(config, overrides)
    assert json.dumps([config, overrides]) == before


def test_a_resolution_stays_as_it_is_until_something_is_laid_over_it():
    once = resolve(VANILLA, {"steps": 3})
    assert resolve(once) is once
    again = resolve(once, {"seed": 4}).config
    assert again == resolve(VANILLA, {"steps": 3, "seed": 4}).config


def test_a_recipe_of_one_objective_says_nothing_of_another(monkeypatch):
    monkeypatch.setattr(registry, "_local", {})
    players = {"generator": ("generator",), "discriminator": ("discriminator",)}
    registry.register(ObjectiveSpec("other", "A test.", ObjectiveConfig, object, players))
    vanilla = registry.get(Architecture, "vanilla")
    objectives = ("adversarial", "other")
    registry.register(replace(vanilla, name="two", objectives=objectives, pretrained={}))
    assert resolve({"architecture": "two"}).config.objective.passes == "joint"
    chosen = resolve({"architecture": "two", "objective": "other"}).config.objective
    assert chosen.model_dump() == {"name": "other"}
