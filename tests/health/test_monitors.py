"""What each monitor takes for wrong, on rows that are made up."""

import math

import pytest

from ganzoo.health.monitors import MONITORS, diagnose

WELL = {
    "health/diversity": 0.95,
    "health/nearest": 0.9,
    "health/duplicates": 0.0,
    "health/coverage": 0.9,
    "health/classes": 1.0,
    "health/separation": 0.8,
    "health/margin": 1.0,
    "health/gradient/generator": 2.0,
    "health/gradient/discriminator": 2.0,
    "health/drift": 0.2,
    "health/straightness": 0.75,
    "health/recognition": 0.52,
    "health/overfit": 0.05,
}


def run(*looks):
    """Rows of a run with these looks, and rows without one between."""
    rows = []
    for number, look in enumerate(looks, 1):
        rows.append({"step": 250 * number - 50, "loss/generator": 1.0})
        rows.append({"step": 250 * number, "loss/generator": 1.0, **WELL, **look})
    return rows


def found(*looks):
    return [(item.monitor, item.severity, item.step) for item in diagnose(run(*looks))]


VANISHING = {"health/separation": 0.999, "health/gradient/generator": 0.2}
GONE = {"health/separation": 1.0, "health/gradient/generator": 0.01}

ROWS = {
    "alike": ("mode-collapse", {"health/diversity": 0.4}, {"health/diversity": 0.1}),
    "copies": ("mode-collapse", {"health/duplicates": 0.4}, {"health/duplicates": 0.9}),
    "classes": ("mode-collapse", {"health/classes": 0.5}, {"health/classes": 0.2}),
    "gradient": ("discriminator-dominance", VANISHING, GONE),
    "to and fro": (
        "oscillation",
        {"health/straightness": 0.4, "health/drift": 0.9},
        {"health/straightness": 0.4, "health/drift": 1.2},
    ),
    "by heart": (
        "discriminator-overfitting",
        {"health/recognition": 0.75},
        {"health/recognition": 0.95},
    ),
}


@pytest.mark.parametrize(("monitor", "bad", "worse"), ROWS.values(), ids=ROWS)
class TestFailures:
    def test_it_is_found_once_it_lasts(self, monitor, bad, worse):
        assert found({}, {}, {}, bad, bad, bad) == [
            (monitor, "warning", 1250),
            (monitor, "warning", 1500),
        ]

    def test_one_look_alone_is_none(self, monitor, bad, worse):
        assert found({}, {}, {}, bad, {}, {}, worse, {}) == []

    def test_a_good_look_between_two_bad_ones_is_not_believed(self, monitor, bad, worse):
        assert found({}, {}, {}, bad, {}, bad, {}) == [(monitor, "warning", 1500)]

    def test_it_is_severe_where_it_is_worse(self, monitor, bad, worse):
        assert found({}, {}, {}, bad, worse, worse) == [
            (monitor, "warning", 1250),
            (monitor, "severe", 1500),
        ]

    def test_it_tells_what_was_seen_and_what_to_try(self, monitor, bad, worse):
        finding = diagnose(run({}, {}, {}, bad, bad))[0]
        assert any(character.isdigit() for character in finding.evidence)
        assert finding.advice == MONITORS[monitor].advice


@pytest.mark.parametrize(
    "look",
    [
        pytest.param({}, id="well"),
        pytest.param({"health/separation": 1.0}, id="a critic that tells all, and teaches"),
        pytest.param({"health/gradient/generator": 0.001}, id="a small gradient of an equal game"),
        pytest.param({"health/drift": 2.0}, id="moving on"),
        pytest.param({"health/straightness": 0.1}, id="a small jitter"),
        pytest.param({"health/classes": 0.7}, id="a class or two that one look misses"),
        pytest.param({"health/recognition": 0.2}, id="held-out reals that are liked more"),
    ],
)
def test_what_is_no_failure(look):
    assert found({}, {}, {}, look, look, look) == []


def test_variety_that_grows_is_no_collapse():
    rows = [{"health/diversity": 0.1 * number} for number in range(1, 6)]
    assert found({"health/diversity": 0.05}, *rows) == []


def test_movement_that_dies_down_is_no_oscillation():
    looks = [{"health/straightness": 0.4, "health/drift": 2 * 0.7**number} for number in range(5)]
    assert found({}, *looks) == []


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_figure_that_is_not_finite_is_found_at_once(value):
    (finding,) = diagnose([{"step": 50, "loss/generator": value}])
    assert (finding.monitor, finding.severity, finding.step) == ("non-finite", "severe", 50)
    assert finding.evidence == "loss/generator is not finite"


def test_rows_without_a_look_tell_nothing():
    assert diagnose([{"step": step, "loss/generator": 1.0} for step in range(50, 500, 50)]) == []
