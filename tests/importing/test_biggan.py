"""Checkpoints of BigGAN and BigGAN-deep make what plain torch makes of the same tensors."""

import json

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo.errors import WeightsError
from tests.importing import foreign_hugging_face as hugging_face
from tests.importing.comparing import check_close, check_generator, check_pair
from tests.importing.foreign_biggan import (
    BigDiscriminator,
    BigGenerator,
    StudioDeepDiscriminator,
    StudioGenerator,
)
from tests.importing.foreign_sngan import Discriminator, filled

FLAT = (8, 8, 8, 8)
SIDE_64 = (64, 64, 32, 16, 8), (8, 16, 32, 64, 128)
SIDE_128 = (64, 64, 32, 16, 8, 4), (8, 16, 32, 64, 128, 128)
SIDE_256 = (64, 64, 32, 32, 16, 8, 4), (8, 16, 32, 64, 64, 128, 128)
EVERYWHERE = (0, 1, 2, 3)
CASES = {
    # what makes the generator, and the discriminator; length of its latents
    "plain": (lambda: BigGenerator(FLAT), lambda: BigDiscriminator(FLAT, 2), 8),
    "tables in each norm": (
        lambda: BigGenerator(FLAT, shared=0, hier=False),
        lambda: BigDiscriminator(FLAT, 2),
        8,
    ),
    "latents not divided": (
        lambda: BigGenerator(FLAT, hier=False),
        lambda: BigDiscriminator(FLAT, 2),
        8,
    ),
    "attention at 16 of 32, which all blocks have": (
        lambda: BigGenerator(FLAT, attention=1),
        lambda: BigDiscriminator(FLAT, 2, attention=EVERYWHERE),
        8,
    ),
    "at 64": (
        lambda: BigGenerator(SIDE_64[0], 10, attention=2),
        lambda: BigDiscriminator(SIDE_64[1], 4, attention=(0,)),
        10,
    ),
    "at 128": (
        lambda: BigGenerator(SIDE_128[0], 12, attention=3),
        lambda: BigDiscriminator(SIDE_128[1], 5, attention=(0,)),
        12,
    ),
    "at 256": (
        lambda: BigGenerator(SIDE_256[0], 14, attention=2),
        lambda: BigDiscriminator(SIDE_256[1], 6, attention=(2,)),
        14,
    ),
    "deep": (
        lambda: BigGenerator(FLAT, attention=1, deep=True),
        lambda: BigDiscriminator(FLAT, 2, attention=(0, 1, 2), deep=True),
        8,
    ),
    "deep at 64": (
        lambda: BigGenerator(SIDE_64[0], deep=True),
        lambda: BigDiscriminator(SIDE_64[1], 4, deep=True),
        8,
    ),
    "statistics of several processes": (
        lambda: BigGenerator(FLAT, statistics="running"),
        lambda: BigDiscriminator(FLAT, 2),
        8,
    ),
    "studiogan": (
        lambda: StudioGenerator(FLAT, attention=1),
        lambda: Discriminator("studiogan", FLAT, 2, 3, attention=0),
        8,
    ),
    "studiogan without attention": (
        lambda: StudioGenerator(FLAT),
        lambda: Discriminator("studiogan", FLAT, 2, 3),
        8,
    ),
    "studiogan at 64": (
        lambda: StudioGenerator((64, 32, 16, 8, 4), 10, attention=2),
        lambda: Discriminator("studiogan", SIDE_64[1], 4, 3, attention=0),
        10,
    ),
    "studiogan, deep": (
        lambda: StudioGenerator(FLAT, attention=1, deep="legacy"),
        lambda: StudioDeepDiscriminator(FLAT, 2, attention=0),
        8,
    ),
    "studiogan, deep at 64": (
        lambda: StudioGenerator((64, 32, 16, 8, 4), attention=2, deep="legacy"),
        lambda: StudioDeepDiscriminator(SIDE_64[1], 4, attention=0),
        8,
    ),
    "studiogan, deep with projected skips": (
        lambda: StudioGenerator(FLAT, attention=1, deep="studiogan"),
        lambda: StudioDeepDiscriminator((8, 32, 32, 32), 2, attention=0, deep="studiogan"),
        8,
    ),
}
LONG = {"at 128", "at 256"}
FILES = {
    "biggan-pytorch": ("G_ema.pth", "D.pth"),
    "studiogan": tuple(f"model={role}-best-weights-step=100.pth" for role in ("G_ema", "D")),
}


def write(folder, case):
    """Write both networks, and return the generator's file and them."""
    *makers, _ = CASES[case]
    networks = [filled(make(), seed) for seed, make in enumerate(makers, 1)]
    studio = case.startswith("studiogan")
    files = FILES["studiogan" if studio else "biggan-pytorch"]
    for file, network in zip(files, networks, strict=True):
        state = network.state_dict()
        torch.save({"state_dict": state} if studio else state, folder / file)
    return folder / files[0], networks


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.sweep if case in LONG else ()) for case in CASES],
)
def test_a_layout_comes_in(tmp_path, case):
    file, networks = write(tmp_path, case)
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.architecture == "biggan"
    assert all(not found.left for found in report.networks.values())
    check_pair(tmp_path / "weights", *networks, latent=CASES[case][2])


@pytest.mark.parametrize("count", [0, 16])
def test_statistics_that_are_sums_are_divided(tmp_path, count):
    network = filled(BigGenerator(FLAT, statistics="counted"), 1)
    for name, kept in network.named_buffers():
        if name.endswith("accumulation_counter"):
            kept.fill_(count)
        elif "stored" in name and count:
            kept.mul_(count)
    torch.save(network.state_dict(), tmp_path / "G_ema.pth")
    ganzoo.import_checkpoint(tmp_path / "G_ema.pth", tmp_path / "weights")
    check_generator(tmp_path / "weights", network, 8)


@pytest.mark.parametrize("case", ["plain", "studiogan", "deep"])
def test_the_average_is_the_default_and_the_raw_one_comes_too(tmp_path, case):
    file, (average, _) = write(tmp_path, case)
    raw, latent = filled(CASES[case][0](), 11), CASES[case][2]
    state = raw.state_dict()
    other = file.with_name(file.name.replace("G_ema", "G"))
    torch.save({"state_dict": state} if case == "studiogan" else state, other)
    ganzoo.import_checkpoint(file, tmp_path / "weights")
    check_generator(tmp_path / "weights", average, latent)
    check_generator(tmp_path / "weights", raw, latent, raw=True)


def test_a_networks_role_is_not_told_by_its_file(tmp_path):
    file, (G, D) = write(tmp_path, "plain")
    file.replace(tmp_path / "netD.pth")
    (tmp_path / "D.pth").replace(tmp_path / "netG.pth")
    ganzoo.import_checkpoint(tmp_path / "netG.pth", tmp_path / "weights")
    check_pair(tmp_path / "weights", G, D, latent=8)


@pytest.mark.parametrize("named", ["", "G_ema.pth"], ids=["the folder", "a file"])
def test_the_config_beside_is_read(tmp_path, named):
    """The shapes do not tell eps; the scores beside it are NumPy's numbers."""
    folder = tmp_path / "run"
    folder.mkdir()
    networks = [filled(BigGenerator(FLAT, eps=0.1), 1), filled(BigDiscriminator(FLAT, 2), 2)]
    for name, network in zip(("G_ema", "D"), networks, strict=True):
        torch.save(network.state_dict(), folder / f"{name}.pth")
    state = {"itr": 1, "best_FID": np.float64(9.5), "config": {"BN_eps": 0.1, "G_attn": "0"}}
    torch.save(state, folder / "state_dict.pth")
    ganzoo.import_checkpoint(folder / named, tmp_path / "weights")
    check_pair(tmp_path / "weights", *networks, latent=8)


def test_the_options_of_studiogan_are_read(tmp_path):
    file, networks = write(tmp_path, "studiogan")
    yaml = "MODEL:\n  backbone: big_resnet\n  z_prior: uniform\n"
    (tmp_path / "BigGAN.yaml").write_text(yaml)
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.config.latent == "uniform"
    check_pair(tmp_path / "weights", *networks, latent=8)


TRUNCATIONS = [1.0, 0.5, 0.445, 0.58, 0.14, 0.02]
"""On the grid of rows, where float error reads the neighbour of a row, and between two rows."""


@pytest.mark.parametrize("published", [False, True])
def test_the_generator_of_hugging_face_keeps_its_rows(tmp_path, published):
    network = filled(hugging_face.Generator(), 1)
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(network.config))
    ganzoo.import_checkpoint(
        tmp_path / "pytorch_model.bin", tmp_path / "weights", FAULTY[published]
    )
    module = ganzoo.load_generator(tmp_path / "weights").module
    latents, labels = torch.randn(3, 6).clamp(-2, 2), torch.tensor([0, 3, 1])
    for truncation in TRUNCATIONS:
        with torch.no_grad():
            images = network(latents * truncation, labels, truncation, published)
            with module.at_truncation(truncation):
                check_close(module(latents * truncation, labels), images)


FAULTY = {False: {}, True: {"interpolation": "published"}}


def test_a_generator_with_a_gap_is_refused(tmp_path):
    file, (network, _) = write(tmp_path, "plain")
    state = network.state_dict()
    del state["blocks.1.0.conv_sc.weight"]
    torch.save(state, file)
    with pytest.raises(WeightsError):
        ganzoo.import_checkpoint(file, tmp_path / "weights")
