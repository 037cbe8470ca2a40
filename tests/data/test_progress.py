"""How far a long work is, as people see it."""

import io

import pytest
from rich.console import Console

from ganzoo.data import progress as module
from ganzoo.data.progress import progress, size_text


@pytest.fixture
def clock(monkeypatch):
    """Time that passes when a test says so."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_what_is_done_soon_says_nothing(clock, capsys):
    with progress("looking", 100) as report:
        for _ in range(100):
            clock[0] += 0.019
            report(1)
    assert capsys.readouterr() == ("", "")


def test_lines_are_few_and_tell_what_is_left(clock, capsys):
    with progress("looking", 1000, done=400) as report:
        for _ in range(600):
            clock[0] += 0.03125
            report(1)
    assert capsys.readouterr().err.splitlines() == [
        "looking: 464 of 1,000, 17 seconds left",
        "looking: 592 of 1,000, 13 seconds left",
        "looking: 720 of 1,000, 9 seconds left",
        "looking: 848 of 1,000, 5 seconds left",
        "looking: 976 of 1,000, 1 seconds left",
    ]


def test_of_what_nobody_can_count_the_pieces_are_told(clock, capsys):
    with progress("unpacking") as report:
        clock[0] = 3
        report(7)
    assert capsys.readouterr().err == "unpacking: 7\n"


def test_a_terminal_gets_a_bar(clock, monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60)
    monkeypatch.setattr(module, "_console", lambda: console)
    with progress("looking", 10) as report:
        clock[0] = 3
        report(5)
        report(1)
    assert "looking" in screen.getvalue()
    assert "60%" in screen.getvalue() or "50%" in screen.getvalue()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0.0 kB"),
        (999, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (2_500_000, "2.5 MB"),
        (1_234_000_000_000, "1234.0 GB"),
    ],
)
def test_sizes_are_told_in_decimal_units(count, text):
    assert size_text(count) == text
