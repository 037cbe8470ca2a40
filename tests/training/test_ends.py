"""A run comes to its whole end, whatever was killed, damaged or edited before."""

import errno
import io
import json
import os
import shutil
import signal

import pytest

import ganzoo
from ganzoo.errors import RunError
from ganzoo.training import checkpoints
from ganzoo.training.trainer import Trainer
from tests.training.killing import CONFIG, contents


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return ganzoo.train(CONFIG, out=tmp_path_factory.mktemp("whole") / "run").path


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def newest(run):
    return checkpoints.every(run / "checkpoints")[-1]


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def flip_number(run):
    """Flip a bit of a number that the JSON holds far inside, so that it is still JSON."""
    path = newest(run) / "state.json"
    flip(path, path.read_bytes().index(b'"batch_size": ') + len(b'"batch_size": '))
    json.loads(path.read_text())


def without(*names):
    def change(run):
        path = newest(run) / "state.json"
        values = json.loads(path.read_text())
        path.write_text(json.dumps({k: v for k, v in values.items() if k not in names}))

    return change


DAMAGE = {
    "a bit of a tensor": lambda run: flip(newest(run) / "state.safetensors", -1),
    "a bit of a number": flip_number,
    "no tensors": lambda run: (newest(run) / "state.safetensors").unlink(),
    "an empty state": lambda run: (newest(run) / "state.json").write_text(""),
    "a state of another kind": lambda run: (newest(run) / "state.json").write_text("[]"),
    "values missing": without("plugins", "processes"),
    "an empty folder": lambda run: [file.unlink() for file in newest(run).iterdir()],
}
USUAL = {"a bit of a tensor", "a bit of a number", "an empty folder"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in USUAL else pytest.mark.sweep) for n in DAMAGE]
)
def test_a_damaged_checkpoint_is_passed_over(run, whole, tmp_path, name):
    damaged = newest(run)
    DAMAGE[name](run)
    notes = []
    ganzoo.export(run, tmp_path / "weights", say=notes.append)
    (note,) = notes
    assert str(damaged) in note
    assert "is damaged" in note
    assert json.loads((tmp_path / "weights/config.json").read_text())["training"]["steps"] == 4
    with pytest.raises(RunError, match="is damaged"):
        ganzoo.export(damaged, tmp_path / "other")
    trainer = Trainer.resume(run)
    assert any(note.endswith("the one before is used") for note in trainer.notes)
    trainer.fit()
    assert contents(run) == contents(whole)
    shutil.rmtree(run / "checkpoints" / "step-0000000004")
    DAMAGE[name](run)
    with pytest.raises(RunError, match="no other usable checkpoint, so start a new run"):
        ganzoo.resume(run)


@pytest.mark.parametrize("code", ["EIO", "ESTALE", "EACCES", "EMFILE"])
@pytest.mark.parametrize("file", ["state.json", "state.safetensors"])
def test_a_checkpoint_out_of_reach_is_kept(run, monkeypatch, file, code):
    before, opened, number = contents(run), io.open, getattr(errno, code)

    def fails(path, *arguments, **options):
        if path == newest(run) / file:
            raise OSError(number, os.strerror(number), str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(io, "open", fails)
    told = (
        rf"{newest(run)} cannot be read \({os.strerror(number)}\); nothing was changed, so try ag"
    )
    with pytest.raises(RunError, match=told):
        ganzoo.resume(run, steps=8)
    monkeypatch.undo()
    assert contents(run) == before


OLD = {"step": 1e999, "processes": "two", "config": None}


@pytest.mark.parametrize("key", OLD)
def test_values_of_a_checkpoint_without_a_digest_are_checked(run, key):
    for path in checkpoints.every(run / "checkpoints"):
        values = json.loads((path / "state.json").read_text())
        del values["digest"]
        values |= {"format": 1}
        (path / "state.json").write_text(json.dumps(values))
        checkpoints.read_checkpoint(path)
        (path / "state.json").write_text(json.dumps(values | {key: OLD[key]}))
    with pytest.raises(RunError, match=f"is damaged: state.json: {key}"):
        ganzoo.resume(run)


def edited(run, old, new):
    path = run / "config.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


REFUSED = {
    "seed": ("  seed: 0", "  seed: 5", r"training.seed \(0, now 5\)"),
    "rate": ("lr: 0.0002", "lr: 0.1", r"lr \(0.0002, now 0.1\)"),
    "a field that is left out": ("  samples: 64\n", "", r"data.samples \(64, now"),
    "a penalty": ("penalties: {}", "penalties: {r1: {weight: 3}}", r"penalties.r1.every \(not th"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_edited_config_is_refused_by_field(run, tmp_path, name):
    old, new, told = REFUSED[name]
    edited(run, old, new)
    before = contents(run)
    for use in (lambda: ganzoo.resume(run, steps=8), lambda: ganzoo.export(run, tmp_path / "w")):
        with pytest.raises(RunError, match=f"config.yaml was changed since step 6: .*{told}"):
            use()
    assert contents(run) == before


def test_edits_that_may_be_made_count_as_overrides(run):
    edited(run, "  steps: 6", "  steps: 7")
    edited(run, "  every: 1", "  every: 2")
    assert ganzoo.resume(run, steps=7).config.training.steps == 7


def test_a_field_that_a_newer_version_added_is_no_change(run):
    for path in checkpoints.every(run / "checkpoints"):
        values = json.loads((path / "state.json").read_text())
        del values["digest"], values["config"]["training"]["accumulate"], values["config"]["ema"]
        (path / "state.json").write_text(json.dumps({**values, "format": 1}))
    ganzoo.resume(run, steps=7)


LOST = {
    "no film": lambda run: (run / "progress.gif").unlink(),
    "no weights": lambda run: shutil.rmtree(run / "weights"),
    "half of the last grid": lambda run: [
        (run / "progress.gif").unlink(),
        (run / "samples/step-0000000006.png").write_bytes(b"\x89PNG"),
    ],
}


@pytest.mark.parametrize("name", LOST)
def test_resuming_completes_the_end(run, whole, name):
    LOST[name](run)
    ganzoo.resume(run)
    assert contents(run) == contents(whole)
    with pytest.raises(RunError, match="has reached 6 steps"):
        ganzoo.resume(run)


def test_an_older_grid_that_is_broken_is_left_out_of_the_film(run):
    (run / "samples/step-0000000003.png").write_bytes(b"")
    ganzoo.resume(run, steps=7)
    assert (run / "progress.gif").stat().st_size


FILES = {
    "log, no step": ("log.jsonl", "{}\n", "line 1 of .*log.jsonl is damaged; remove the line"),
    "log, infinite": ("log.jsonl", '{"step": 1e999}\n', "line 1 of .*log.jsonl is damaged"),
    "log, huge": ("log.jsonl", '{"step": 1, "d": 1%s}\n' % ("0" * 400), "line 1 of .* is damaged"),
    "weights, text": ("weights/config.json", "{", "config.json is damaged .*line 1.*remove .*wei"),
    "weights, no step": ("weights/config.json", "{}", "config.json is damaged .*training"),
    "best, odd scores": (
        "best/config.json", '{"training": {"steps": 1}, "scores": [5]}', "damaged .*remove .*best",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_with_its_cure(run, name):
    file, text, told = FILES[name]
    (run / file).write_text(text)
    with pytest.raises(RunError, match=told):
        ganzoo.resume(run, steps=6 if "weights" in file else 8)


def test_what_kills_left_is_removed(run, whole):
    (run / "progress.gif").unlink()
    left = "0123456789abcdef" * 2
    for name in (f".config-{left}.yaml", f"weights/.model.safetensors-{left}"):
        (run / name).write_text("half of it")
    for name in (f".best-{left}", f"checkpoints/.writing-{left}", f".weights-{left}"):
        (run / name).mkdir()
    ganzoo.resume(run)
    assert contents(run) == contents(whole)


def test_what_is_not_ours_stays_in_the_weights_folder(run):
    (run / "weights" / "mine.txt").write_text("mine")
    (run / "weights" / "more").mkdir()
    ganzoo.resume(run, steps=7)
    assert (run / "weights" / "mine.txt").read_text() == "mine"
    assert (run / "weights" / "more").is_dir()


# The end is where most was lost: kills are dense there, and lie over all that is before.
KILLS = 60
FEW = {59}


@pytest.fixture(scope="module")
def events(killer, tmp_path_factory):
    """Every event of an undisturbed run that changes its files."""
    return killer(tmp_path_factory.mktemp("events") / "run")[1]


def moment(index, events):
    """Choose an event: the last of each kind, then two of three in the last third of the run."""
    kinds = sorted({event.split()[0]: place for place, event in enumerate(events)}.values())
    early, late = KILLS // 3, KILLS - KILLS // 3
    begin = 2 * len(events) // 3
    if index < len(kinds):
        return kinds[index]
    if index < early:
        return index * begin // early
    return begin + (index - early) * (len(events) - begin) // late


def test_the_kills_are_of_every_kind(events):
    chosen = [events[moment(index, events)] for index in range(KILLS)]
    assert {event.split()[0] for event in chosen} == {event.split()[0] for event in events}
    for name in ("checkpoints/", "weights", "best", "samples/", "log.jsonl", "progress"):
        assert any(name in event for event in chosen)


@pytest.mark.parametrize(
    "index",
    [pytest.param(i, marks=() if i in FEW else pytest.mark.sweep) for i in range(KILLS)],
)
def test_killed_at_any_file_it_comes_to_its_end(killer, events, whole, tmp_path, index):
    run, at = tmp_path / "run", moment(index, events)
    assert killer(run, at=at, half=index % 2 == 1)[0] == -signal.SIGKILL
    if not (run / "config.yaml").exists():
        shutil.rmtree(run, ignore_errors=True)  # nothing had begun
    begun = run.exists()
    if begun and ganzoo.Run.open(run).ended(6):
        with pytest.raises(RunError, match="has reached 6 steps"):
            ganzoo.resume(run)
    else:
        assert killer(run, resume=begun)[0] == 0
    found, expected = contents(run), contents(whole)
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
