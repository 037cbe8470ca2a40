"""The benchmark of the monitors: what it counts."""

import math

import pytest
from scipy.stats import binomtest

from benchmarks import health
from ganzoo.health.monitors import MONITORS

WELL = {"health/diversity": 1.0, "health/duplicates": 0.0}
ALIKE = {"health/diversity": 0.01, "health/duplicates": 0.0}


def result(kind, look, error="", number=0):
    rows = [{"step": 250 * n, **look} for n in range(1, 6)]
    return {"half": "set", "kind": kind, "number": number, "rows": rows, "error": error}


@pytest.mark.parametrize(("hits", "count"), [(0, 20), (1, 20), (9, 10), (5, 5), (40, 40)])
def test_intervals_are_wilsons(hits, count):
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    assert health.interval(hits, count) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_what_the_monitors_name():
    assert health.named(result("healthy", WELL)) == []
    assert health.named(result("mode-collapse", ALIKE)) == ["mode-collapse"]
    assert health.named(result("non-finite", WELL, "it diverged")) == ["non-finite"]


def test_the_table_counts_what_is_named_and_what_else_is():
    results = [
        result("healthy", WELL),
        result("healthy", ALIKE, number=1),
        result("mode-collapse", ALIKE),
        result("non-finite", ALIKE, "it diverged"),
    ]
    lines = health.table("set", results)[2:]
    assert [line.split(" (")[0] for line in lines] == [
        "| healthy: false alarms | 2 | 1",
        "| mode-collapse | 1 | 1",
        "| non-finite | 1 | 1",
    ]
    assert "| 2 | 1 (9% to 91%) | 1 | mode-collapse 1 |" in lines[0]
    assert "mode-collapse 1 |" in lines[2]


def test_both_halves_have_every_failure_and_nothing_in_common():
    bases = [
        {str(case[0]) for cases in half.values() for case in cases}
        for half in health.HALVES.values()
    ]
    assert not bases[0] & bases[1]
    for half in health.HALVES.values():
        assert {kind for kind in half if "(" not in kind} == {"healthy", *MONITORS}
        assert {kind.partition(" (")[2] for kind in half} == {"", "short)", "fine-tuned)"}
    assert not math.isclose(health.FIRST_SEED["set"], health.FIRST_SEED["told"])
