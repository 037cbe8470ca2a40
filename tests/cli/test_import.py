"""``ganzoo import``: what it prints, and where it goes."""

import json

import pytest
import torch

from tests.importing import foreign
from tests.importing.foreign import scrambled


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(scrambled(foreign.dcgan_generator()).state_dict(), tmp_path / "netG.pth")
    critic = scrambled(foreign.dcgan_discriminator()).state_dict()
    torch.save({**critic, "extra": torch.ones(1)}, tmp_path / "netD.pth")
    return "netG.pth"


def test_a_report_and_the_folder(command, file):
    done = command("import", file, "-o", "faces", "--license", "mit", "latent=uniform")
    assert (done.code, done.out) == (0, "faces\n")
    lines = done.err.splitlines()
    assert lines[0].startswith("pytorch-dcgan: ")
    assert "25 tensors of netG.pth" in lines[1]
    assert "unpickling it would have imported collections.OrderedDict, torch." in lines[-1]
    assert "licence" not in done.err
    sampled = command("sample", "./faces", "-o", "grid.png")
    assert sampled.code == 0


def test_json(command, file):
    done = command("import", file, "-o", "faces", "--json", "--origin", "a drive")
    values = json.loads(done.out)
    assert (values["folder"], values["format"]) == ("faces", "pytorch-dcgan")
    assert values["architecture"]["latent_dim"] == 5
    assert len(values["networks"]["generator"]["taken"]) == 25
    assert values["imported"]["origin"] == "a drive"
    assert "collections.OrderedDict" in values["would_have_imported"]


def test_the_formats_are_listed(command):
    done = command("list", "imports")
    assert done.code == 0
    for name in ("pytorch-dcgan", "junyanz-cyclegan", "junyanz-pix2pix", "gan-collections-wgan-gp"):
        assert f"{name} " in done.out
    assert json.loads(command("list", "imports", "*cycle*", "--json").out)["imports"].keys() == {
        "junyanz-cyclegan"
    }


WRONG = {
    "no folder": (["import", "netG.pth"], "give the folder for the weights, as -o faces"),
    "no value": (["import", "netG.pth", "-o", "x", "uniform"], "uniform is not of the form"),
    "format": (
        ["import", "netG.pth", "-o", "x", "--as", "dcgan"],
        "there is no import format 'dcgan'",
    ),
    "field": (["import", "netG.pth", "-o", "x", "wide=3"], "wide"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_sentence(command, file, name):
    arguments, message = WRONG[name]
    done = command(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
