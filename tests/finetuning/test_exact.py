"""A fine-tuning run that was stopped ends with the very bits of one that never was."""

import json
import random
import shutil
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

import ganzoo
from ganzoo.errors import RunError, WeightsError
from ganzoo.resolve.merge import nest
from ganzoo.training import checkpoints
from tests.finetuning.small import make_base, make_images

QUIET = {"training.batch_size": 4, "training.sample_every": 0, "training.checkpoint_every": 0}

CASES = {
    "whole": ({}, {}),
    "frozen": ({}, {"finetune.freeze.discriminator": 2, "finetune.freeze.generator": 1}),
    "warm-up": (
        {"without": {"discriminator"}},
        {"finetune.warm_up": 3, "objective.fakes": "reused"},
    ),
    "warm-up, generator first": (
        {"without": {"discriminator", "generator_raw"}},
        {"finetune.warm_up": 4, "objective.fakes": "reused", "objective.first": "generator"},
    ),
    "partial": (
        {"class_names": ["cat", "dog", "elk"]},
        {"finetune.allow_partial": True, "architecture.sample_shape": [3, 16, 16]},
    ),
    "spectral-norm": (
        {"discriminator_norm": "spectral"},
        {"finetune.freeze.discriminator": 1, "penalties.r1.every": 2},
    ),
    "no-ema": ({}, {"ema": None}),
}


def tensors_of(run):
    return checkpoints.read_checkpoint(checkpoints.every(run.checkpoints)[-1])[0]


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


@pytest.mark.parametrize("steps", [pytest.param(1, marks=pytest.mark.sweep), 3])
@pytest.mark.parametrize("case", CASES)
def test_resume_is_exact_and_needs_no_base(tmp_path, images, case, steps):
    given, values = CASES[case]
    base = make_base(tmp_path / "base", **given)
    values = {**QUIET, **values, "training.steps": 6}
    whole = ganzoo.finetune(base, images, values, out=tmp_path / "whole")
    with pytest.raises(StoppedError):
        ganzoo.finetune(base, images, values, out=tmp_path / "stopped", observers=[Stop(steps)])
    stopped = ganzoo.Run.open(tmp_path / "stopped")
    shutil.rmtree(base)
    torch.manual_seed(123)  # what happens elsewhere has no influence
    ganzoo.resume(stopped)
    assert_same_bits(tensors_of(whole), tensors_of(stopped))
    for name in ("model.safetensors", "discriminator.safetensors", "config.json", "recipe.yaml"):
        files = [run.path / "weights" / name for run in (whole, stopped)]
        assert files[0].read_bytes() == files[1].read_bytes()


class StoppedError(Exception):
    """Stands for whatever ends a process."""


class Stop(ganzoo.Observer):
    """Saves a run and ends it before its time."""

    def __init__(self, steps):
        self.steps = steps

    def step(self, trainer):
        if trainer.step == self.steps:
            trainer.save()
            raise StoppedError


def test_before_the_first_step_everything_is_kept(tmp_path, base, images):
    own = shutil.copytree(base, tmp_path / "base")
    with pytest.raises(StoppedError):
        ganzoo.finetune(own, images, {**QUIET, "steps": 2}, out=tmp_path / "run", observers=[Die()])
    run = ganzoo.Run.open(tmp_path / "run")
    assert [path.name for path in checkpoints.every(run.checkpoints)] == ["step-0000000000"]
    state = tensors_of(run)
    for prefix, file in (
        ("network.generator", "generator_raw"),
        ("network.discriminator", "discriminator"),
        ("ema", "model"),
    ):
        stored = load_file(base / f"{file}.safetensors")
        assert [
            key
            for key, tensor in state.items()
            if key.startswith(f"{prefix}/") and not tensor.equal(stored[key.partition("/")[2]])
        ] == []
    shutil.rmtree(own)
    ganzoo.resume(run)
    whole = ganzoo.finetune(base, images, {**QUIET, "steps": 2}, out=tmp_path / "whole")
    assert_same_bits(tensors_of(whole), tensors_of(run))


class Die(ganzoo.Observer):
    """Ends a run when it starts."""

    def start(self, trainer):
        raise StoppedError


def test_without_any_checkpoint_the_base_is_asked_for_again(tmp_path, base, images):
    own = shutil.copytree(base, tmp_path / "base")
    whole = ganzoo.finetune(own, images, {**QUIET, "steps": 2}, out=tmp_path / "run")
    before = tensors_of(whole)
    for name in ("checkpoints", "weights"):
        shutil.rmtree(whole.path / name)
    ganzoo.resume(whole)
    assert_same_bits(before, tensors_of(whole))
    for name in ("checkpoints", "weights"):
        shutil.rmtree(whole.path / name)
    shutil.copy(own / "generator_raw.safetensors", own / "model.safetensors")
    with pytest.raises(WeightsError, match="they have changed since"):
        ganzoo.resume(whole)


STEPS, WARM_UP = 40, 15


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run with a warm-up, and what it was made of."""
    folder = tmp_path_factory.mktemp("undisturbed")
    base = make_base(folder / "base", without={"discriminator"})
    data = make_images(folder / "images")
    values = {
        "training.batch_size": 4,
        "training.sample_every": 0,
        "training.checkpoint_every": 3,
        "training.steps": STEPS,
        "finetune.warm_up": WARM_UP,
        "finetune.freeze.generator": 1,
        "logging.every": 2,
    }
    (folder / "own.json").write_text(json.dumps(nest(values)))
    return folder, ganzoo.finetune(base, data, config=folder / "own.json", out=folder / "run")


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_any_moment_it_goes_on_exactly(tmp_path, undisturbed, seed):
    folder, whole = undisturbed
    run = tmp_path / "run"
    command = ["finetune", folder / "base", "--data", folder / "images", folder / "own.json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ganzoo", *map(str, command), "--out", str(run)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 600
    while not (run / "config.yaml").exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.001)
    # From the moment between its first files to its end.
    time.sleep(0.0 if seed == 0 else random.Random(seed).uniform(0, 1.2))
    process.kill()
    process.communicate()
    if ganzoo.Run.open(run).ended(STEPS):
        with pytest.raises(RunError, match="it must be more than"):
            ganzoo.resume(run)
    else:
        ganzoo.resume(run)
    assert_same_bits(tensors_of(whole), tensors_of(ganzoo.Run.open(run)))
    name = "weights/model.safetensors"
    assert (run / name).read_bytes() == (whole.path / name).read_bytes()
    assert [row["step"] for row in ganzoo.Run.open(run).log] == [*range(2, STEPS + 1, 2)]
