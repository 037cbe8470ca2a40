"""Commands that write into one folder at once: one goes on, another is refused or elsewhere."""

import errno
import importlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import ganzoo
from ganzoo import locks
from ganzoo.errors import RunError
from ganzoo.training import checkpoints

SMALL = (
    "architecture=vanilla architecture.generator_widths=[8] architecture.discriminator_widths=[8] "
    "batch_size=8 sample_every=0 health.every=0 logging.every=2"
)
TRAIN = f"train {SMALL} steps=4"
FINETUNE = "finetune ./run --data mnist5k batch_size=8 steps=2 logging.every=2 --out new"
EVALUATE = "evaluate ./run -n 64 --metrics fid --save"
SWEEP = f"sweep {SMALL} steps=2 evaluation.fakes=64 --over loss=hinge,non-saturating --trials 1"

STEP = "ganzoo.training.trainer:Trainer._step"
SAVED = "ganzoo.weights.scores:save_scores"
EXPORTED = "ganzoo.training.session:export_weights"

PAIRS = {
    "train, train": (TRAIN, STEP, TRAIN, ""),
    "train, train there": (
        f"{TRAIN} --out new",
        STEP,
        f"{TRAIN} --out new",
        "new is being trained",
    ),
    "train, resume": (f"{TRAIN} --out new", STEP, "resume new steps=8", "new is being trained"),
    "train, finetune": (f"{TRAIN} --out new", STEP, FINETUNE, "new is being trained"),
    "resume, resume": ("resume run steps=8", STEP, "resume run steps=6", "run is being trained"),
    "resume, evaluate": ("resume run steps=8", STEP, EVALUATE, "run is being trained"),
    "resume, evaluate weights": (
        "resume run steps=8",
        STEP,
        EVALUATE.replace("./run", "./run/weights"),
        "run is being trained",
    ),
    "resume, export": ("resume run steps=8", STEP, "export run w", ""),
    "finetune, finetune": (FINETUNE, STEP, FINETUNE, "new is being trained"),
    "evaluate, evaluate": (EVALUATE, SAVED, EVALUATE, "run is being scored"),
    "evaluate, resume": (EVALUATE, SAVED, "resume run steps=8", "run is being scored"),
    "export, export": ("export run w", EXPORTED, "export run w", "w is being written"),
    "export, resume": ("export run w", EXPORTED, "resume run steps=8", ""),
    "sweep, sweep": (f"{SWEEP} --out s", STEP, f"{SWEEP} --out s", "s is being written"),
}
"""A command, where it is held up, another command then, and how that is refused if it is."""


@pytest.fixture
def run(trained, tmp_path):
    """A run of four steps in the working folder."""
    return shutil.copytree(trained, tmp_path / "run")


def found(place):
    """Return the owner and the name of a function to hold up."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = importlib.import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    return owner, name


def check(place, refusal, code, err):
    """Check how the second command ended, and that all runs are whole."""
    if refusal:
        assert code == 2
        assert re.search(rf"{refusal} by (this process|process \d+) \(since .+\); wait", err)
    else:
        assert code == 0, err
    runs = [path.parent for path in place.rglob("config.yaml")]
    assert len(runs) == 1 + bool(list(place.glob("new"))) + len(list(place.glob("runs/*"))) + len(
        list(place.glob("s/trials/*"))
    )
    for path in runs:
        opened = ganzoo.Run.open(path)
        steps = [row["step"] for row in opened.log]
        assert steps == sorted(set(steps))
        assert ganzoo.load_generator(opened).sample(1, seed=0).isfinite().all()
        for saved in checkpoints.every(opened.checkpoints):
            checkpoints.read_checkpoint(saved)
    assert not list(place.rglob(locks.LOCK_FILE))


@pytest.mark.parametrize("pair", PAIRS)
def test_of_two_commands_one_writes(command, monkeypatch, run, tmp_path, pair):
    first, place, second, refusal = PAIRS[pair]
    owner, name = found(place)
    real, ends = getattr(owner, name), []

    def held_up(*args, **kwargs):
        monkeypatch.setattr(owner, name, real)
        ends.append(command(*second.split()))
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, held_up)
    assert command(*first.split()).code == 0
    (end,) = ends
    check(tmp_path, refusal, end.code, end.err)


PAUSE = """
import os, time
from pathlib import Path
from tests.cli.test_one_writer import found

owner, name = found(os.environ["HELD_UP"])
real = getattr(owner, name)


def held_up(*args, **kwargs):
    Path("here").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return real(*args, **kwargs)


setattr(owner, name, held_up)
"""


@pytest.mark.sweep
@pytest.mark.parametrize("pair", PAIRS)
def test_of_two_processes_one_writes(run, tmp_path, pair):
    first, place, second, refusal = PAIRS[pair]
    (tmp_path / "pause.py").write_text(PAUSE)
    begin = [sys.executable, "-m", "ganzoo", *first.split(), "--import", "pause.py"]
    environment = {**os.environ, "HELD_UP": place}
    with subprocess.Popen(begin, cwd=tmp_path, env=environment) as process:
        while not (tmp_path / "here").exists():
            assert process.poll() is None
            time.sleep(0.01)
        other = subprocess.run(
            [sys.executable, "-m", "ganzoo", *second.split()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        (tmp_path / "go").touch()
    assert process.returncode == 0
    check(tmp_path, refusal, other.returncode, other.stderr)


READING = [
    "diagnose run",
    "info ./run",
    "sample ./run -n 2 -o x.png",
    "evaluate ./run -n 64 --metrics fid",
    "export run w",
    "push ./run you/name --license mit --dry-run",
]


@pytest.mark.parametrize("arguments", READING, ids=lambda text: text.split()[0])
def test_what_only_reads_goes_on_beside(command, run, tmp_path, arguments):
    with locks.writing(run, "trained"):
        result = command(*arguments.split())
    assert result.code == 0, result.err
    assert locks.LOCK_FILE not in result.out
    assert not list(tmp_path.rglob(locks.LOCK_FILE))


HOLDER = """
import sys, time
from pathlib import Path
from ganzoo.locks import writing
with writing(Path(sys.argv[1]), "trained"):
    print("here", flush=True)
    time.sleep(600)
"""


def test_a_lock_ends_with_its_process(command, run):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run)], stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "here\n"
        result = command("resume", "run", "steps=6")
        assert result.code == 2
        assert f"ganzoo: run is being trained by process {holder.pid} (since 2" in result.err
        holder.kill()
    assert (run / locks.LOCK_FILE).exists()
    result = command("resume", "run", "steps=6")
    assert result.code == 0
    assert "is being" not in result.err
    assert not (run / locks.LOCK_FILE).exists()


def lock_of(**values):
    since = "2026-01-02 03:04:05+00:00"
    known = {"doing": "trained", "process": os.getpid(), "host": platform.node(), "since": since}
    return json.dumps({**known, **values}).encode()


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"{",
        b'{"process": 1}',
        b"[" * 900,
        lock_of(),
        lock_of(process=2**22 + 1),
        lock_of(process=2**70),
        lock_of(process="x"),
    ],
    ids=range(10),
)
def test_what_a_dead_process_left_is_taken_over(tmp_path, left):
    (tmp_path / locks.LOCK_FILE).write_bytes(left)
    with locks.writing(tmp_path, "trained"):
        told = json.loads((tmp_path / locks.LOCK_FILE).read_bytes())
        assert told["process"] == os.getpid()
        with pytest.raises(RunError, match="is being trained by this process"):
            locks.writing(tmp_path, "trained").__enter__()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", ["resume run steps=6", EVALUATE, f"{TRAIN} --out empty"])
def test_what_another_machine_left_is_told_apart(command, run, tmp_path, arguments):
    (tmp_path / "empty").mkdir()
    name = "empty" if "empty" in arguments else "run"
    left = lock_of(host="node-7\x1b[31m", process=12)
    (tmp_path / name / locks.LOCK_FILE).write_bytes(left)
    result = command(*arguments.split())
    assert result.code == 2
    assert f"{name} was being trained by process 12 on node-7\\x1b[31m (since 2026" in result.err
    assert result.err.endswith(f"if it has ended, remove {name}/{locks.LOCK_FILE}\n")
    assert (tmp_path / name / locks.LOCK_FILE).read_bytes() == left


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL])
@pytest.mark.parametrize(
    ("left", "refused"),
    [
        (None, ""),
        (lock_of(process=os.getpid()), "being trained by this process"),
        (lock_of(process=1), "being trained by process 1"),
        (lock_of(process=2**22 + 1), ""),
        (lock_of(process="x"), ""),
        (b"{", ""),
    ],
    ids=["none", "this process", "another process", "a dead process", "no number", "damaged"],
)
def test_a_file_system_without_locks(monkeypatch, tmp_path, number, left, refused):
    def flock(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    if left is not None:
        (tmp_path / locks.LOCK_FILE).write_bytes(left)
    if refused:
        with pytest.raises(RunError, match=refused), locks.writing(tmp_path, "trained"):
            pass
        assert (tmp_path / locks.LOCK_FILE).read_bytes() == left
        return
    with locks.writing(tmp_path, "trained"):
        pass
    with locks.alone(tmp_path / "lock", lambda: None) as held:
        assert held is None
    assert not list(tmp_path.iterdir())


def test_a_system_without_locks(monkeypatch, tmp_path):
    monkeypatch.setattr(locks, "AVAILABLE", False)
    with locks.writing(tmp_path / "new", "trained") as one, locks.writing(one, "trained"):
        assert not list(one.iterdir())
    with locks.numbered(tmp_path / "x", "t") as one, locks.numbered(tmp_path / "x", "t") as other:
        assert (one, other) == (1, 2)
    assert not list(tmp_path.iterdir())


def test_a_lock_that_is_a_link_is_not_followed(command, run, tmp_path):
    (tmp_path / "mine").write_text("precious")
    (run / locks.LOCK_FILE).symlink_to(tmp_path / "mine")
    assert command("resume", "run", "steps=6").code == 1
    assert (tmp_path / "mine").read_text() == "precious"


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling link"])
def test_a_name_that_is_taken_is_passed_over(tmp_path, kind):
    stem = tmp_path / "x"
    if kind == "folder":
        stem.mkdir()
    elif kind == "file":
        stem.touch()
    else:
        stem.symlink_to(tmp_path if kind == "link" else tmp_path / "nowhere")
    with locks.numbered(stem, "trained") as number:
        assert number == 2
        with locks.numbered(stem, "trained") as other:
            assert other == 3
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("out", ["", "--out new", "--out a/b/new", "--out there"])
@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt, 130), (ganzoo.errors.DataError("bad"), 2), (OSError(28, "full"), 1)],
    ids=["stopped", "refused", "failed"],
)
def test_what_fails_before_it_starts_leaves_nothing(
    command, monkeypatch, tmp_path, out, error, code
):
    def fail(*arguments, **keywords):
        assert len(list(tmp_path.rglob(locks.LOCK_FILE))) == 1  # made before the data is opened
        raise error

    (tmp_path / "there").mkdir()
    monkeypatch.setattr("ganzoo.training.feeding.open_stores", fail)
    assert command(*TRAIN.split(), *out.split()).code == code
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


@pytest.mark.parametrize("arguments", ["config validate", "config show", "data check mnist5k"])
def test_what_only_looks_makes_no_folder(command, tmp_path, arguments):
    options = "" if "data" in arguments else SMALL
    assert command(*arguments.split(), *options.split()).code == 0
    assert not (tmp_path / "runs").exists()


def test_a_trainer_that_never_fits_gives_its_folder_back(tmp_path):
    trainer = ganzoo.Trainer({"architecture": "vanilla"}, tmp_path / "new")
    with pytest.raises(RunError, match="is being trained by this process"):
        ganzoo.Trainer({"architecture": "vanilla"}, tmp_path / "new")
    del trainer
    assert not (tmp_path / "new").exists()


CALLS = {
    "train": lambda: ganzoo.train("c.json", steps=2, out="new"),
    "resume": lambda: ganzoo.resume("run", steps=6),
    "open": lambda: ganzoo.Run.open("run"),
    "finetune": lambda: ganzoo.finetune("./run", "mnist5k", batch_size=8, steps=2, out="new"),
    "export": lambda: ganzoo.export("run", "w"),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_is_handed_out_holds_in_another_working_folder(monkeypatch, run, tmp_path, call):
    small = {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]}
    (tmp_path / "c.json").write_text(json.dumps({"architecture": small, "logging": {"every": 1}}))
    monkeypatch.chdir(tmp_path)
    given = CALLS[call]()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert ganzoo.load_generator(given).sample(1).isfinite().all()
    if call != "export":
        assert given.path.is_absolute()
        assert call == "finetune" or given.log
        assert ganzoo.resume(given, steps=8).log[-1]["step"] == 8


SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]


class Sends(ganzoo.Observer):
    def __init__(self, *numbers):
        self.numbers = numbers

    def step(self, trainer):
        if trainer.step == 5:
            for number in self.numbers:
                os.kill(os.getpid(), number)


def interrupted(folder, *numbers):
    with pytest.raises(ganzoo.errors.GanzooError, match="at step 5 of 7, and saved") as caught:
        ganzoo.resume(folder, steps=7, observers=[Sends(*numbers)])
    assert caught.value.exit_code == 130
    assert ganzoo.resume(folder).log
    return str(caught.value)


@pytest.mark.parametrize("name", SIGNALS)
def test_asked_to_stop_a_run_is_saved(run, name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    assert f"stopped by {name} " in interrupted(run, number)
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_a_second_one_does_no_harm(run, name):
    number = getattr(signal, name)  # a shell hands SIGHUP on, and the system sends it as well
    assert f"stopped by {name} " in interrupted(run, number, number)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2"])
@pytest.mark.parametrize("kind", ["ignored", "handled"])
def test_what_is_to_happen_otherwise_stays_so(run, name, kind):
    number, seen = getattr(signal, name), []
    handler = signal.SIG_IGN if kind == "ignored" else lambda number, frame: seen.append(number)
    before = signal.signal(number, handler)
    try:
        assert ganzoo.resume(run, steps=7, observers=[Sends(number)]).log
    finally:
        signal.signal(number, before)
    assert seen == ([number] if kind == "handled" else [])
