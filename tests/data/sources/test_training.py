"""Networks are trained on every kind of source, from the command line and from Python."""

import sys

import pytest

import ganzoo
from ganzoo import registry
from ganzoo.cli import main
from ganzoo.errors import ConfigError
from tests.data.sources.conftest import KINDS, Torch

TINY = {
    "architecture": {
        "name": "vanilla",
        "generator_widths": [4],
        "discriminator_widths": [4],
        "latent_dim": 2,
    },
    "training": {"steps": 1, "batch_size": 4},
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "torch"])
def test_from_the_command_line(tmp_path, pixels, monkeypatch, capsys, kind):
    path = KINDS[kind](tmp_path, pixels)
    arguments = [f"data=./{path.name}", "architecture.name=vanilla"]
    arguments += ["architecture.generator_widths=[4]", "architecture.discriminator_widths=[4]"]
    arguments += ["steps=1", "batch_size=4", "--out", "run"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ganzoo", "train", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code, capsys.readouterr().err
    run = ganzoo.Run.open("run")
    assert run.config.data.source == str(path)
    assert run.config.architecture.sample_shape == (3, 8, 8)
    assert ganzoo.load_generator("./run").sample(2, seed=0).shape == (2, 3, 8, 8)


def test_from_python_and_on(tmp_path, pixels, monkeypatch, capsys):
    data = Torch(pixels)
    run = ganzoo.train(TINY, data=data, out=tmp_path / "run")
    assert "first call ganzoo.register_dataset('python-torch', ...)" in (capsys.readouterr().err)
    (score,) = ganzoo.evaluate(
        run, data, metrics=["fid"], extractor="digits", fakes=4, batch_size=4
    )
    assert score.protocol.reals == len(pixels)
    monkeypatch.setattr(registry, "_local", {})
    with pytest.raises(ConfigError, match="is registered first, with"):
        ganzoo.resume(run, steps=2)
    ganzoo.register_dataset("python-torch", Torch(pixels))
    assert ganzoo.resume(run, steps=2).log[-1]["step"] == 2


def test_fields_beside_a_dataset(tmp_path, pixels):
    run = ganzoo.train(TINY, data={"source": Torch(pixels), "flip": True}, out=tmp_path / "run")
    assert run.config.data.flip
    assert run.config.data.source == "python-torch"
