"""Pickles of R3GAN make what plain torch makes of the same tensors."""

import pickle

import pytest
import torch

import ganzoo
from ganzoo.errors import WeightsError
from tests.importing.comparing import check_generator, check_pair
from tests.importing.foreign_r3gan import Discriminator, Generator, Whole

CASES = {
    # widths and depths from 4x4 on, channels of a group, classes, channels of images
    "of one width": ((16, 16, 16, 16), (1, 1, 1, 1), 8, 0, 3),
    "narrower where large": ((32, 16, 8), (2, 1, 1), 16, 0, 1),
    "with classes": ((16, 16, 8), (1, 2, 1), 8, 3, 3),
}
LATENT = 5


def networks_of(case, seed=0):
    widths, depths, group, classes, channels = CASES[case]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return (
            Whole(Generator(LATENT, widths, depths, group, classes, channels=channels)),
            Whole(Discriminator(widths, depths, group, classes, channels=channels)),
        )


def write(folder, **networks):
    """Write a snapshot, in which modules are pickled whole."""
    state = {"state": {}, "param_groups": []}
    file = folder / "network-snapshot-000100.pkl"
    file.write_bytes(
        pickle.dumps({**networks, "augment_pipe": None, "G_opt_state": state, "cur_nimg": 100}, 4)
    )
    return file


@pytest.mark.parametrize("case", CASES)
def test_a_snapshot_comes_in(tmp_path, case):
    average, critic = networks_of(case)
    raw, _ = networks_of(case, seed=1)
    file = write(tmp_path, G=raw, D=critic, G_ema=average)
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.architecture == "r3gan"
    assert all(not found.left and not found.made for found in report.networks.values())
    check_generator(tmp_path / "weights", raw, LATENT, raw=True)
    check_pair(tmp_path / "weights", average, critic, LATENT)


def test_a_discriminator_of_other_blocks_is_left_out(tmp_path):
    average, _ = networks_of("of one width")
    _, critic = networks_of("narrower where large")
    report = ganzoo.import_checkpoint(write(tmp_path, D=critic, G_ema=average), tmp_path / "w")
    assert {*report.networks} == {"generator"}
    assert any("its blocks are not the generator's" in note for note in report.notes)


def test_other_taps_are_noted(tmp_path):
    average, _ = networks_of("of one width")
    average.Model.MainLayers[1].Layers[0].Resampler.Kernel += 0.01
    report = ganzoo.import_checkpoint(write(tmp_path, G_ema=average), tmp_path / "weights")
    assert any("resamples by other taps than 1, 3, 3, 1" in note for note in report.notes)


def test_groups_of_several_widths_are_refused(tmp_path):
    average, _ = networks_of("of one width")
    other = Generator(LATENT, (16, 16, 16, 16), (1, 1, 1, 1), 16)
    average.Model.MainLayers[1] = other.MainLayers[1]
    with pytest.raises(WeightsError, match="convolutions do not all have one width"):
        ganzoo.import_checkpoint(write(tmp_path, G_ema=average), tmp_path / "weights")
