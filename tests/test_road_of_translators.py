"""The whole road of translators, by the command line: trained, scored, fine-tuned, published."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

import ganzoo
from tests.texts import USER, Reader

NETWORKS = {"generator": "resnet", "generator_width": 2, "blocks": 1, "discriminator_width": 2}
ARCHITECTURE = [
    f"architecture.{k}={v}" for k, v in (NETWORKS | {"discriminator_layers": 1}).items()
]
SIZES = ["data.image_size=16", "data.load_size=18", "data.holdout=2"]
SHORT = ["steps=2", "batch_size=2", "training.device=cpu"]

ROADS = {
    "pix2pix": {
        "data": ["data=pairs", "data.path=./maps"],
        "tuned": ["--data", "./maps"],
        "scored": ["--data", "./maps"],
        "name": "maps",
        "metrics": ["mae", "psnr"],
        "columns": 3,
        "roles": ["generator"],
    },
    "cyclegan": {
        "data": ["data=domains", "data.a=./horses", "data.b=./zebras"],
        "tuned": ["data.a=./horses", "data.b=./zebras"],
        "scored": ["data.a=./horses", "data.b=./zebras"],
        "name": "horses and zebras",
        "metrics": ["fid"],
        "columns": 4,
        "roles": ["a_to_b", "b_to_a"],
    },
}


@pytest.fixture
def reader(tmp_path, monkeypatch, session_hub):
    reader = Reader(tmp_path, monkeypatch, session_hub)
    random = np.random.default_rng(0)
    for name, width in (("maps", 40), ("horses", 20), ("zebras", 20)):
        (tmp_path / name).mkdir()
        for number in range(5):
            pixels = random.integers(0, 256, (20, width, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    Image.fromarray(random.integers(0, 256, (24, 32), dtype=np.uint8)).save(tmp_path / "photo.png")
    return reader


@pytest.mark.parametrize("name", ROADS)
def test_from_folders_to_a_published_translator(reader, name):
    road, ID = ROADS[name], f"{USER}/{name}"

    # 1. Trained and scored, each evaluation on what is held out.
    evaluation = ["evaluation.every=1", f"evaluation.metrics=[{','.join(road['metrics'])}]"]
    evaluation += ["evaluation.extractor=digits"] * (road["metrics"] == ["fid"])
    train = ["train", f"architecture={name}", *road["data"], *ARCHITECTURE, *SIZES, *SHORT]
    reader.ganzoo(*train, *evaluation, "--out", "runs/one")
    run = ganzoo.Run.open("runs/one")
    assert [step for step, _ in run.scores] == [1, 2]
    scores = run.scores[-1][1]
    assert [score.protocol.metric for score in scores] == road["metrics"]
    for score in scores:
        protocol = score.protocol
        assert (protocol.role, protocol.use) == (road["roles"][0], "published")
        assert (protocol.held_out, protocol.fakes, protocol.data) == (True, 2, road["name"])
    assert run.best is not None
    with Image.open(run.samples / "step-0000000002.png") as sheet:
        # A row for each of the two images that are held out, enlarged three times.
        assert sheet.size == (3 * (18 * road["columns"] + 2), 3 * (18 * 2 + 2))

    # 2. Fine-tuned from there, which takes over every network, its sizes and no penalty.
    reader.ganzoo("finetune", "./runs/one", *road["tuned"], *SHORT, "--out", "runs/two")
    tuned = ganzoo.Run.open("runs/two")
    assert all(not net["new"] and not net["left"] for net in tuned.base["networks"].values())
    config = tuned.config
    assert (config.data.image_size, config.data.load_size, config.warm_up) == (16, 18, 0)
    assert config.active_penalties == {}
    assert config.ema is None

    # 3. Exported, and scored again with the command, into the card.
    reader.ganzoo("export", "runs/two", "weights")
    for role in road["roles"]:
        score = ["evaluate", "./weights", *road["scored"], "--role", role, "-n", "4", "--save"]
        reader.ganzoo(*score, "--metrics", "kid", "--extractor", "digits")
    info = json.loads((reader.folder / "weights" / "config.json").read_text())
    assert [score["protocol"]["role"] for score in info["scores"]] == road["roles"]
    assert info["training"]["data"] == road["name"]
    assert str(reader.folder) not in (reader.folder / "weights" / "recipe.yaml").read_text()

    # 4. Published; what its card tells is done as it stands there, by somebody else.
    reader.ganzoo("push", "./weights", ID)
    card = reader.hub.repos[ID].files("main")["README.md"].decode()
    assert "pipeline_tag: image-to-image" in card
    assert "datasets" not in card
    assert f'ganzoo.load("{ID}")' in card
    os.rename("runs/one", "one")  # as the recipe names what it starts from
    reader.follow(card.split("---\n", 2)[2])
    for file in ["translated.png", *(f"translated-{role}.png" for role in road["roles"][1:])]:
        with Image.open(file) as image:
            assert (image.size, image.mode) == ((32, 24), "RGB")
    assert reader.names["image"].size == (32, 24)

    # 5. Everything came back as it was.
    for role in road["roles"]:
        file = "model" if role == road["roles"][0] else role
        pulled, here = (load_file(f"{place}/{file}.safetensors") for place in (name, "weights"))
        assert all(pulled[key].equal(here[key]) for key in here)
    translator = ganzoo.load(ID)
    again = translator.translate("photo.png", seed=0)
    with Image.open("translated.png") as image:
        assert image.tobytes() == again.tobytes()


def test_a_translator_of_a_loop_of_ones_own_is_published(reader):
    reader.ganzoo(
        "train",
        "architecture=pix2pix",
        "data=pairs",
        "data.path=./maps",
        *ARCHITECTURE,
        *SIZES,
        *SHORT,
        "--out",
        "runs/one",
    )
    ganzoo.push(ganzoo.load("./runs/one"), f"{USER}/alone")
    files = reader.hub.repos[f"{USER}/alone"].files("main")
    assert "discriminator.safetensors" not in files
    assert "for fine-tuning" not in files["README.md"].decode()
    with pytest.raises(ganzoo.GanzooError, match=r"alone has no role 'discriminator'.*generator\)"):
        ganzoo.load(f"{USER}/alone", "discriminator")
