"""The line that shows how far a run is: on terminals of all widths, and where there is none."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import ganzoo
from ganzoo import registry
from ganzoo.losses.base import Critique
from ganzoo.spec import LossSpec
from ganzoo.training.observers import console
from ganzoo.training.observers.console import Progress

STEPS = 20_000
ROW = {
    "loss/discriminator": 0.6931,
    "loss/generator": 0.7,
    "real/discriminator": 0.512,
    "fake/discriminator": 0.488,
    "steps_per_second": 9.54,
}
SMALL = {
    "architecture": {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]},
    "data": "ring8",
    "training": {"batch_size": 16, "steps": 2, "sample_every": 0},
    "health": {"every": 0},
}

COLOUR = r"\x1b\[(?:[0-9]+;)*[34][0-9]"


def shown(monkeypatch, capsys, *, probabilities=True, rows=range(5), **environment):
    """Show a run that does nine steps in ten seconds, and return what is on the screen."""
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    now = [1000.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    run = SimpleNamespace(
        step=12_300,
        notes=[],
        hardware=SimpleNamespace(device="cpu", precision="fp32", reason="asked for"),
        run=SimpleNamespace(path=Path("run")),
        objective=SimpleNamespace(
            games=[SimpleNamespace(loss=SimpleNamespace(probabilities=probabilities))]
        ),
        config=SimpleNamespace(
            architecture=SimpleNamespace(name="dcgan"),
            data=SimpleNamespace(source="mnist5k"),
            training=SimpleNamespace(steps=STEPS),
        ),
    )
    observer = Progress()
    observer.console.get_time = lambda: now[0]
    observer.start(run)
    for index in range(5):
        now[0] += 10
        run.step += 9
        if index in rows:
            observer.log(run, {"step": run.step, **ROW})
        observer.step(run)
    observer.finish(run, completed=False)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("width", "figures"),
    [
        (40, ""),
        (60, "loss D 0.693  G 0.700"),
        (80, "loss D 0.693  G 0.700  D(real) 0.512  D(fake) 0.488"),
        (120, "loss D 0.693  G 0.700  D(real) 0.512  D(fake) 0.488  9.5 steps/s"),
    ],
)
def test_a_line_fits_the_terminal(monkeypatch, capsys, width, figures):
    screen = shown(monkeypatch, capsys, FORCE_COLOR="1", COLUMNS=str(width))
    assert re.search(COLOUR, screen)
    line = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen).rstrip())[-1]
    steps, bar, left, text = (*line.split(maxsplit=3), "")[:4]
    assert steps == f"12345/{STEPS}"
    assert len(bar) == console.BAR
    assert re.fullmatch("2:[0-9]{2}:[0-9]{2}", left)
    assert text.rstrip() == figures
    assert len(line) <= width


def test_no_colour_is_shown_where_none_is_wanted(monkeypatch, capsys):
    screen = shown(monkeypatch, capsys, FORCE_COLOR="1", COLUMNS="80", NO_COLOR="1")
    assert f"12345/{STEPS}" in screen
    assert not re.search(COLOUR, screen)


@pytest.mark.parametrize(
    ("probabilities", "outputs"),
    [(True, "D(real) 0.512  D(fake) 0.488"), (False, "logit real 0.512  fake 0.488")],
)
def test_without_a_terminal_lines_are_whole(monkeypatch, capsys, probabilities, outputs):
    lines = shown(monkeypatch, capsys, probabilities=probabilities, COLUMNS="60").splitlines()
    assert "\x1b" not in "".join(lines)
    assert len(lines) == 1 + 5
    losses = "loss D 0.693  G 0.700"
    assert lines[-1] == f"step 12345/{STEPS}  {losses}  {outputs}  9.5 steps/s  0:13:22 left"


@pytest.mark.parametrize("rows", [(), (0, 3), (2,)], ids=["no row", "two rows", "a later row"])
def test_a_line_neither_waits_for_a_row_of_the_log_nor_repeats_one(monkeypatch, capsys, rows):
    _, *lines = shown(monkeypatch, capsys, rows=rows).splitlines()
    parts = [line.split("  ") for line in lines]
    assert [step for step, *_ in parts] == [f"step {12_300 + 9 * i}/{STEPS}" for i in range(1, 6)]
    assert [index for index, part in enumerate(parts) if "loss D 0.693" in part] == [*rows]
    timed = [index for index, part in enumerate(parts) if part[-1].endswith(" left")]
    assert timed == [*range(min(rows, default=5), 5)]


@pytest.mark.parametrize(
    "name", [n for n in registry.names("losses") if not registry.get(LossSpec, n).critic_extras]
)
def test_what_is_a_probability_is_called_so(tmp_path, capsys, name):
    run = ganzoo.train(SMALL, {"loss": name}, out=tmp_path / "run")
    loss = registry.instantiate("losses", name, run.config.loss)
    sure = loss.verdict(Critique((torch.tensor([30.0]),)))
    told = "D(real)" if sure <= 1 else "logit real"
    assert f"{told} " in capsys.readouterr().err
