"""The JSON schema accepts what resolving accepts, and refuses what it refuses."""

import jsonschema
import pytest

import ganzoo
from ganzoo.errors import GanzooError
from ganzoo.resolve import json_schema, resolve


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def vanilla(**sections):
    return {"architecture": "vanilla", **sections}


def generator(values):
    return vanilla(optimizers={"generator": values})


LINEAR = {"schedule": "linear", "from": 1e-3, "to": 0.0, "over": 100}
NAMES = ("dcgan", "vanilla", "wgan-gp")
PRESETS = [
    {"name": name, "preset": preset} for name in NAMES for preset in ganzoo.info(name).presets
]

ACCEPTED = {
    **{f"{p['name']} {p['preset']}": {"architecture": p} for p in PRESETS},
    "field of the plugin": {"architecture": {"name": "dcgan", "width": 8}},
    "shape": {"architecture": {"name": "dcgan", "sample_shape": [1, 16, 16]}},
    "null for the data's": {
        "architecture": {"name": "dcgan", "sample_shape": None, "num_classes": None}
    },
    "loss by name": vanilla(loss="hinge"),
    "loss without its name": vanilla(loss={"label_smoothing": 0.2}),
    "penalty": vanilla(penalties={"r1": {"weight": 5, "every": 2}}),
    "scheduled penalty": vanilla(penalties={"r1": {"weight": LINEAR}}),
    "removed penalty": vanilla(penalties={"r1": None}),
    "optimizer by name": generator("rmsprop"),
    "optimizer without its name": generator({"lr": 1e-4}),
    "scheduled rate": generator({"name": "adam", "lr": LINEAR}),
    "exponential rate": generator({"lr": {**LINEAR, "schedule": "exponential", "to": 1e-5}}),
    "scheduled momentum": generator({"name": "sgd", "momentum": {**LINEAR, "to": 0.7}}),
    "scheduled decay": generator({"betas": [0.0, {**LINEAR, "from": 0.9, "to": 0.99}]}),
    "data by name": vanilla(data="ring8"),
    "data without its name": vanilla(data={"image_size": 16}),
    "fields of the data": vanilla(data={"source": "ring8", "radius": 3.0}),
    "training": vanilla(training={"steps": 3, "device": "cuda:1"}),
    "objective": vanilla(objective={"discriminator_steps": 2, "generator_batch": None}),
    "no average": vanilla(ema=None),
    "average": vanilla(ema={"half_life": LINEAR, "ramp_up": None}),
}

BASE = {"reference": "dcgan.mnist5k", "sha": "0" * 64}
ACCEPTED["base"] = vanilla(finetune={**BASE, "freeze": {"discriminator": 2}, "warm_up": 100})
ACCEPTED["no base"] = vanilla(finetune=None)

REFUSED = {
    "half a base": vanilla(finetune={"reference": "dcgan.mnist5k"}),
    "a base by name": vanilla(finetune="dcgan.mnist5k"),
    "frozen below nothing": vanilla(finetune={**BASE, "freeze": {"generator": -1}}),
    "a base of no commit": vanilla(finetune={**BASE, "sha": "main"}),
    "nothing": {},
    "no architecture": {"loss": "hinge"},
    "unknown architecture": {"architecture": "dcgam"},
    "architecture without its name": {"architecture": {"width": 8}},
    "field of another plugin": {"architecture": {"name": "vanilla", "width": 8}},
    "shape in words": {"architecture": {"name": "dcgan", "sample_shape": "1x16x16"}},
    "below the least": {"architecture": {"name": "dcgan", "width": 0}},
    "text for a number": {"architecture": {"name": "dcgan", "width": "8"}},
    "unknown section": vanilla(trainig={}),
    "null section": vanilla(training=None),
    "null penalties": vanilla(penalties=None),
    "unknown field": vanilla(training={"stps": 3}),
    "wrong choice": vanilla(training={"precision": "fp16"}),
    "wrong device": vanilla(training={"device": "gpu"}),
    "no steps": vanilla(training={"steps": 0}),
    "truth for a number": vanilla(training={"steps": True}),
    "unknown loss": vanilla(loss="hing"),
    "field of another loss": vanilla(loss={"name": "hinge", "label_smoothing": 0.2}),
    "unknown penalty": vanilla(penalties={"r3": {}}),
    "penalty as a number": vanilla(penalties={"r1": 5}),
    "negative weight": vanilla(penalties={"r1": {"weight": -1}}),
    "unknown network": vanilla(optimizers={"critic": "adam"}),
    "unknown optimizer": generator("adem"),
    "field of another optimizer": generator({"name": "sgd", "betas": [0, 0.9]}),
    "one decay": generator({"betas": [0.5]}),
    "negative rate": generator({"lr": -1}),
    "half a schedule": generator({"lr": {"schedule": "linear", "from": 1}}),
    "exponential to 0": generator({"lr": {**LINEAR, "schedule": "exponential"}}),
    "schedule of no kind": generator({"lr": {**LINEAR, "schedule": "steps"}}),
    "schedule below 0": generator({"lr": {**LINEAR, "to": -1}}),
    "empty source": vanilla(data=""),
    "a reader of paths": vanilla(data="folder"),
    "the reader of repositories": vanilla(data="repository"),
    "field of another source": vanilla(data={"source": "mnist5k", "radius": 3.0}),
    "average as a number": vanilla(ema=5),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_both_accept(validator, case):
    resolve(ACCEPTED[case])
    validator.validate(ACCEPTED[case])


@pytest.mark.parametrize("case", REFUSED)
def test_both_refuse(validator, case):
    with pytest.raises(GanzooError):
        resolve(REFUSED[case])
    assert not validator.is_valid(REFUSED[case])


@pytest.mark.parametrize("name", NAMES)
def test_a_resolved_config_keeps_to_it(validator, name):
    validator.validate(resolve({"architecture": name}).config.model_dump(mode="json"))


def test_a_folder_of_images_keeps_to_it(validator):
    validator.validate(vanilla(data="./images"))
    validator.validate(vanilla(data={"source": "./images", "channels": 3, "flip": True}))
