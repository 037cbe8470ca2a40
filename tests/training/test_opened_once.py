"""A run opens its data once, and the weights that it starts from."""

import pytest

import ganzoo
from ganzoo import registry
from ganzoo.training.starting import Base
from tests.finetuning.small import make_base, make_images

POINTS = {
    "architecture": {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]},
    "data": {"source": "ring8", "samples": 200},
    "training": {"steps": 2, "batch_size": 4, "sample_every": 0},
    "evaluation": {"every": 2, "fakes": 20},
    "health": {"every": 1},
}
TUNED = {"steps": 2, "batch_size": 4, "sample_every": 0, "finetune.freeze.discriminator": 1}


@pytest.fixture
def opened(monkeypatch):
    """What is opened, in its order."""
    found, instantiate, open_base = [], registry.instantiate, Base.open

    def made(group, name, *arguments, **keywords):
        found.extend([name] * (group == "datasets"))
        return instantiate(group, name, *arguments, **keywords)

    def based(reference):
        found.append("base")
        return open_base(reference)

    monkeypatch.setattr(registry, "instantiate", made)
    monkeypatch.setattr(Base, "open", based)
    return found


@pytest.fixture
def run(tmp_path):
    return ganzoo.train(POINTS, out=tmp_path / "before")


@pytest.fixture
def base(tmp_path):
    make_images(tmp_path / "images")
    return make_base(tmp_path / "base")


@pytest.mark.parametrize(
    ("what", "do"),
    [
        ("ring8", lambda folder: ganzoo.train(POINTS, out=folder / "run")),
        ("ring8", lambda folder: ganzoo.resume(folder / "before", steps=4)),
        ("ring8", lambda folder: ganzoo.export(folder / "before", folder / "weights")),
        ("ring8", lambda folder: ganzoo.evaluate(folder / "before", fakes=20)),
    ],
    ids=["train and score", "resume", "export", "evaluate"],
)
def test_the_data_is_opened_once(run, opened, tmp_path, what, do):
    do(tmp_path)
    assert opened == [what]


@pytest.mark.parametrize(
    "do",
    [
        lambda folder, images: ganzoo.finetune(folder / "base", images, TUNED, out=folder / "run"),
        lambda folder, images: ganzoo.check_data(images, base=str(folder / "base")),
    ],
    ids=["fine-tune", "check data"],
)
def test_the_weights_are_opened_once(base, opened, tmp_path, do):
    do(tmp_path, tmp_path / "images")
    assert sorted(opened) == ["base", "folder"]
