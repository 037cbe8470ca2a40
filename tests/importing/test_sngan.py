"""Checkpoints of mimicry and StudioGAN make what plain torch makes of the same tensors."""

import pytest
import torch

import ganzoo
from ganzoo.errors import WeightsError
from tests.importing.foreign_sngan import Discriminator, Generator, filled

FILES = {
    "mimicry": ("netG_100_steps.pth", "netD_100_steps.pth"),
    "studiogan": tuple(f"model={role}-best-weights-step=100.pth" for role in ("G_ema", "D")),
}
CASES = {
    # layout, widths of the generator and its start, of the discriminator and its halvings, classes
    "mimicry": ("mimicry", (8, 8, 8, 8), 4, (4, 4, 4, 4), 2, 0),
    "mimicry with classes": ("mimicry", (8, 8, 8, 8), 4, (4, 4, 4, 4), 2, 3),
    "mimicry at 48": ("mimicry", (16, 8, 4, 2), 6, (2, 4, 8, 16, 32), 4, 0),
    "mimicry at 64": ("mimicry", (32, 16, 8, 4, 2), 4, (1, 2, 4, 8, 16), 5, 3),
    "mimicry at 128": ("mimicry", (16, 16, 8, 4, 2, 1), 4, (2, 4, 8, 16, 32, 32), 5, 0),
    "studiogan": ("studiogan", (8, 8, 8, 8), 4, (4, 4, 4, 4), 2, 0),
    "studiogan with classes": ("studiogan", (8, 8, 8, 8), 4, (4, 4, 4, 4), 2, 3),
    "studiogan at 64": ("studiogan", (32, 16, 8, 4, 2), 4, (1, 2, 4, 8, 16), 4, 3),
    "studiogan of 2020": ("studiogan-2020", (8, 8, 8, 8), 4, (4, 4, 4, 4), 2, 3),
}


def write(folder, case):
    """Write both networks, and return them."""
    layout, widths, start, judged, halvings, classes = CASES[case]
    family = layout.removesuffix("-2020")
    networks = (
        filled(Generator(layout, widths, start, classes=classes), 1),
        filled(Discriminator(family, judged, halvings, classes), 2),
    )
    key = "model_state_dict" if family == "mimicry" else "state_dict"
    for file, network in zip(FILES[family], networks, strict=True):
        torch.save({key: network.state_dict(), "global_step": 100}, folder / file)
    return folder / FILES[family][0], networks


def check_close(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * other.abs().max().item())


@pytest.mark.parametrize("case", CASES)
def test_a_layout_comes_in(tmp_path, case):
    file, (G, D) = write(tmp_path, case)
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.format.endswith("-sngan")
    assert all(not found.left and not found.made for found in report.networks.values())
    ours, judge = ganzoo.load_pair(tmp_path / "weights")
    labels = (torch.tensor([0, 2, 1]),) if ours.config.num_classes else ()
    latents = torch.randn(3, 5)
    with torch.no_grad():
        images = G(latents, *labels)
        check_close(ours.module(latents, *labels), images)
        check_close(judge.module(images, *labels), D(images, *labels))
        # Once more, after a pass in training has moved the vectors of spectral norm.
        for network in (judge.module, D):
            network.train()(images, *labels)
        check_close(judge.module.eval()(images, *labels), D.eval()(images, *labels))


def test_the_options_beside_a_file_of_studiogan_are_read(tmp_path):
    file, _ = write(tmp_path, "studiogan")
    (tmp_path / "SNGAN.yaml").write_text("MODEL:\n  backbone: resnet\n  z_prior: uniform\n")
    (tmp_path / "other.yaml").write_text("a: [1\n")
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.config.latent == "uniform"


def test_the_self_supervised_critic_of_mimicry_comes_without_its_second_head(tmp_path):
    file, (_, D) = write(tmp_path, "mimicry")
    state = {"l_y.weight": torch.randn(4, 4), "l_y.bias": torch.randn(4), **D.state_dict()}
    torch.save({"model_state_dict": state}, tmp_path / FILES["mimicry"][1])
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.networks["discriminator"].left == ("l_y.weight", "l_y.bias")


def test_networks_of_which_one_has_classes_come_apart(tmp_path):
    write(tmp_path, "mimicry with classes")
    other = tmp_path / "other"
    other.mkdir()
    file, _ = write(other, "mimicry")
    (tmp_path / FILES["mimicry"][1]).replace(other / FILES["mimicry"][1])
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert [*report.networks] == ["generator"]
    assert "only one of both networks has classes" in report.notes[0]


@pytest.mark.parametrize(
    ("widths", "start", "message"),
    [((6, 6, 6, 6), 4, "multiple of 4"), ((8, 8, 8), 4, "16x16"), ((8, 8, 8, 8), 5, "40x40")],
)
def test_what_has_no_place_here_is_refused(tmp_path, widths, start, message):
    torch.save(filled(Generator("mimicry", widths, start), 0).state_dict(), tmp_path / "netG.pth")
    with pytest.raises(WeightsError, match=message):
        ganzoo.import_checkpoint(tmp_path / "netG.pth", tmp_path / "weights")
