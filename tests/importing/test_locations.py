"""Where checkpoints are found: beside each other, in folders, and on the Hub."""

import pytest
import torch

import ganzoo
from ganzoo.errors import HubError, WeightsError
from ganzoo.importing.locations import options_of, partners
from tests.importing import foreign
from tests.importing.foreign import scrambled

PARTNERS = {
    "the example": ("netG_epoch_3.pth", ["netD_epoch_3.pth", "netD_epoch_2.pth"], [0]),
    "CycleGAN": (
        "latest_net_G_A.pth",
        ["latest_net_G_B.pth", "latest_net_D_A.pth", "5_net_D_A.pth", "latest_net_G.pth"],
        [0, 1],
    ),
    "pix2pix": ("latest_net_G.pth", ["latest_net_D.pth", "latest_net_G_A.pth"], [0]),
    "words": ("my-generator.pt", ["my-discriminator.pt", "discriminator.pt"], [0]),
    "letters": ("G.pth", ["D.pth", "G_ema.pth", "Dog.pth"], [1, 0]),
    "a discriminator": ("netD.pth", ["netG.pth"], [0]),
    "in front": ("celeba.pth", ["netD_celeba.pth"], [0]),
    "no partner": ("Gen.pth", ["Den.pth", "notes.txt"], []),
}


@pytest.mark.parametrize("name", PARTNERS)
def test_files_of_one_game_know_each_other(name):
    file, others, found = PARTNERS[name]
    assert partners(file, [file, *others]) == [others[index] for index in found]


def test_options_of_a_training():
    text = """----------------- Options ---------------
               batch_size: 1
                direction: BtoA                          \t[default: AtoB]
                     name: maps: old                     \t[default: experiment_name]
----------------- End -------------------
"""
    options = options_of({"opt.txt": text})
    assert options == {"batch_size": "1", "direction": "BtoA", "name": "maps: old"}


@pytest.fixture
def networks():
    return {
        "netG.pth": scrambled(foreign.dcgan_generator(), 1),
        "netD.pth": scrambled(foreign.dcgan_discriminator(), 2),
    }


def save(folder, networks):
    folder.mkdir()
    for name, network in networks.items():
        torch.save(network.state_dict(), folder / name)
    return folder


def test_a_folder(tmp_path, networks):
    folder = save(tmp_path / "checkpoints", networks)
    (folder / "notes.txt").write_text("nothing that is known")
    report = ganzoo.import_checkpoint(folder, tmp_path / "weights")
    assert report.networks.keys() == {"generator", "discriminator"}


def test_a_partner_that_is_not_a_checkpoint_is_passed_over(tmp_path, networks):
    folder = save(tmp_path / "checkpoints", networks)
    (folder / "netD.pth").write_bytes(b"<html>")
    report = ganzoo.import_checkpoint(folder / "netG.pth", tmp_path / "weights")
    assert report.networks.keys() == {"generator"}


def test_an_empty_folder_is_filled(tmp_path, networks):
    folder = save(tmp_path / "checkpoints", networks)
    (tmp_path / "weights").mkdir()
    report = ganzoo.import_checkpoint(folder, tmp_path / "weights")
    assert ganzoo.load(report.folder).sample(1, seed=0).shape == (1, 3, 64, 64)


@pytest.fixture
def repo(session_hub, tmp_path, networks):
    """A repository with both networks in a folder of it, and one commit before that."""
    session_hub.reset()
    folder = save(tmp_path / "there", networks)
    repo = session_hub.create("alice/dcgan")
    repo.put({"README.md": b"hello"})
    repo.put({f"models/{path.name}": path.read_bytes() for path in folder.iterdir()})
    return repo


@pytest.mark.parametrize("path", ["models/netG.pth", "models", "models/"])
def test_from_the_hub(tmp_path, repo, path):
    report = ganzoo.import_checkpoint(
        f"hf://alice/dcgan/{path}", tmp_path / "weights", cache_dir=tmp_path / "cache"
    )
    assert report.networks.keys() == {"generator", "discriminator"}
    assert report.imported.commit == repo.head()
    assert report.imported.origin == f"hf://alice/dcgan/{path}"
    assert ganzoo.load(report.folder).sample(1, seed=0).shape == (1, 3, 64, 64)
    card = (report.folder / "README.md").read_text()
    assert repo.head() in card


def test_at_a_commit(tmp_path, repo):
    commit = repo.head()
    repo.put({"models/netG.pth": b"another one"})
    where = f"hf://alice/dcgan/models/netG.pth@{commit}"
    report = ganzoo.import_checkpoint(where, tmp_path / "weights", cache_dir=tmp_path / "cache")
    assert report.imported.commit == commit


ABSENT = {
    "no file": ("hf://alice/dcgan/models/netF.pth", "has no file 'models/netF.pth'; did you mean"),
    "no path": ("hf://alice/dcgan", "holds no checkpoint"),
    "no repository": ("hf://alice/other/netG.pth", "alice/other"),
    "no name": ("hf://alice", "write hf://org/name/path@revision"),
    "no revision": ("hf://alice/dcgan/models/netG.pth@v9", "has no revision 'v9'"),
}


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_not_on_the_hub(tmp_path, repo, name):
    where, message = ABSENT[name]
    with pytest.raises((WeightsError, HubError), match=message):
        ganzoo.import_checkpoint(where, tmp_path / "weights", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "weights").exists()


def test_a_file_that_is_too_large_is_not_fetched(tmp_path, repo, monkeypatch, session_hub):
    monkeypatch.setattr("ganzoo.importing.locations.MAX_BYTES", 100)
    with pytest.raises(WeightsError, match=r"netG\.pth of alice/dcgan"):
        ganzoo.import_checkpoint(
            "hf://alice/dcgan/models/netG.pth", tmp_path / "weights", cache_dir=tmp_path / "cache"
        )
    assert not [
        r for r in session_hub.requests() if r.path.endswith("netG.pth") and r.method == "GET"
    ]


def test_loading_such_a_repository_names_the_command(repo, tmp_path):
    with pytest.raises(WeightsError, match=r"ganzoo import hf://alice/dcgan/models/netD\.pth -o"):
        ganzoo.load("alice/dcgan", cache_dir=tmp_path / "cache")
