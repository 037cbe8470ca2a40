"""The weights that come with the architectures: whole, deterministic, and what their cards say."""

import json
import os
import subprocess
import sys

import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import registry
from ganzoo.hub.loading import open_weights
from ganzoo.resolve import resolve
from ganzoo.spec import Architecture
from ganzoo.weights.card import write_card
from ganzoo.weights.description import read_info
from ganzoo.weights.reading import FolderFiles
from tests.imports import ROOT

MAX_BYTES = 8_000_000

GOLDEN = {
    # reference: (parameters of both networks, the means of the images of sample(4, seed=0))
    "dcgan.mnist5k": ([390_080, 167_104], [0.14961, 0.10717, 0.14367, 0.10875]),
    "wgan-gp.mnist5k": ([525_377, 259_073], [0.12235, 0.08266, 0.12349, 0.14753]),
    "vanilla.mnist5k": ([824_848, 906_241], [0.16259, 0.14393, 0.163, 0.13734]),
}


def located(reference):
    """The folder of bundled weights."""
    return open_weights(reference).folder


def test_these_come_with_ganzoo():
    assert ganzoo.list_pretrained() == sorted(GOLDEN)
    assert ganzoo.list_pretrained("dc*") == ["dcgan.mnist5k"]


@pytest.mark.parametrize("reference", GOLDEN)
class TestEach:
    def test_loads_strictly_and_samples_what_it_always_did(self, reference):
        G, D = ganzoo.load_pair(reference)
        parameters, means = GOLDEN[reference]
        assert [sum(p.numel() for p in net.parameters()) for net in (G, D)] == parameters
        images = G.sample(4, seed=0)
        assert images.equal(ganzoo.load_generator(reference).sample(4, seed=0))
        assert images.mean(dim=(1, 2, 3)).tolist() == pytest.approx(means, abs=2e-4)

    def test_its_discriminator_tells_noise_from_samples(self, reference):
        G, D = ganzoo.load_pair(reference)
        labels = torch.arange(20) % 10 if G.config.num_classes else None
        with torch.no_grad():
            fakes = G.sample(20, seed=1, labels=labels) * 2 - 1
            noise = torch.rand(fakes.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
            assert D(fakes, labels).mean() > D(noise, labels).mean() + 1

    def test_truncation_makes_samples_more_alike(self, reference):
        G = ganzoo.load_generator(reference)
        labels = 3 if G.config.num_classes else None
        spread = [
            G.sample(32, seed=0, labels=labels, truncation=t).std(dim=0).mean() for t in (0.3, 1.0)
        ]
        assert 0.01 < spread[0] < spread[1]

    def test_the_folder_is_small_and_has_its_card_and_sheet(self, reference):
        folder = located(reference)
        sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
        assert sizes.keys() == {
            "config.json",
            "model.safetensors",
            "discriminator.safetensors",
            "recipe.yaml",
            "README.md",
            "samples.png",
        }
        assert sum(sizes.values()) < MAX_BYTES
        card = (folder / "README.md").read_text(encoding="utf-8")
        info = read_info(FolderFiles(folder))
        assert write_card(info, reference, sizes, existing=card) == card
        assert f"ganzoo train {folder.relative_to(ROOT)}/recipe.yaml" in card
        assert "CC BY-SA 3.0" in card
        with Image.open(folder / "samples.png") as sheet:
            assert sheet.size > (200, 200)

    def test_the_recipe_gives_the_config(self, reference):
        folder = located(reference)
        info, config = read_info(FolderFiles(folder)), resolve(folder / "recipe.yaml").config
        assert config.architecture == info.architecture
        facts = info.training
        assert facts["steps"] == config.training.steps
        assert facts["samples"] == config.training.steps * config.training.batch_size
        assert (facts["loss"], facts["seed"]) == (config.loss.name, config.training.seed)
        assert facts["precision"] == config.training.precision
        assert facts["penalties"] == sorted(config.active_penalties)


@pytest.mark.sweep
def test_the_command_line_samples_without_a_network(tmp_path):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "no_proxy": "", "http_proxy": "x:1"}
    command = [sys.executable, "-m", "ganzoo", "sample", "wgan-gp.mnist5k"]
    done = subprocess.run(
        [*command, "--truncation", "0.7", "-o", str(tmp_path / "grid.png")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.width > 100


@pytest.mark.parametrize("reference", ["dcgan.mnist5k", "vanilla.mnist5k"])
def test_makes_every_digit_that_it_is_asked_for(reference):
    G = ganzoo.load_generator(reference)
    assert G.info.data.class_names == list("0123456789")
    means = torch.stack([G.sample(32, seed=0, labels=str(n)).mean(dim=0) for n in range(10)])
    apart = torch.cdist(means.flatten(1), means.flatten(1)) + 100 * torch.eye(10)
    assert apart.min() > 2, "two classes look the same on average"


@pytest.mark.sweep
def test_an_export_from_the_last_checkpoint_has_the_bytes_of_the_run(tmp_path):
    """So that a recipe, trained again on the same machine, gives what is bundled."""
    recipe = located("dcgan.mnist5k") / "recipe.yaml"
    overrides = {"training.steps": 3, "training.sample_every": 0}
    run = ganzoo.train(recipe, overrides, out=tmp_path / "run")
    again = ganzoo.train(recipe, overrides, out=tmp_path / "again")
    folder = ganzoo.export(run.checkpoints / "step-0000000003", tmp_path / "folder")
    for name in sorted(path.name for path in folder.iterdir()):
        expected = (run.path / "weights" / name).read_bytes()
        assert (folder / name).read_bytes() == expected, name
        assert (again.path / "weights" / name).read_bytes() == expected, name


def test_the_notice_names_them_and_the_licence_of_the_digits():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "CC BY-SA 3.0" in notice
    for reference in GOLDEN:
        assert str(located(reference).relative_to(ROOT)) in notice


GENERATORS = [
    name
    for name in registry.names("architectures")
    # Translators wait for a small set of pairs or domains that may come with ganzoo.
    if registry.get(Architecture, name).networks[registry.get(Architecture, name).makers[0]].kind
    == "generator"
]


LARGE = {"biggan", "r3gan", "sagan", "sngan", "stylegan2"}
"""Architectures without weights that are small enough to come with ganzoo."""


@pytest.mark.parametrize("name", sorted({*GENERATORS} - LARGE))
def test_every_generator_comes_with_weights(name):
    spec = registry.get(Architecture, name)
    for tag, item in spec.pretrained.items():
        assert json.loads((item.folder / "config.json").read_text())["architecture"]["name"] == name
        assert item.summary.endswith("."), tag
    assert "mnist5k" in spec.pretrained
