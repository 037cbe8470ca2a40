"""A stranger's game of three networks, installed with pip: it takes every road that ours take.

`bigan` has a generator, an encoder, and a critic of samples beside their latents. Nothing of ganzoo
knows of it.
"""

import json
import os
import random
import signal
import subprocess
import time

import pytest

from ganzoo import registry
from ganzoo.about import DISTRIBUTION
from tests.hub.server import ALICE
from tests.imports import ROOT
from tests.plugins.conftest import Environment
from tests.training.launching import finished

ID = "acme/bigan"
ROLES = ("generator", "encoder", "discriminator")
RUN = [
    "architecture=bigan",
    "architecture.sample_shape=[1,8,8]",
    "architecture.width=16",
    "data=mnist5k",
    "penalties.r1.weight=0.5",
    "penalties.r1.every=2",
    "augmentation=diffaugment",
    "training.batch_size=8",
    "training.sample_every=0",
]

USE = """
import json, sys
import ganzoo, torch
reference = sys.argv[1]
G, E = ganzoo.load(reference), ganzoo.load(reference, "encoder")
samples = G.sample(4, seed=1) * 2 - 1
with torch.no_grad():
    latents, scores = E(samples), ganzoo.load(reference, "discriminator")(samples, None, E(samples))
print(json.dumps({
    "networks": [type(network).__name__ for network in (G, E)],
    "shapes": [list(tensor.shape) for tensor in (samples, latents, scores)],
    "numbers": latents.flatten().tolist(),
}))
"""


class Installed(Environment):
    """An environment with the game in it."""

    def variables(self):
        return {
            **os.environ,
            registry.LIMIT_VARIABLE: f"{DISTRIBUTION},ganzoo-bigan",
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *arguments, cwd):
        """Start a Python of the environment."""
        return subprocess.Popen(
            [self.executable, *map(str, arguments)],
            cwd=cwd,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def use(self, reference, cwd):
        """Load its networks and call them, as somebody who has no more than the reference."""
        process = self.start("-c", USE, reference, cwd=cwd)
        output, errors = finished(process)
        assert process.returncode == 0, errors
        return json.loads(output)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The environment, and a run of six steps in it."""
    environment = Installed(tmp_path_factory.mktemp("bigan"))
    environment.install("./bigan")
    train = ["train", *RUN, "steps=6", "training.checkpoint_every=2"]
    environment.done(*train, "--out", "whole", cwd=environment.folder)
    return environment


def saved(run):
    """The bytes of the last checkpoint."""
    *_, newest = sorted((run / "checkpoints").iterdir())
    return newest.name, {file.name: file.read_bytes() for file in newest.iterdir()}


def test_ganzoo_does_not_know_it():
    for folder in ("ganzoo", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8").lower()
            assert "bigan" not in text, file
            assert "bidirectional" not in text, file


def test_it_is_trained_kept_sampled_and_encodes(installed):
    weights = installed.folder / "whole" / "weights"
    files = {f"{role}.safetensors" for role in ROLES[1:]}
    assert {"model.safetensors", "generator_raw.safetensors", *files} <= {
        file.name for file in weights.iterdir()
    }
    facts = json.loads((weights / "config.json").read_text())
    assert facts["plugin"]["distribution"] == "ganzoo-bigan"
    found = installed.use("./whole", installed.folder)
    assert found["networks"] == ["Generator", "Network"]
    assert found["shapes"] == [[4, 1, 8, 8], [4, 16], [4]]
    [row] = (installed.folder / "whole" / "log.jsonl").read_text().splitlines()
    assert {"penalty/r1", "loss/encoder", "loss/generator"} <= json.loads(row).keys()


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list"], "bigan"),
        (["list", "objectives"], "bidirectional"),
        (["info", "bigan"], "encoder"),
        (["check-plugin", "bigan"], "trains-in-bf16"),
        (["check-plugin", "bidirectional"], "passed"),
    ],
    ids=" ".join,
)
def test_it_is_listed_and_checked(installed, tmp_path, arguments, told):
    assert told in installed.done(*arguments, cwd=tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(3))
def test_killed_it_ends_in_the_same_bytes(installed, tmp_path, seed):
    train = ["-m", "ganzoo", "train", *RUN, "steps=6", "training.checkpoint_every=2"]
    process = installed.start(*train, "--out", "run", cwd=tmp_path)
    while not (tmp_path / "run" / "checkpoints").exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(random.Random(seed).uniform(0, 0.1))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    installed.done("resume", "run", cwd=tmp_path)
    assert saved(tmp_path / "run") == saved(installed.folder / "whole")


@pytest.mark.sweep
def test_two_processes_do_what_one_does(installed, tmp_path):
    exact = [*RUN, "training.precision=fp64", "steps=4"]
    installed.done("train", *exact, "--out", "one", cwd=tmp_path)
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    process = installed.start(*start, "-m", "ganzoo", "train", *exact, "--out", "two", cwd=tmp_path)
    _, errors = finished(process)
    assert process.returncode == 0, errors
    assert "2 processes share every batch of 8" in errors
    one, two = (installed.use(f"./{name}", tmp_path)["numbers"] for name in ("one", "two"))
    assert one == pytest.approx(two, abs=1e-6)  # weights are exported in float32


@pytest.mark.sweep
def test_it_is_exported_pushed_pulled_and_used(installed, tmp_path, session_hub, monkeypatch):
    session_hub.reset()
    monkeypatch.setenv("HF_TOKEN", ALICE)
    run = installed.folder / "whole"
    expected = installed.use(run, tmp_path)
    installed.done("export", run, "exported", cwd=tmp_path)
    assert installed.use("./exported", tmp_path) == expected
    installed.done("push", "./exported", ID, cwd=tmp_path)
    files = session_hub.repos[ID].files()
    assert {"model.safetensors", "encoder.safetensors", "discriminator.safetensors"} <= set(files)
    assert installed.use(ID, tmp_path) == expected
    installed.done("sample", ID, "--out", "samples.png", cwd=tmp_path)
    assert (tmp_path / "samples.png").is_file()
    assert "encoder" in installed.done("info", ID, cwd=tmp_path)
