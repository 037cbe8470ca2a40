"""What is said before a run starts from weights is what becomes of them."""

import json
import shlex

import pytest

from ganzoo.cli.common import split_arguments
from ganzoo.errors import WeightsError
from ganzoo.training.agreement import agreement
from ganzoo.training.finetuning import finetuning_config
from ganzoo.training.trainer import Trainer
from tests.finetuning.small import CLASSES, make_base, make_images

IMAGES = {"classes": CLASSES, "channels": 1}


@pytest.mark.parametrize(
    ("base", "images", "overrides", "said"),
    [
        ({}, {}, {}, []),
        ({}, {"classes": CLASSES[::-1]}, {}, []),
        ({"without": {"discriminator"}}, {}, {}, ["has no discriminator"]),
        ({"num_classes": 0}, {}, {}, ["takes no labels"]),
        ({"class_names": ()}, {}, {}, ["does not name its classes"]),
        ({}, {"classes": ["cat", "elk"]}, {}, ["1 of 2 classes are new", "2 of 3 classes"]),
        ({}, {"classes": []}, {}, ["has 3 classes, and the run has none"]),
        (
            {"num_classes": 0},
            {},
            {"architecture.num_classes": 3},
            ["the layers that read them are new"],
        ),
        ({}, {}, {"architecture.sample_shape": [3, 16, 16]}, ["has 1 channels", "make colour"]),
        ({}, {}, {"data.image_size": 32}, ["makes 16x16, but the run makes 32x32"]),
        ({}, {}, {"architecture.width": 4}, ["width changes from 2 to 4", "will refuse"]),
    ],
    ids=[
        "the same",
        "another order",
        "no discriminator",
        "no labels",
        "no names",
        "other classes",
        "no classes any more",
        "classes now",
        "channels",
        "size",
        "width",
    ],
)
def test_what_is_said_is_what_finetune_does(tmp_path, base, images, overrides, said):
    weights = make_base(tmp_path / "weights", **base)
    values = {**IMAGES, **images}
    folder = make_images(tmp_path / "images", values["classes"], channels=values["channels"])
    overrides = {**overrides, "training.batch_size": 4}
    resolution = finetuning_config(weights, folder, None, overrides)
    found = agreement(resolution)
    text = " ".join(found.sentences)
    assert all(sentence in text for sentence in said), text
    assert bool(said) == bool(text)
    assert ("only in part" in text) == (found.partial and found.fits)
    try:
        Trainer(resolution, tmp_path / "run")
        verdict = "whole"
    except WeightsError as error:
        verdict = "partial" if "only in part" in str(error) else "nothing"
    wanted = "nothing" if not found.fits else "partial" if found.partial else "whole"
    assert verdict == wanted


@pytest.mark.parametrize(
    ("classes", "partial"), [(CLASSES, False), (["elk", "fox"], True)], ids=["whole", "in part"]
)
def test_data_check_ends_with_a_command_that_begins(
    tmp_path, monkeypatch, capsys, classes, partial
):
    make_base(tmp_path / "weights")
    make_images(tmp_path / "images", classes, each=20, channels=3)
    monkeypatch.chdir(tmp_path)
    told = checked(monkeypatch, capsys, "data.flip=true")
    assert "./weights sees 16x16 in grey" in told
    assert "colours become grey" in told
    assert "penalties.r1" not in told
    line = shlex.split(told.splitlines()[-1])
    assert line[:5] == ["ganzoo", "finetune", "./weights", "--data", "./images"]
    assert ("--allow-partial" in line) == partial
    config, overrides = split_arguments([word for word in line[5:] if not word.startswith("--")])
    assert config is None
    overrides |= {"finetune.allow_partial": partial, "training.batch_size": 4}
    resolution = finetuning_config("./weights", "./images", None, overrides)
    assert resolution.config.data.flip
    Trainer(resolution, tmp_path / "run")
    values = json.loads(checked(monkeypatch, capsys, "--json"))
    assert values["base"]["partial"] == partial
    assert values["base"]["sample_shape"] == [1, 16, 16]
    assert values["command"].startswith("ganzoo finetune ./weights")
    assert values["warnings"]


def checked(monkeypatch, capsys, *arguments):
    """Return what ``ganzoo data check --base`` says."""
    from ganzoo.cli import main

    words = ["ganzoo", "data", "check", "./images", "--base", "./weights", "--no-preview"]
    monkeypatch.setattr("sys.argv", [*words, *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    return capsys.readouterr().out
