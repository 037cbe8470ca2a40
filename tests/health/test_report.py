"""The report says all that a run's log tells, and no more."""

import math

import pytest

from ganzoo.health.monitors import MONITORS
from ganzoo.health.report import NEEDS, WIDTH, Facts, as_values, courses, report, verdicts
from ganzoo.resolve import user_values
from ganzoo.resolve.outline import outline
from tests.health.conftest import made_up, score


def facts(step=5000, **overrides):
    config = outline(user_values({"architecture": "vanilla", "data": "ring8"}, overrides))
    return Facts("runs/ring", config, step, "finished", "finished")


def test_every_monitor_has_a_line_of_what_it_needs():
    assert set(NEEDS) == set(MONITORS)


def test_a_monitor_is_told_of_once_with_its_worst(rows, findings):
    worst, second, *others = verdicts(rows, findings)
    assert (worst.monitor, worst.severity) == ("mode-collapse", "severe")
    assert (worst.first, worst.last) == (2000, 4500)
    assert worst.evidence == "mode-collapse was seen at 4000"
    assert (second.monitor, second.first) == ("discriminator-dominance", second.last)
    assert all(other.watched and not other.severity for other in others)
    assert len(others) == len(NEEDS) - 2


@pytest.mark.parametrize(
    ("rows", "blind"),
    [
        (made_up(), set()),
        (made_up(overfit=False), {"discriminator-overfitting"}),
        (made_up(look=0), set(NEEDS) - {"non-finite"}),
        ([], set(NEEDS)),
    ],
)
def test_a_monitor_without_figures_says_how_to_have_them(rows, blind):
    told = verdicts(rows, [])
    assert {item.monitor for item in told if not item.watched} == blind
    assert all(bool(item.advice) == (not item.watched) for item in told)


@pytest.mark.parametrize(
    ("looks", "state", "said"),
    [
        (1, "too early", "mode-collapse: too early to say; 1 of the 4 looks that a verdict needs"),
        (3, "too early", "mode-collapse: too early to say; 3 of the 4 looks that a verdict needs"),
        (4, "no sign", "mode-collapse: no sign"),
        (0, "not watched", "mode-collapse: not watched; "),
    ],
)
def test_a_short_run_gets_no_all_clear(looks, state, said):
    every = [row for row in made_up(look=50) if row["step"] <= 50 * looks]
    shown = every or made_up(look=0)
    assert said in report(facts(), shown, [], [])
    told = as_values(facts(), shown, [], [])
    states = {item["monitor"]: item["state"] for item in told["monitors"]}
    assert states["mode-collapse"] == state
    # Whether it oscillates, nobody knows before step 500.
    assert told["health"] == ("no sign" if state == "not watched" else "too early")


def test_the_worst_of_a_run_is_its_health(rows, findings):
    assert as_values(facts(), rows, [], findings)["health"] == "severe"
    assert as_values(facts(), rows, [], findings[:1])["health"] == "warning"


def test_a_finding_of_a_monitor_that_is_not_known_is_told_too(rows, findings):
    other = findings[0].model_copy(update={"monitor": "boredom"})
    assert "boredom: warning, at step 2,500" in report(facts(), rows, [], [other])


def test_scores_compare_only_with_their_like():
    taken = [(step, [score("FID-digits", "fid", value, fakes=fakes)])
             for step, value, fakes in ((1, 5.0, 9), (2, 3.0, 9), (3, 1.0, 99))]  # fmt: skip
    one, other = courses(taken)
    assert (one.first, one.best, one.last) == ((1, 5.0), (2, 3.0), (2, 3.0))
    assert other.first == other.best == other.last == (3, 1.0)


def test_the_best_is_the_lowest_or_the_highest(scores):
    fid, recall = courses(scores)
    assert (fid.best, fid.last) == ((2000, 3.5), (3000, 5.25))
    assert recall.best == (2000, 0.6)


def test_all_of_it(rows, scores, findings):
    text = report(facts(), rows, scores, findings)
    assert max(map(len, text.splitlines())) <= WIDTH
    for line in (
        "  vanilla with the non-saturating loss on ring8, 5,000 of ",
        "D scores a real above a fake in 100% of pairs",
        "  FID-digits     first 9 (step 1,000), best 3.5 (step 2,000), last 5.25 (step 3,000)",
        "  mode-collapse: severe, from step 2,000 to step 4,500",
        "    seen: mode-collapse was seen at 4000",
        "    try:  try against mode-collapse",
        "  discriminator-dominance: warning, at step 2,500",
        "  oscillation: no sign",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("step", "every", "told"),
    [
        (5000, 0, "as health.every is 0"),
        (100, 250, "the first look is at step 250"),
        (5000, 250, "the log was written without them"),
    ],
)
def test_why_there_are_no_signals(step, every, told):
    text = report(facts(step, **{"health.every": every}), made_up(look=0), [], [])
    assert told in text
    assert "not watched; data.holdout=256 keeps reals aside for it" in text


def test_numbers_that_are_not_finite_are_told():
    rows = [{"step": 1, "loss/generator": math.nan, "health/separation": math.inf}]
    text = report(facts(), rows, [], [])
    assert "generator nan" in text
    assert as_values(facts(), rows, [], [])["latest"]["health/separation"]["step"] == 1
