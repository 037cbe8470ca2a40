"""Bad input of translators and their data: exit code 2 and one sentence for each cause."""

import os

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import registry
from ganzoo.building import architecture_config, build_network
from ganzoo.weights import saving as weights
from ganzoo.weights.description import Info
from tests.cli.test_bad_input import halves, refused, sides, truncated, write

SMALL = {"generator_width": 2, "blocks": 1, "discriminator_width": 2, "discriminator_layers": 1}


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Weights folders of small networks that were never trained; do not change them."""
    folder = tmp_path_factory.mktemp("translators")
    for name in ("pix2pix", "cyclegan"):
        config = architecture_config(name, sample_shape=(3, 32, 32), generator="resnet", **SMALL)
        roles = ganzoo.info(name).networks
        networks = {role: build_network(role, config, seed=0) for role in roles}
        weights.save(folder / name, Info.of(config), networks)
    return folder


# --- training -----------------------------------------------------------------------------------

PIX2PIX, CYCLEGAN = "architecture=pix2pix", "architecture=cyclegan"
AB = ("data.a=./a", "data.b=./b")
PAIRS, DOMAINS = ("data=pairs", *AB), ("data=domains", *AB)
MATCHED = sides("1.png", "2.png", "3.png", size=(20, 20))
SCORED = "evaluation.every=1"

LONE = """
import ganzoo
from ganzoo.config import TranslatorConfig
from ganzoo.spec import Architecture, Role

role = Role("nowhere:Network", "translator", ("source",), ("target",))
for name, objectives in (("lone", ("paired",)), ("still", ())):
    spec = Architecture(
        name, "A test.", TranslatorConfig, networks={"generator": role}, objectives=objectives
    )
    ganzoo.register(spec)
"""


def plugin(name):
    def make(folder):
        MATCHED(folder)
        write(folder / name, LONE)

    return make


def no_domain(folder):
    MATCHED(folder)
    (folder / "none").mkdir()


TRAININGS = {
    "pairs without partners": (
        sides("4.png", "5.png"),
        [PIX2PIX, *PAIRS],
        "data.a, data.b: 5 of 5 images have no partner of the same name: 1 of a",
    ),
    "pairs of two sizes": (
        sides("1.png", "2.png", "3.png", size=(9, 20)),
        [PIX2PIX, *PAIRS],
        "the images of 3 of 3 pairs differ in size, such as 1 of 20x20 in a and 9x20 in b",
    ),
    "halves of odd width": (
        halves(15),
        [PIX2PIX, "data=pairs", "data.path=./both"],
        "data.path: 1 of 2 images have an odd width and cannot be halved",
    ),
    "single images for pairs": (
        MATCHED,
        [PIX2PIX, "data=./a"],
        "folder holds sample, and pix2pix is trained on source and target; choose an architecture "
        "whose objective reads sample, or other data, such as data=pairs (see ganzoo info pairs)",
    ),
    "domains for pairs": (
        MATCHED,
        [PIX2PIX, *DOMAINS],
        "data.source: domains holds a and b, and pix2pix is trained on source and target",
    ),
    "pairs for domains": (
        MATCHED,
        [CYCLEGAN, *PAIRS],
        "data.source: pairs holds source and target, and cyclegan is trained on a and b",
    ),
    "an empty domain": (
        no_domain,
        [CYCLEGAN, "data=domains", "data.a=./a", "data.b=./none"],
        "none holds no images (",
    ),
    "a domain alone": (MATCHED, [CYCLEGAN, "data=domains", "data.a=./a"], "data: b is missing"),
    "crops larger than images": (
        MATCHED,
        [CYCLEGAN, *DOMAINS, "data.load_size=128"],
        "data: load_size 128 is smaller than image_size 256, which images are cropped to",
    ),
    "an unknown direction": (
        MATCHED,
        [PIX2PIX, *PAIRS, "data.direction=b2a"],
        "data.direction: 'b2a' is not allowed; it must be 'a_to_b' or 'b_to_a'",
    ),
    "the objective of another architecture": (
        MATCHED,
        [PIX2PIX, *PAIRS, "objective=cycle"],
        "objective.name: 'cycle' is not allowed; pix2pix is trained with paired",
    ),
    "the objective of generators": (
        MATCHED,
        [CYCLEGAN, *DOMAINS, "objective=adversarial"],
        "objective.name: 'adversarial' is not allowed; cyclegan is trained with cycle",
    ),
    "a field of another objective": (
        MATCHED,
        [PIX2PIX, *PAIRS, "objective.pool_size=9"],
        "objective.pool_size: unknown field",
    ),
    "an objective whose role is missing": (
        plugin("lone.py"),
        ["--import", "lone.py", "architecture=lone", *PAIRS],
        "objective.name: paired updates the role discriminator, which lone does not have; its "
        "roles are generator",
    ),
    "an architecture without objectives": (
        plugin("still.py"),
        ["--import", "still.py", "architecture=still", *PAIRS],
        "architecture.name: still is for sampling only, and cannot be trained",
    ),
    "a penalty on nothing": (
        MATCHED,
        [CYCLEGAN, *DOMAINS, "penalties.r1.on=critic"],
        "penalties.r1.on: there is no player or role 'critic' in cyclegan with the objective cycle",
    ),
    "a penalty on the role of another": (
        MATCHED,
        [PIX2PIX, *PAIRS, "penalties.r1.on=discriminator_a"],
        "penalties.r1.on: there is no player or role 'discriminator_a' in pix2pix",
    ),
    "a penalty and batch norm": (
        MATCHED,
        [PIX2PIX, *PAIRS, "penalties.gradient-penalty.weight=10"],
        "penalties.gradient-penalty: it needs a discriminator that scores each sample by itself",
    ),
    "an optimizer for a role": (
        MATCHED,
        [CYCLEGAN, *DOMAINS, "optimizers.a_to_b.lr=1e-4"],
        "optimizers.a_to_b: unknown player",
    ),
    "latents of a translator": (
        MATCHED,
        [PIX2PIX, *PAIRS, "architecture.latent_dim=64"],
        "architecture.latent_dim: unknown field",
    ),
    "classes of a translator": (
        MATCHED,
        [PIX2PIX, *PAIRS, "architecture.num_classes=3"],
        "architecture.num_classes: pix2pix takes no labels",
    ),
    "sizes that are not kept": (
        MATCHED,
        [
            "architecture={name: pix2pix, source_shape: [3,64,64], sample_shape: [3,32,32]}",
            *PAIRS,
        ],
        "source_shape is 64x64 and sample_shape 32x32; these networks keep the size",
    ),
    "a size that a depth does not make": (
        MATCHED,
        ["architecture={name: pix2pix, downs: 7}", *PAIRS, "data.image_size=64"],
        "data.image_size: pix2pix cannot make 64x64 images",
    ),
    "targets of no pairs": (
        MATCHED,
        [CYCLEGAN, *DOMAINS, SCORED, "evaluation.metrics=[mae]"],
        "evaluation.metrics: mae compares translations with their targets, and this data has no "
        "pairs; choose from fid",
    ),
    "targets of samples": (
        MATCHED,
        ["architecture=vanilla", SCORED, "evaluation.metrics=[fid,psnr]"],
        "evaluation.metrics: psnr compares translations with their targets",
    ),
    "modes of pairs": (
        MATCHED,
        [PIX2PIX, *PAIRS, SCORED, "evaluation.metrics=[modes]"],
        "evaluation.metrics: modes does not apply to images; choose from mae, psnr, fid",
    ),
    "too few held out": (
        MATCHED,
        [PIX2PIX, *PAIRS, SCORED, "evaluation.metrics=[fid]", "data.holdout=1"],
        "evaluation.metrics: the number of images to translate is 1; fid needs at least 2",
    ),
    "all held out": (
        MATCHED,
        [CYCLEGAN, *DOMAINS, "data.holdout=3"],
        "data.holdout: cannot hold out 3 samples, because domains has 3",
    ),
}


@pytest.mark.parametrize("cause", TRAININGS)
def test_training(command, tmp_path, monkeypatch, cause):
    monkeypatch.setattr(registry, "_local", {})  # where some of them register architectures
    make, arguments, message = TRAININGS[cause]
    make(tmp_path)
    left = set(os.listdir(tmp_path))
    refused(command("train", *arguments, "steps=1"), message, tmp_path, left=left)


# --- use ----------------------------------------------------------------------------------------


def photos(folder):
    for name, size in {"good.png": (32, 32), "odd.png": (30, 33)}.items():
        pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    truncated(folder / "cut.png")
    write(folder / "page.png", "<html>")
    for name in ("none", "full", "more"):
        (folder / name).mkdir()
    write(folder / "full" / "x", "x")
    Image.new("RGB", (32, 32)).save(folder / "more" / "good.jpg")


USES = {
    "an unknown role": (
        ["translate", "cyclegan", "good.png", "--role", "b_to_c"],
        "has no role 'b_to_c'; did you mean 'b_to_a' or 'a_to_b'?",
    ),
    "a role of another architecture": (
        ["translate", "pix2pix", "good.png", "--role", "a_to_b"],
        "has no role 'a_to_b' (available: discriminator, generator)",
    ),
    "a critic": (
        ["translate", "cyclegan", "good.png", "--role", "discriminator_b"],
        "scores images, and does not make any; choose a_to_b or b_to_a",
    ),
    "a generator of samples": (
        ["translate", "dcgan.mnist5k", "good.png"],
        "does not translate any; draw samples with ganzoo sample",
    ),
    "an unknown use": (
        ["translate", "pix2pix", "good.png", "--use", "train"],
        "use is 'train'; it must be published or eval",
    ),
    "a seed": (["translate", "pix2pix", "good.png", "--seed", "-1"], "the seed is -1"),
    "no batch": (["translate", "pix2pix", "good.png", "--batch-size", "0"], "batch_size is 0"),
    "no image": (["translate", "pix2pix", "nowhere.png"], "there is no image nowhere.png"),
    "an image that breaks off": (
        ["translate", "pix2pix", "cut.png"],
        "cut.png: a PNG that is damaged or incomplete",
    ),
    "a page of the web": (["translate", "pix2pix", "page.png"], "page.png: "),
    "an empty folder": (["translate", "pix2pix", "none"], "none holds no images"),
    "a size": (
        ["translate", "pix2pix", "good.png", "odd.png"],
        "odd.png: images of 33x30 pixels do not fit the ResNet generator; height and width must be "
        "multiples of 4 and at least 8: crop or resize them, as to 32x28 or 36x32",
    ),
    "a file that is there": (
        ["translate", "pix2pix", "good.png", "-o", "odd.png"],
        "odd.png already exists; give a new file",
    ),
    "a folder that is full": (
        ["translate", "pix2pix", "good.png", "more", "-o", "full"],
        "full already exists; give a new folder",
    ),
    "one file for several": (
        ["translate", "pix2pix", "good.png", "more", "-o", "all.png"],
        "all.png is one image, and several are translated; give a folder",
    ),
    "two of one name": (
        ["translate", "pix2pix", "good.png", "more", "-o", "out"],
        "good.png and more/good.jpg would both become out/good.png",
    ),
    "samples of a translator": (
        ["sample", "pix2pix"],
        "does not make them from noise; translate images with ganzoo translate",
    ),
    "ways between translations": (
        ["interpolate", "cyclegan"],
        "does not make them from noise; translate images with ganzoo translate",
    ),
    "scores of a critic": (
        ["evaluate", "cyclegan", "--role", "discriminator_a"],
        "discriminator_a of cyclegan makes no images that could be scored; choose a_to_b or",
    ),
    "scores without data": (["evaluate", "pix2pix"], "give the real data to score against (--data"),
    "scores of a cut": (
        ["evaluate", "pix2pix", "--data", "./more", "--truncation", "0.5"],
        "truncation is for generators, and generator translates images",
    ),
    "scores of single images": (
        ["evaluate", "cyclegan", "--data", "./more"],
        "folder holds sample, and cyclegan is trained on a and b",
    ),
    "scores by a field of training": (
        ["evaluate", "pix2pix", "training.steps=3"],
        "training: evaluate takes fields of data alone",
    ),
    "features that no metric needs": (
        ["evaluate", "pix2pix", "--data", "./more", "--metrics", "mae", "--extractor", "digits"],
        "extractors are for images, and these metrics need no features",
    ),
    "fine-tuning on single images": (
        ["finetune", "cyclegan", "--data", "./more"],
        "folder holds sample, and cyclegan is trained on a and b",
    ),
    "fine-tuning on domains": (
        ["finetune", "pix2pix", "data=domains", "data.a=./more", "data.b=./full"],
        "domains holds a and b, and pix2pix is trained on source and target",
    ),
    "fine-tuning without data": (
        ["finetune", "pix2pix"],
        "data: pairs need path, for images that hold both halves, or a and b",
    ),
}


@pytest.mark.parametrize("cause", USES)
def test_use(command, tmp_path, saved, cause):
    arguments, message = USES[cause]
    photos(tmp_path)
    left = set(os.listdir(tmp_path))
    arguments = [saved / word if word in ("pix2pix", "cyclegan") else word for word in arguments]
    refused(command(*arguments), message, tmp_path, left=left)
    assert os.listdir(tmp_path / "full") == ["x"]
