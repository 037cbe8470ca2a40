"""Recipes that are made from the data: 100 epochs, and 100 in which the rate falls."""

import math

import numpy as np
import pytest
from PIL import Image

from ganzoo.resolve import resolve

NETWORKS = {"generator": "resnet", "blocks": 1}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Seven images of one kind and five of another; five names are in both."""
    folder, source = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for side, count in (("a", 7), ("b", 5), ("c", 5)):
        (folder / side).mkdir()
        for number in range(count):
            pixels = source.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / side / f"{number}.png")
    return folder


def resolved(folder, name, **overrides):
    first, source = ("a", "domains") if name == "cyclegan" else ("c", "pairs")
    data = {"source": source, "a": str(folder / first), "b": str(folder / "b")}
    return resolve({"architecture": {"name": name, **NETWORKS}, "data": data}, overrides)


@pytest.mark.parametrize(
    ("name", "overrides", "steps", "after", "load_size"),
    [
        ("pix2pix", {}, 200 * 5, 500, 286),
        ("cyclegan", {}, 200 * 7, 700, 286),
        ("cyclegan", {"training.batch_size": 3}, 200 * math.ceil(7 / 3), 900, 286),
        ("cyclegan", {"data.holdout": 2}, 200 * 5, 500, 286),
        ("cyclegan", {"steps": 30, "data.image_size": 64}, 30, 15, 72),
        ("pix2pix", {"steps": 1}, 1, 0, 286),
        ("pix2pix", {"data.image_size": 128, "data.load_size": 128}, 1000, 500, 128),
    ],
)
def test_numbers_follow_the_data(images, name, overrides, steps, after, load_size):
    config = resolved(images, name, **overrides).config
    assert config.training.steps == steps
    assert config.data.load_size == load_size
    for player in ("generator", "discriminator"):
        course = config.optimizers[player].lr
        assert (course.schedule, course.start, course.end) == ("linear", 2e-4, 0.0)
        assert (course.after, course.over) == (after, "run")


def test_what_the_user_says_wins(images):
    config = resolved(images, "pix2pix", **{"optimizers.generator.lr": 1e-4}).config
    assert config.optimizers["generator"].lr == 1e-4
    assert config.optimizers["discriminator"].lr.over == "run"


def test_the_user_is_told_which_rule_made_them_and_not_again_of_a_resolved_config(images):
    found = resolved(images, "cyclegan")
    assert (
        "1,400 steps are 200 epochs of 7 images; the learning rate falls to 0 in the second half"
        in found.notes
    )
    again = resolve(found.config.model_dump(mode="json"))
    assert again.config == found.config
    assert not any("epochs" in note for note in again.notes)
