"""The whole road on the command line: a folder of PNGs, a check, a fine-tuned model on the Hub."""

import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import ganzoo
from ganzoo.weights.files import not_finite
from tests.texts import USER, Reader

ID = f"{USER}/shapes"


@pytest.fixture
def reader(tmp_path, monkeypatch, session_hub):
    return Reader(tmp_path, monkeypatch, session_hub)


def draw(folder, name, count):
    """Draw rings or squares, white on black, each in a place of its own."""
    (folder / name).mkdir(parents=True)
    for number in range(count):
        image = Image.new("L", (48, 40))
        corner = 4 + number % 5, 6 + number // 5
        box = (*corner, corner[0] + 24, corner[1] + 20)
        pen = ImageDraw.Draw(image)
        (pen.ellipse if name == "ring" else pen.rectangle)(box, outline=255, width=3)
        image.save(folder / name / f"{number:02}.png")


def test_from_a_folder_to_a_published_model(reader):
    shapes = reader.folder / "shapes"
    draw(shapes, "ring", 15)
    draw(shapes, "square", 15)
    whole = (shapes / "ring" / "00.png").read_bytes()
    (shapes / "ring" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (shapes / "ring" / "again.png").write_bytes(whole)

    # 1. What is wrong is told before anything is trained, and training refuses it with its name.
    with pytest.raises(AssertionError, match="data check"):
        reader.ganzoo("data", "check", "./shapes", "data.image_size=32")
    told = reader.output
    assert "cut.png" in told
    assert "again.png" in told
    assert "ring" in told
    assert "square" in told
    assert (reader.folder / "data-check.png").is_file()
    tune = ["finetune", "dcgan.mnist5k", "--data", "./shapes", "--out", "runs/shapes", "steps=3"]
    reader.output = ""
    with pytest.raises(AssertionError, match="finetune"):
        reader.ganzoo(*tune)
    assert not (reader.folder / "runs").exists()

    # 2. Fine-tuned on what can be read: two classes in the place of ten, which has to be asked for.
    (shapes / "ring" / "cut.png").unlink()
    reader.output = ""
    with pytest.raises(AssertionError, match="finetune"):
        reader.ganzoo(*tune)
    assert "--allow-partial" in reader.output
    reader.ganzoo(*tune, "--allow-partial", "evaluation.extractor=digits")
    report = json.loads((reader.folder / "runs/shapes/base.json").read_text())
    assert report["partial"]
    assert "classes.weight" in report["networks"]["generator"]["adapted"]

    # 3. Scored, by the run's own images.
    reader.output = ""
    score = ["evaluate", "./runs/shapes", "--data", "./shapes", "--extractor", "digits"]
    reader.ganzoo(*score, "--metrics", "kid,recall", "-n", "64", "--save")
    assert "KID-digits" in reader.output

    # 4. Published, with its discriminator and what it was made from.
    reader.ganzoo("push", "./runs/shapes", ID, "--license", "mit")
    files = reader.hub.repos[ID].files("main")
    assert "discriminator.safetensors" in files
    info = json.loads(files["config.json"])
    assert info["base_model"]["repo"] == "dcgan.mnist5k"
    assert info["data"]["class_names"] == ["ring", "square"]
    assert [found["protocol"]["metric"] for found in info["scores"]] == ["kid", "recall"]

    # 5. Loaded by somebody else, and sampled by class: the same bits as before it was published.
    here, there = (ganzoo.load_generator(place) for place in ("./runs/shapes", ID))
    images = there.sample(8, seed=1, labels="square")
    assert torch.equal(images, here.sample(8, seed=1, labels="square"))
    assert not not_finite({"images": images})
    reader.ganzoo("sample", ID, "-n", "8", "--label", "square", "--seed", "1", "-o", "grid.png")
    assert np.asarray(Image.open(reader.folder / "grid.png")).std() > 0
    # 6. And tuned further, from the commit that it is at.
    again = ["finetune", ID, "--data", "./shapes", "--out", "runs/again", "steps=1"]
    reader.ganzoo(*again)
    base = json.loads((reader.folder / "runs/again/weights/config.json").read_text())["base_model"]
    assert base == {"repo": ID, "sha": reader.hub.repos[ID].head("main")}
