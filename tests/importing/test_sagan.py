"""Checkpoints of SAGAN make what plain torch makes of the same tensors."""

import numpy as np
import pytest
import torch

import ganzoo
from tests.importing.comparing import check_generator, check_pair
from tests.importing.foreign_sngan import Discriminator, Generator, filled

SMALL = (8, 8, 8, 8)
CASES = {
    # layout; generator: widths, block before attention; discriminator: the same; halvings; classes
    "mimicry": ("mimicry", SMALL, 1, SMALL, 1, 2, 3),
    "mimicry at 128": (
        "mimicry",
        (32, 32, 16, 8, 4, 2),
        2,
        (4, 8, 16, 32, 64, 64),
        1,
        5,
        3,
    ),
    "studiogan": ("studiogan", SMALL, 1, SMALL, 0, 2, 3),
    "studiogan without classes": ("studiogan", SMALL, 1, SMALL, 0, 2, 0),
    "studiogan with attention elsewhere": ("studiogan", SMALL, 0, SMALL, 1, 2, 3),
    "studiogan at 64": ("studiogan", (64, 32, 16, 8, 4), 2, (8, 16, 32, 64, 128), 0, 4, 3),
    "studiogan of 2020": ("studiogan-2020", SMALL, 1, SMALL, 0, 2, 3),
}
FILES = {
    "mimicry": ("netG_100_steps.pth", "netD_100_steps.pth"),
    "studiogan": tuple(f"model={role}-best-weights-step=100.pth" for role in ("G_ema", "D")),
}


def write(folder, case):
    """Write both networks, and return the generator's file and them."""
    layout, widths, there, judged, here, halvings, classes = CASES[case]
    family = layout.removesuffix("-2020")
    networks = (
        filled(Generator(layout, widths, classes=classes, attention=there), 1),
        filled(Discriminator(family, judged, halvings, classes, attention=here), 2),
    )
    key = "model_state_dict" if family == "mimicry" else "state_dict"
    # The scores of StudioGAN's discriminators are NumPy's numbers.
    extra = {"global_step": 100, "best_fid": np.float64(9.5)}
    for file, network in zip(FILES[family], networks, strict=True):
        torch.save({key: network.state_dict(), **extra}, folder / file)
    return folder / FILES[family][0], networks


@pytest.mark.parametrize("case", CASES)
def test_a_layout_comes_in(tmp_path, case):
    file, networks = write(tmp_path, case)
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.architecture == "sagan"
    assert all(not found.left and not found.made for found in report.networks.values())
    check_pair(tmp_path / "weights", *networks, latent=5)


def test_the_average_of_studiogan_is_the_default(tmp_path):
    file, (average, _) = write(tmp_path, "studiogan")
    raw = filled(Generator("studiogan", SMALL, classes=3, attention=1), 11)
    torch.save({"state_dict": raw.state_dict()}, str(file).replace("G_ema", "G"))
    ganzoo.import_checkpoint(file, tmp_path / "weights")
    check_generator(tmp_path / "weights", average, 5)
    check_generator(tmp_path / "weights", raw, 5, raw=True)


def test_options_beside_it_are_read(tmp_path):
    file, networks = write(tmp_path, "studiogan")
    yaml = "MODEL:\n  backbone: resnet\n  apply_attn: true\n  z_prior: uniform\n"
    (tmp_path / "SAGAN.yaml").write_text(yaml)
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.config.latent == "uniform"
    check_pair(tmp_path / "weights", *networks, latent=5)
