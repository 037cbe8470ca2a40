"""Several processes make the run of one: the same weights, one log, and an end for all."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo.training import checkpoints
from tests.training import several
from tests.training.launching import do, finished, torchrun
from tests.training.test_resume import SMALL_STYLES

VANILLA = {
    "name": "vanilla",
    "generator_widths": [16],
    "discriminator_widths": [16, 8],
    "dropout": 0.0,
}
WGAN = {"name": "wgan-gp", "width": 4, "sample_shape": [1, 16, 16], "generator_norm": "none"}
DCGAN = {"name": "dcgan", "width": 4, "sample_shape": [1, 16, 16]}
R3GAN = {
    "name": "r3gan",
    "width": 4,
    "group_width": 4,
    "sample_shape": [1, 16, 16],
    "num_classes": 10,
}
IMAGES = 6, 16, 16, 3
# The recipe's rate ends with the run, whose steps could not change then.
CYCLEGAN = {
    "architecture": {
        "name": "cyclegan",
        "sample_shape": [3, 16, 16],
        "generator_width": 2,
        "blocks": 1,
        "discriminator_width": 2,
        "discriminator_layers": 1,
    },
    "objective": {"pool_size": 3},
    "optimizers": {
        player: {"name": "adam", "lr": 2e-4} for player in ("generator", "discriminator")
    },
}
QUIET = {"batch_size": 12, "sample_every": 0, "checkpoint_every": 0}

BUNDLED = ganzoo.info("vanilla").pretrained["mnist5k"].folder
BASE = {
    "reference": "vanilla.mnist5k",
    "sha": hashlib.sha256((BUNDLED / "model.safetensors").read_bytes()).hexdigest(),
    "freeze": {"discriminator": 1},
    "warm_up": 2,
}

SPLITTABLE = {
    "styles": {
        "architecture": {**SMALL_STYLES, "preset": "auto", "group": 3},
        "augmentation": "none",
        "training": {"accumulate": 2, "batch_size": 24},
    },
    "fine-tuned": {
        "architecture": {
            **VANILLA,
            "generator_widths": [256, 512, 512],
            "discriminator_widths": [768, 384],
        },
        "finetune": BASE,
    },
    "joint": {"architecture": {**VANILLA, "preset": "article"}},
    "generator-first": {"architecture": {**VANILLA, "preset": "mlp", "generator_norm": "none"}},
    "accumulated": {
        "architecture": VANILLA,
        "training": {"accumulate": 2},
        "objective": {"fakes": "reused"},
    },
    "rpgan": {
        "architecture": VANILLA,
        "loss": "relativistic",
        "penalties": {"r1": {"weight": 2.0, "every": 2}, "r2": {"weight": 2.0}},
    },
    "r3gan": {
        "architecture": R3GAN,
        "augmentation": "none",
        "training": {"accumulate": 2},
        "penalties": {"r2": None, "r2-approximate": {}},
    },
    "vectors": {"architecture": VANILLA, "data": {"source": "ring8", "dequantize": 0.1}},
    "dragan": {
        "architecture": VANILLA,
        "penalties": {"dragan": {}},
        "data": {"flip": True},
        "objective": {"fake_labels": "drawn"},
    },
    "residual": {
        "architecture": {**WGAN, "preset": "resnet"},
        "data": {"dequantize": 0.01},
        "objective": {"generator_batch": 24},
    },
    "diffaugment": {
        "architecture": VANILLA,
        "augmentation": "diffaugment",
        "loss": "relativistic",
        "training": {"accumulate": 2},
    },
    "ada": {
        "architecture": VANILLA,
        "augmentation": {"name": "ada", "every": 3, "adapt": 200, "target": -0.9, "p": 0.3},
        "penalties": {"r1": {"every": 2}},
    },
    "lecam": {
        "architecture": VANILLA,
        "loss": "hinge",
        "penalties": {
            "lecam": {"start": 12, "weight": 3.0},
            "generator-orthogonal": {"name": "orthogonal", "on": "generator"},
        },
        "training": {"accumulate": 2},
    },
    "clipping": {
        "architecture": {**WGAN, "preset": "cnn"},
        "penalties": {"gradient-penalty": None, "weight-clipping": {}},
        "optimizers": {"generator": "rmsprop", "discriminator": "rmsprop"},
    },
}
STEPS = 4
IN_FLOAT32 = ("rpgan", "residual")
COUPLED = {"architecture": {**DCGAN, "discriminator_norm": "spectral"}, "ema": None}
RESIDUAL = {
    "sngan": {"preset": "mimicry", "width": 2, "num_classes": 10},
    "sagan": {"preset": "studiogan", "width": 4, "num_classes": 10},
    "biggan": {"preset": "imagenet", "width": 2, "num_classes": 10},
}
"""Families whose batch norm sees the samples of one process: two make another run than one."""


def config(case, precision="fp64", **training):
    quiet = {**QUIET, "precision": precision, "steps": STEPS}
    return {**case, "training": {**quiet, **case.get("training", {}), **training}}


def tensors_of(folder):
    return checkpoints.read_checkpoint(checkpoints.every(folder / "checkpoints")[-1])[0]


def largest_difference(one, other):
    assert one.keys() == other.keys()
    return max((one[key].double() - other[key].double()).abs().max().item() for key in one)


ALWAYS = {("fp64", "rpgan")}
"""What is compared with runs of other tests as well."""


@pytest.fixture(scope="module")
def asked(request):
    """The precision and the name of each case that a test looks at."""
    looked_at = {"test_many_are_one": "fp64", "test_float32_differs_by_rounding_only": "fp32"}
    items = [i for i in request.session.items if i.path == request.path and hasattr(i, "callspec")]
    found = {(looked_at.get(i.originalname), i.callspec.params.get("case")) for i in items}
    return sorted({pair for pair in found if None not in pair} | ALWAYS)


def jobs_in(folder, places):
    return [
        {"out": str(folder / precision / name), "config": config(SPLITTABLE[name], precision)}
        for precision, name in places
    ]


def stopped_and_not(folder, name, whole):
    """A run as it is, and stopped in the middle and resumed.

    Both save in the middle, where batch norm's statistics become those of all processes.
    """
    middle = config(whole, "fp32", steps=4, checkpoint_every=2)
    return [
        {"out": str(folder / f"{name}-whole"), "config": middle},
        {"out": str(folder / f"{name}-halves"), "config": config(whole, "fp32", steps=2)},
        {"out": str(folder / f"{name}-halves"), "resume": {"training.steps": 4}},
    ]


def jobs_of_pools(folder):
    data = {"source": "domains", "image_size": 16}
    for domain in "ab":
        data[domain] = str(folder / f"{domain}.npy")
        np.save(data[domain], np.random.default_rng(0).integers(256, size=IMAGES, dtype=np.uint8))
    return stopped_and_not(folder, "cyclegan", {**CYCLEGAN, "data": data})


def jobs_of_residual_networks(folder, names):
    jobs = []
    for name in names:
        architecture = {"name": name, "sample_shape": [1, 32, 32], **RESIDUAL[name]}
        # The recipe's rate may end with the run, whose steps could not change then.
        optimizers = {
            player: {"name": "adam", "lr": 2e-4, "betas": [0.0, 0.9]}
            for player in ("generator", "discriminator")
        }
        objective = {"discriminator_steps": 1, "generator_batch": None}
        case = {"architecture": architecture, "optimizers": optimizers, "objective": objective}
        case["training"] = {"accumulate": 2}
        jobs += stopped_and_not(folder, name, case)
    return jobs


@pytest.fixture(scope="module")
def alone(asked, tmp_path_factory):
    """The folder of every case as one process makes it."""
    folder = tmp_path_factory.mktemp("alone")
    several.do(jobs_in(folder, asked))
    return folder


@pytest.fixture(scope="module", params=[2, pytest.param(3, marks=pytest.mark.sweep)])
def shared(request, asked, tmp_path_factory):
    """The same by several processes."""
    folder = tmp_path_factory.mktemp(f"shared-{request.param}")
    items = [i for i in request.session.items if i.path == request.path and hasattr(i, "callspec")]
    names = RESIDUAL.keys() & {item.callspec.params.get("name") for item in items}
    jobs = [*jobs_of_pools(folder), *jobs_of_residual_networks(folder, sorted(names))]
    do(folder, request.param, [*jobs_in(folder, asked), *jobs])
    return folder


LOOKED_AT_APART = {
    "health/diversity",
    "health/nearest",
    "health/duplicates",
    "health/coverage",
    "health/classes",
    "health/separation",
}
"""Of health, what compares samples with each other: a process has its own alone."""


@pytest.mark.parametrize("case", SPLITTABLE)
def test_many_are_one(alone, shared, case):
    """All tensors of a checkpoint: networks, averages and the optimizers' states."""
    ours, theirs = tensors_of(shared / "fp64" / case), tensors_of(alone / "fp64" / case)
    assert {key.partition("/")[0] for key in ours} >= {"network.generator", "optimizer.generator"}
    assert largest_difference(ours, theirs) < 1e-9
    logs = [ganzoo.Run.open(folder / "fp64" / case).log for folder in (shared, alone)]
    for row, other in zip(*logs, strict=True):
        for figure in row.keys() - {"steps_per_second"} - LOOKED_AT_APART:
            assert row[figure] == pytest.approx(other[figure], abs=1e-9)


@pytest.mark.parametrize("case", IN_FLOAT32)
def test_float32_differs_by_rounding_only(alone, shared, case):
    tensors = [tensors_of(folder / "fp32" / case) for folder in (shared, alone)]
    weights = [{k: t for k, t in group.items() if k.startswith("network")} for group in tensors]
    difference = largest_difference(*weights)
    print(f"{shared.name} {case}: largest float32 difference after {STEPS} steps {difference:.1e}")
    assert difference < 5e-3


@pytest.mark.parametrize(
    "name",
    [
        "cyclegan",
        "biggan",
        *(pytest.param(name, marks=pytest.mark.sweep) for name in ("sngan", "sagan")),
    ],
)
def test_resumed_by_as_many_it_is_the_same_run(shared, name):
    never, resumed = (tensors_of(shared / f"{name}-{end}") for end in ("whole", "halves"))
    assert never.keys() == resumed.keys()
    assert [key for key in never if not never[key].equal(resumed[key])] == []


def test_pools_follow_their_processes(shared):
    resumed = tensors_of(shared / "cyclegan-halves")
    pools = [resumed[f"objective@{rank}/discriminator_b/pool"] for rank in (0, 1)]
    assert [len(pool) for pool in pools] == [3, 3]
    assert not torch.equal(*pools)

    trainer = ganzoo.Trainer.resume(shared / "cyclegan-whole", overrides={"training.steps": 5})
    [note] = [note for note in trainer.notes if "and this run continues in 1" in note]
    assert "starts empty (discriminator_a/pool, discriminator_b/pool), so the result will" in note
    assert trainer.objective.state().own == {}


@pytest.mark.sweep
def test_going_on_with_as_many_or_other_numbers_of_processes(tmp_path):
    """With batch norm, whose statistics are those of each process until a checkpoint."""
    half = config(COUPLED, "fp32", steps=3)
    whole = config(COUPLED, "fp32", steps=6, checkpoint_every=3)
    plain = {"architecture": VANILLA}
    several.do([{"out": str(tmp_path / "one"), "config": config(plain, steps=3)}])
    several.do([{"out": str(tmp_path / "never"), "config": config(plain, steps=6)}])
    go_on = {"training.steps": 6}
    errors = do(
        tmp_path,
        2,
        [
            {"out": str(tmp_path / "whole"), "config": whole},
            {"out": str(tmp_path / "halves"), "config": half},
            {"out": str(tmp_path / "halves"), "resume": go_on},
            {"out": str(tmp_path / "one"), "resume": go_on},
            {"out": str(tmp_path / "two"), "config": config(plain, steps=3)},
        ],
    )
    assert errors.count("the batch norm of the generator sees only the 6 samples of its own") == 3
    assert "written by 1 processes, and this run continues in 2" in errors
    whole, halves = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "halves")
    assert not [key for key in whole if not torch.equal(whole[key], halves[key])]
    assert any(key.endswith("running_mean") for key in whole)

    trainer = ganzoo.Trainer.resume(tmp_path / "two", overrides=go_on)
    assert "written by 2 processes, and this run continues in 1" in " ".join(trainer.notes)
    trainer.fit()
    never = tensors_of(tmp_path / "never")
    assert largest_difference(tensors_of(tmp_path / "one"), never) < 1e-9
    assert largest_difference(tensors_of(tmp_path / "two"), never) < 1e-9


@pytest.mark.sweep
def test_the_command_tells_everything_once(tmp_path):
    """One log, one progress, one result, in two processes as in one."""
    run = tmp_path / "run"
    arguments = ["architecture=dcgan", "architecture.width=4", "steps=4", "batch_size=8"]
    process = torchrun(2, "-m", "ganzoo", "train", *arguments, "logging.every=2", "--out", run)
    output, errors = finished(process)
    assert process.returncode == 0, errors
    assert output == f"{run}\n"
    assert errors.count("2 processes share every batch of 8: 4 samples each") == 1
    assert errors.count("step 4/4") == 1
    assert [row["step"] for row in ganzoo.Run.open(run).log] == [2, 4]
    generator = ganzoo.load_generator(run)
    assert generator.sample(2, seed=0).shape == (2, 1, 32, 32)
    assert not list(run.rglob(".*"))


KILLER = """
import os, signal, sys
import ganzoo
from ganzoo.losses.config import PlainLossConfig
from ganzoo.losses.functions import Hinge
from ganzoo.spec import LossSpec


class Dying(Hinge):
    updates = 0

    def generator(self, fake, real):
        self.updates += 1
        if self.updates == 5 and os.environ["RANK"] == "1":
            {deed}
        return super().generator(fake, real)


ganzoo.register(LossSpec("dying", "Ends one process.", PlainLossConfig, Dying))
"""


@pytest.mark.parametrize(
    ("deed", "cause"),
    [
        pytest.param(
            "os.kill(os.getpid(), signal.SIGKILL)",
            "Signal 9 (SIGKILL)",
            id="killed",
            marks=pytest.mark.sweep,
        ),
        pytest.param(
            "raise ValueError('a bad day')",
            "ganzoo, process 1: unexpected ValueError: a bad day",
            id="raised",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_a_process_that_dies_ends_all(tmp_path, deed, cause):
    (tmp_path / "dying.py").write_text(KILLER.format(deed=deed))
    (tmp_path / "run.json").write_text(
        json.dumps(
            {**config({"architecture": VANILLA}, steps=10**6, checkpoint_every=2), "loss": "dying"}
        )
    )
    run = tmp_path / "run"
    command = ["-m", "ganzoo", "train", tmp_path / "run.json", "--out", run]
    process = torchrun(2, *command, "--import", tmp_path / "dying.py")
    while not (run / "checkpoints" / "step-0000000004").is_dir() and process.poll() is None:
        time.sleep(0.05)
    _, errors = finished(process)
    assert process.returncode != 0
    assert cause in errors
    assert "ganzoo, process 0: another process of this run ended" in errors
    assert checkpoints.every(run / "checkpoints")[-1].name == "step-0000000004"


@pytest.mark.sweep
def test_asked_to_stop_all_save_and_go_on(tmp_path):
    case = config(COUPLED, "fp32", steps=4000)
    (tmp_path / "run.json").write_text(json.dumps({**case, "logging": {"every": 5}}))
    run = tmp_path / "run"
    process = torchrun(2, "-m", "ganzoo", "train", tmp_path / "run.json", "--out", run)
    while not (run / "log.jsonl").exists() or not ganzoo.Run.open(run).log:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = finished(process)
    (saved,) = checkpoints.every(run / "checkpoints")
    step = int(saved.name.removeprefix("step-"))
    assert 5 <= step < 4000
    assert (
        errors.count(
            f"stopped by SIGTERM at step {step} of 4000, and saved; resume with: torchrun "
            f"--nproc-per-node 2 -m ganzoo resume {run}"
        )
        == 1
    )


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.sweep
def test_two_machines_meet_through_torchrun(alone, tmp_path):
    """Two launchers of one process each, as on two machines with a common file system."""
    (tmp_path / "run.json").write_text(json.dumps(config(SPLITTABLE["rpgan"])))
    where = {"nnodes": 2, "rdzv_backend": "c10d", "rdzv_endpoint": f"127.0.0.1:{free_port()}"}
    run = tmp_path / "run"
    launchers = [
        torchrun(
            1, "-m", "ganzoo", "train", tmp_path / "run.json", "--out", run, node_rank=node, **where
        )
        for node in range(2)
    ]
    results = [(finished(launcher), launcher.returncode) for launcher in launchers]
    assert [code for _, code in results] == [0, 0], results
    assert sorted(output for (output, _), _ in results) == ["", f"{run}\n"]
    assert largest_difference(tensors_of(run), tensors_of(alone / "fp64" / "rpgan")) < 1e-9


def by_hand(rank, port, tmp_path, *overrides):
    """Start one of two processes without a launcher."""
    place = {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank)}
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "ganzoo", "train", "architecture=vanilla", *overrides]
    return subprocess.Popen(
        [*command, "--out", str(tmp_path / "run")],
        env={**os.environ, **place, **meeting},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        pytest.param(
            ["data=ring8", "training.precision=fp32"],
            ["data=grid25", "training.precision=bf16"],
            "the 2 processes differ in config and data and precision",
            id="several",
            marks=pytest.mark.sweep,
        ),
        pytest.param(
            ["training.batch_size=9"],
            ["training.batch_size=9"],
            "training.batch_size: 9 does not divide by 2 processes x accumulate 1; change one",
            id="batch",
        ),
        pytest.param(
            ["training.device=cuda:1"],
            ["training.device=cuda:1"],
            "training.device: cuda:1 is for one process, and 2 were started; use cuda or cpu",
            id="one GPU",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_refused_before_anything_is_written(tmp_path, first, second, sentence):
    port = free_port()
    processes = [by_hand(0, port, tmp_path, *first), by_hand(1, port, tmp_path, *second)]
    for rank, process in enumerate(processes):
        _, errors = finished(process)
        lines = [line for line in errors.splitlines() if line.startswith("ganzoo")]
        assert process.returncode == 2
        assert lines == [line for line in lines if line.startswith(f"ganzoo, process {rank}: ")]
        assert sentence in lines[0]
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_many_are_one_on_gpus(alone, tmp_path):
    cuda = config(SPLITTABLE["rpgan"], device="cuda")
    do(tmp_path, 2, [{"out": str(tmp_path / "run"), "config": cuda}])
    assert (
        largest_difference(tensors_of(tmp_path / "run"), tensors_of(alone / "fp64" / "rpgan"))
        < 1e-9
    )
