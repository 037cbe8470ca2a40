"""A run that was stopped and went on ends with the very bits of one that never was."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest
import torch

import ganzoo
from ganzoo.distribution import Processes
from ganzoo.errors import RunError
from ganzoo.hardware import Hardware
from ganzoo.training import checkpoints
from ganzoo.training.resuming import circumstances_changed

SMALL_DCGAN = {"name": "dcgan", "width": 4, "sample_shape": [1, 16, 16]}
SMALL_VANILLA = {"name": "vanilla", "generator_widths": [16, 16], "discriminator_widths": [16, 8]}
SMALL_WGAN = {"name": "wgan-gp", "width": 4, "sample_shape": [1, 16, 16]}
SMALL_SNGAN = {"name": "sngan", "preset": "mimicry", "width": 2, "sample_shape": [1, 32, 32]}
SMALL_SAGAN = {"name": "sagan", "preset": "studiogan", "width": 4, "sample_shape": [1, 32, 32]}
SMALL_BIGGAN = {
    "name": "biggan",
    "preset": "imagenet",
    "width": 2,
    "sample_shape": [1, 32, 32],
    "num_classes": 10,
}
SMALL_STYLES = {
    "name": "stylegan2",
    "latent_dim": 6,
    "style_dim": 5,
    "mapping_layers": 2,
    "width": 64,
    "max_width": 6,
    "sample_shape": [1, 16, 16],
    "num_classes": 10,
}
SMALL_R3GAN = {
    "name": "r3gan",
    "preset": "cifar10",
    "width": 4,
    "group_width": 4,
    "sample_shape": [1, 16, 16],
    "num_classes": 10,
}
LAZY = {"r1": {"weight": 5.0, "every": 4}, "r2": {"weight": 5.0, "every": 3}}

CASES = {
    "dropout": {"architecture": SMALL_VANILLA},
    "vectors": {"architecture": SMALL_VANILLA, "data": "ring8"},
    "generator-first": {"architecture": {**SMALL_VANILLA, "preset": "mlp"}},
    "batch-norm": {"architecture": SMALL_DCGAN},
    "spectral-norm": {"architecture": {**SMALL_DCGAN, "discriminator_norm": "spectral"}},
    "instance-norm": {"architecture": {**SMALL_DCGAN, "discriminator_norm": "instance"}},
    "classes": {
        "architecture": {**SMALL_SNGAN, "num_classes": 10},
        "objective": {"discriminator_steps": 2},
    },
    "attention": {
        "architecture": {**SMALL_SAGAN, "num_classes": 10},
        "objective": {"discriminator_steps": 1},
    },
    "parts of latents": {
        "architecture": SMALL_BIGGAN,
        "training": {"accumulate": 4},
        "objective": {"discriminator_steps": 1},
    },
    "everything scheduled": {"architecture": SMALL_R3GAN},
    "approximate penalties": {
        "architecture": SMALL_DCGAN,
        "penalties": {"r1-approximate": {}, "r2-approximate": {"every": 2}},
    },
    "contiguous": {"architecture": SMALL_DCGAN, "training": {"channels_last": False}},
    "lazy-penalties": {"architecture": SMALL_DCGAN, "penalties": LAZY},
    "accumulation": {"architecture": SMALL_DCGAN, "training": {"accumulate": 4}},
    "critic": {"architecture": {**SMALL_WGAN, "preset": "cnn"}},
    "schedules": {"architecture": {**SMALL_WGAN, "preset": "resnet"}},
    "clipping": {
        "architecture": {**SMALL_WGAN, "preset": "cnn"},
        "penalties": {"gradient-penalty": None, "weight-clipping": {}},
        "optimizers": {"generator": "rmsprop", "discriminator": "rmsprop"},
    },
    "fresh-reals": {"architecture": SMALL_DCGAN, "loss": "relativistic", "data": {"flip": True}},
    "sgd": {
        "architecture": SMALL_VANILLA,
        "optimizers": {"generator": {"name": "sgd", "lr": 0.01, "momentum": 0.5}},
    },
    "diffaugment": {"architecture": SMALL_DCGAN, "augmentation": "diffaugment"},
    "ada": {
        "architecture": SMALL_DCGAN,
        "augmentation": {"name": "ada", "every": 2, "adapt": 100, "target": -0.9, "p": 0.3},
        "penalties": LAZY,
    },
    "running-means": {
        "architecture": SMALL_DCGAN,
        "penalties": {
            "lecam": {"start": 16},
            "generator-orthogonal": {"name": "orthogonal", "on": "generator"},
        },
    },
    "styles": {
        "architecture": {**SMALL_STYLES, "preset": "auto"},
        "augmentation": {"name": "ada", "every": 2, "adapt": 100, "target": -0.9, "p": 0.3},
        "training": {"accumulate": 2},
    },
    "no-ema": {"architecture": SMALL_DCGAN, "ema": None},
}
QUIET = {"batch_size": 8, "sample_every": 0, "checkpoint_every": 0}


def tensors_of(run):
    return checkpoints.read_checkpoint(checkpoints.every(run.checkpoints)[-1])[0]


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    different = [key for key in one if not torch.equal(one[key], other[key])]
    assert not different


def rows():
    for case in CASES:
        for precision in ("fp32", "bf16", "fp64"):
            usual = precision == "fp32" or case == "batch-norm"
            yield pytest.param(case, precision, marks=() if usual else pytest.mark.sweep)


@pytest.mark.parametrize(("case", "precision"), list(rows()))
def test_resume_is_exact(tmp_path, case, precision):
    keywords = {f"training.{key}": value for key, value in QUIET.items()}
    keywords["training.precision"] = precision
    whole = ganzoo.train(CASES[case], keywords, out=tmp_path / "whole", steps=7)
    ganzoo.train(CASES[case], keywords, out=tmp_path / "halves", steps=3)
    torch.manual_seed(123)  # what happens elsewhere has no influence
    halves = ganzoo.resume(tmp_path / "halves", steps=7)
    parts = {key.partition("/")[0] for key in tensors_of(whole)}
    assert {"network.generator", "optimizer.discriminator"} <= parts
    assert_same_bits(tensors_of(whole), tensors_of(halves))
    for name in ("model.safetensors", "discriminator.safetensors"):
        files = [run.path / "weights" / name for run in (whole, halves)]
        assert files[0].read_bytes() == files[1].read_bytes()
    assert whole.log[-1]["step"] == halves.log[-1]["step"] == 7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("case", CASES)
def test_resume_is_exact_on_cuda_when_deterministic(tmp_path, case):
    keywords = {f"training.{key}": value for key, value in QUIET.items()}
    keywords |= {"training.device": "cuda", "training.deterministic": True}
    whole = ganzoo.train(CASES[case], keywords, out=tmp_path / "whole", steps=7)
    ganzoo.train(CASES[case], keywords, out=tmp_path / "halves", steps=3)
    halves = ganzoo.resume(tmp_path / "halves", steps=7)
    assert_same_bits(tensors_of(whole), tensors_of(halves))


STEPS = 60
LONG = {
    "architecture": {**SMALL_DCGAN, "discriminator_norm": "spectral"},
    "penalties": {"r1": {"every": 4}},
    "training": {**QUIET, "steps": STEPS, "checkpoint_every": 3},
    "logging": {"every": 2},
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return ganzoo.train(LONG, out=tmp_path_factory.mktemp("undisturbed") / "run")


def start(run):
    """Begin a run in another process, as a user does."""
    command = [sys.executable, "-m", "ganzoo", "train", str(run.parent / "config.json")]
    (run.parent / "config.json").write_text(json.dumps(LONG))
    return subprocess.Popen(
        [*command, "--out", str(run)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def wait_for(condition, process):
    deadline = time.monotonic() + 600
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_any_moment_it_goes_on_exactly(tmp_path, undisturbed, seed):
    chance = random.Random(seed)
    run = tmp_path / "run"
    process = start(run)
    wait_for((run / "config.yaml").exists, process)
    time.sleep(chance.uniform(0, 2.5))
    process.kill()
    process.communicate()
    if ganzoo.Run.open(run).ended(STEPS):
        with pytest.raises(RunError, match="it must be more than"):
            ganzoo.resume(run)
    else:
        ganzoo.resume(run)
    assert_same_bits(tensors_of(undisturbed), tensors_of(ganzoo.Run.open(run)))
    assert [row["step"] for row in ganzoo.Run.open(run).log] == [
        row["step"] for row in undisturbed.log
    ]
    assert not list(run.rglob(".*"))


@pytest.mark.sweep
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_saves_and_goes_on_exactly(tmp_path, undisturbed, signum):
    run = tmp_path / "run"
    process = start(run)
    wait_for(lambda: checkpoints.every(run / "checkpoints"), process)
    process.send_signal(signum)
    message = process.communicate(timeout=600)[1].decode()
    assert process.returncode == 130
    assert message.strip().splitlines()[-1] == (
        f"ganzoo: stopped by {signum.name} at step {last_step(run)} of {STEPS}, and saved; resume "
        f"with: ganzoo resume {run}"
    )
    assert 0 < last_step(run) < STEPS
    ganzoo.resume(run)
    assert_same_bits(tensors_of(undisturbed), tensors_of(ganzoo.Run.open(run)))


def last_step(run):
    return int(checkpoints.every(run / "checkpoints")[-1].name.removeprefix("step-"))


def test_a_half_written_log_line_is_dropped(tmp_path):
    run = ganzoo.train(LONG, out=tmp_path / "run", steps=4)
    with (run.path / "log.jsonl").open("a") as file:
        file.write('{"step": 6, "sam')
    ganzoo.resume(run, steps=6)
    assert [row["step"] for row in run.log] == [2, 4, 6]


@pytest.mark.parametrize(
    ("before", "now", "device", "noted"),
    [(2, 1, "cpu", True), (1, 1, "cpu", False), (None, 1, "cpu", False), (2, 1, "cuda", False)],
)
def test_another_number_of_threads_is_noted(monkeypatch, before, now, device, noted):
    monkeypatch.setattr(torch, "get_num_threads", lambda: now)
    state = {"processes": 1, "plugins": {}} | ({"threads": before} if before else {})
    here = Hardware(torch.device(device), "fp32", "asked for", Processes())
    told = "written with OMP_NUM_THREADS=2, and torch now uses 1: the result may differ"
    notes = circumstances_changed(state, here, {})
    assert [told in note and "the last bits" in note for note in notes] == [True] * noted


def test_a_checkpoint_holds_the_number_of_threads(tmp_path, monkeypatch):
    config = {"architecture": SMALL_VANILLA, "training": {**QUIET, "device": "cpu"}}
    run = ganzoo.train(config, steps=1, out=tmp_path / "run")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    trainer = ganzoo.Trainer.resume(run, overrides={"steps": 2})
    assert "torch now uses 77" in " ".join(trainer.notes)


def test_steps_stay_where_a_schedule_ends_with_the_run(tmp_path):
    course = {"schedule": "linear", "from": 2e-4, "to": 0.0, "over": "run"}
    config = {"architecture": SMALL_VANILLA, "optimizers": {"generator": {"lr": course}}}
    ganzoo.train(config, QUIET, out=tmp_path / "run", steps=2)
    sentence = (
        r"training.steps cannot change when a run is resumed, because optimizers.generator.lr ends "
        r"with the run \(over: run\)"
    )
    with pytest.raises(RunError, match=sentence):
        ganzoo.resume(tmp_path / "run", overrides={"training.steps": 4})
