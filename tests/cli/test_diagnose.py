"""The command that tells how a run is doing."""

import base64
import html
import io
import json
import os
import shutil
import sys

import pytest
from PIL import Image

import ganzoo


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    values = {"architecture": "vanilla", "data": "ring8", "logging.every": 2}
    folder = tmp_path_factory.mktemp("diagnose") / "run"
    return ganzoo.train(None, {**values, "training.batch_size": 8}, out=folder, steps=6).path


@pytest.fixture
def run(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    os.utime(tmp_path / "run" / "log.jsonl")  # as of now, however long the tests before took
    return tmp_path / "run"


def test_a_finished_run(command, run):
    result = command("diagnose", "run")
    assert (result.code, result.err) == (0, "image: run/health.png\n")
    assert "vanilla with the non-saturating loss on ring8, 6 of 6 steps: finished" in result.out
    assert "non-finite: no sign" in result.out
    Image.open(run / "health.png").load()


def test_json_and_another_image(command, run):
    with (run / "log.jsonl").open("a") as log:
        log.write('{"step": 6, "loss/generator": NaN}\n')
    result = command("diagnose", "run", "--json", "--plots", "course.png")
    values = json.loads(result.out)
    assert (values["state"], values["step"], values["steps"]) == ("finished", 6, 6)
    assert values["latest"]["loss/generator"] == {"step": 6, "value": None}
    assert "non-finite" in {verdict["monitor"] for verdict in values["monitors"]}
    assert not (run / "health.png").exists()
    assert result.err == "image: course.png\n"


def of_more_steps(run, *, saved=0, every=0):
    """Let it be a run of more steps, with one checkpoint or none."""
    config = (run / "config.yaml").read_text().replace("  steps: 6\n", "  steps: 600\n")
    (run / "config.yaml").write_text(
        config.replace("checkpoint_every: 1000\n", f"checkpoint_every: {every}\n")
    )
    if not saved:
        shutil.rmtree(run / "checkpoints")


def half_written(run):
    of_more_steps(run)
    with (run / "log.jsonl").open("a") as log:
        log.write('{"step": 8, "loss')


def long_ago(run):
    of_more_steps(run)
    os.utime(run / "log.jsonl", (1e9, 1e9))


def not_finite(run):
    of_more_steps(run)
    finding = {"monitor": "non-finite", "severity": "severe", "step": 7}
    finding |= {"evidence": "loss/generator was nan", "advice": "a lower rate"}
    with (run / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": 7, "finding": finding}) + "\n")


def without_log(run):
    of_more_steps(run)
    (run / "log.jsonl").unlink()


ODD = {
    "running": (half_written, "running", "6 of 600 steps: running (last row 0 s ago)"),
    "lost": (
        long_ago,
        "stopped",
        "stopped before its end, or lost; resume with: ganzoo resume run",
    ),
    "interrupted": (
        lambda run: of_more_steps(run, saved=6),
        "interrupted",
        "interrupted by a signal, and saved",
    ),
    "just saved": (lambda run: of_more_steps(run, saved=6, every=3), "running", "running"),
    "not finite": (not_finite, "stopped", "seen: loss/generator was nan"),
    "without its data": (
        lambda run: edit(run / "config.yaml", "source: ring8", "source: /gone"),
        "finished",
        "vanilla with the non-saturating loss on /gone, 6 of 6 steps: finished",
    ),
    "without its plugins": (
        lambda run: edit(run / "config.yaml", "name: vanilla", "name: gone"),
        "finished",
        "gone with the non-saturating loss on ring8, 6 of 6 steps: finished",
    ),
    "empty": (without_log, "empty", "0 of 600 steps: its log holds no figures yet"),
}


USUAL = {"lost", "not finite", "without its data"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in USUAL else pytest.mark.sweep) for name in ODD],
)
def test_odd_runs(command, run, name):
    change, state, told = ODD[name]
    change(run)
    result = command("diagnose", "run")
    assert result.code == 0
    assert told in " ".join(result.out.split())
    assert (run / "health.png").exists() == (name != "empty")
    assert json.loads(command("diagnose", "run", "--json").out)["state"] == state


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"[]", b"7", b"", b"\xff\xfe", b'{"real/discriminator": 0.5}', b'{"step": "two"}',
        b'{"step": 2, "real/discriminator": "x"}', b'{"step": 2, "scores": 5}',
        b'{"step": 2, "scores": [{"name": "FID"}]}', b'{"step": 2, "finding": {}}',
    ],
)  # fmt: skip
def test_a_damaged_line_is_named(command, run, line):
    lines = (run / "log.jsonl").read_bytes().splitlines()
    (run / "log.jsonl").write_bytes(b"\n".join([lines[0], line, *lines[1:], b""]))
    result = command("diagnose", "run")
    assert result.code == 2
    assert result.err.startswith("ganzoo: line 2 of run/log.jsonl is damaged; remove the line")
    assert not result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no run folder nowhere"),
        (["."], "is not a run folder: it has no config.yaml"),
        (["run", "--plots", "a.svg"], "--plots a.svg: the image is a PNG"),
    ],
)
def test_bad_requests_are_one_sentence(command, run, arguments, message):
    result = command("diagnose", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert message in result.err


def test_without_matplotlib_there_is_the_report_and_a_note(command, run, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = command("diagnose", "run")
    assert (result.code, result.err) == (
        0,
        "note: no image was drawn; that needs the package matplotlib\n",
    )
    assert "non-finite: no sign" in result.out


DAMAGE = {
    "whole": (lambda run: None, "vanilla, 6 of 6 steps, finished", True),
    "lost": (long_ago, "vanilla, 6 of 600 steps, stopped", True),
    "without its data": (
        lambda run: edit(run / "config.yaml", "source: ring8", "source: /gone"),
        "vanilla, 6 of 6 steps, finished",
        True,
    ),
    "without a grid": (
        lambda run: shutil.rmtree(run / "samples"),
        "vanilla, 6 of 6 steps, finished",
        False,
    ),
    "with a broken grid": (
        lambda run: (run / "samples" / "step-0000000006.png").write_bytes(b"no image"),
        "vanilla, 6 of 6 steps, finished",
        False,
    ),
    "with a broken log": (lambda run: (run / "log.jsonl").write_text("{\n"), "", True),
    "with a broken config": (lambda run: (run / "config.yaml").write_text("["), "", True),
    "by another name": (
        lambda run: edit(run / "config.yaml", "name: vanilla", r'name: "\e[2J<b>"'),
        r"\x1b[2J<b>, 6 of 6 steps, finished",
        True,
    ),
}


def edit(path, old, new):
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize("name", DAMAGE)
def test_a_run_says_in_one_line_how_it_stands(run, monkeypatch, name):
    monkeypatch.chdir(run.parent)
    change, stands, drawn = DAMAGE[name]
    change(run)
    opened = ganzoo.Run.open("run")
    assert repr(opened) == ("Run(run, " + stands + ")" if stands else "Run(run)")
    page = opened._repr_html_()
    assert page.startswith(f"<p>{html.escape(repr(opened))}</p>")
    assert ("<img" in page) == drawn
    if drawn:
        data = base64.b64decode(page.partition("base64,")[2].partition('"')[0])
        with Image.open(io.BytesIO(data)) as grid, Image.open(opened.grid(6)) as newest:
            assert grid.convert("RGB").tobytes() == newest.convert("RGB").tobytes()
