"""Running the command line in this process, as a user does in a terminal."""

import sys
from dataclasses import dataclass

import pytest

import ganzoo
from ganzoo.cli import main

SMALL = {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]}


@dataclass
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Call ``ganzoo`` with arguments, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ganzoo", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return Result(int(stop.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A tiny finished run with two checkpoints; do not change it, copy it."""
    folder = tmp_path_factory.mktemp("trained")
    overrides = {"training.checkpoint_every": 2, "training.batch_size": 8}
    return ganzoo.train({"architecture": SMALL}, overrides, out=folder / "run", steps=4).path
