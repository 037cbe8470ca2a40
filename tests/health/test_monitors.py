"""What each monitor takes for wrong, on rows that are made up."""

import math

import pytest

from ganzoo.health.monitors import MONITORS, diagnose, too_early
from tests.operations import instructions

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


def outputs(*values, every=50, **others):
    """Rows of mean outputs on reals and fakes, without looks."""
    return [
        {
            "step": every * number,
            "loss/generator": 5.0,
            "real/discriminator": real,
            "fake/discriminator": fake,
            **others,
        }
        for number, (real, fake) in enumerate(values, 1)
    ]


# Of a run whose samples all had the same pattern: 300 steps on 222 images, with looks at 50, 250
# and 300 as they were then.
SILENT = outputs(
    (0.887, 0.043), (0.9927, 0.0075), (0.9961, 0.0052),
    (0.9971, 0.005), (0.9976, 0.0032), (0.9983, 0.002),
)  # fmt: skip
for number, look in {
    0: {"diversity": 0.999, "nearest": 1.3, "coverage": 0.0, "classes": 0.5, "separation": 0.218,
        "gradient/generator": 8.6, "recognition": 0.44, "overfit": -0.02},
    4: {"diversity": 0.666, "nearest": 0.82, "coverage": 0.0, "classes": 1.0, "separation": 1.0,
        "gradient/generator": 7.9, "recognition": 0.44, "overfit": -0.02, "drift": 1.8},
    5: {"diversity": 0.63, "nearest": 598.3, "coverage": 0.0, "classes": 1.0, "separation": 1.0,
        "gradient/generator": 8.0, "recognition": 0.45, "overfit": -0.01, "drift": 0.88,
        "straightness": 0.81},
}.items():  # fmt: skip
    SILENT[number] |= {"health/duplicates": 0.0}
    SILENT[number] |= {f"health/{name}": value for name, value in look.items()}


def test_a_discriminator_that_won_is_named_though_the_gradient_does_not_vanish():
    assert [(item.monitor, item.severity, item.step) for item in diagnose(SILENT)] == [
        ("discriminator-dominance", "warning", 250),
        ("discriminator-dominance", "severe", 300),
    ]
    assert too_early(SILENT).keys() == set(MONITORS) - {"non-finite"}


SURE, SURER, FAIR = (0.99, 0.01), (0.998, 0.002), (0.9, 0.1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(outputs(FAIR, *[SURE] * 4), ["warning"], id="sure for 150 steps"),
        pytest.param(outputs(*[SURER] * 5), ["severe", "severe"], id="surer"),
        pytest.param(outputs(*[SURE] * 3), [], id="for 100 steps"),
        pytest.param(outputs(SURE, SURE, FAIR, SURE, SURE), [], id="with a break"),
        pytest.param(outputs(*[SURE] * 4, every=1), [], id="for four rows of a step each"),
        pytest.param(outputs(SURE, SURE, every=500), [], id="for two rows"),
        pytest.param(outputs(*[SURE] * 4, every=500), ["warning"] * 2, id="for rows far apart"),
        pytest.param(outputs(*[(0.99, 0.4)] * 9), [], id="of reals alone"),
        pytest.param(outputs(*[(5.0, -7.0)] * 9), [], id="scores that are no probabilities"),
        pytest.param(outputs(*[(1.0, -1.0)] * 9), [], id="hinge"),
    ],
)
def test_outputs_that_stay_at_their_ends(rows, expected):
    assert [item.severity for item in diagnose(rows)] == expected


@pytest.mark.parametrize("monitor", MONITORS)
def test_a_row_of_a_long_run_costs_no_more_than_one_of_a_short_run(monitor):
    watch = MONITORS[monitor]()
    costs = [instructions(watch.see, {**WELL, **row}) for row in outputs(*[SURE] * 999, every=1)]
    # Growth shows in most of the rows; in a few, what was dropped elsewhere is cleared away.
    assert sorted(costs[-100:])[90] <= sorted(costs[600:700])[90]


def test_a_discriminator_that_warms_up_dominates_nothing():
    rows = outputs(*[SURER] * 9)
    for row in rows[:6]:
        del row["loss/generator"]
    assert diagnose(rows) == []


ALL = set(MONITORS) - {"non-finite"}


@pytest.mark.parametrize(
    ("rows", "early"),
    [
        pytest.param([], ALL, id="no rows"),
        pytest.param(outputs(*[FAIR] * 9), ALL, id="no looks"),
        pytest.param(run({}), ALL, id="one look"),
        pytest.param(run({}, {}, {}), ALL, id="three"),
        pytest.param(run({}, {}, {}, {}), {"oscillation"}, id="four"),
        pytest.param(run({}, {}, {}, {}, {}), set(), id="five"),
        pytest.param(run(*[{"health/coverage": 0.0}] * 6), {"mode-collapse"}, id="noise"),
        pytest.param(run({}, {}, *[{"health/coverage": 0.02}] * 3), {"mode-collapse"}, id="almost"),
        pytest.param(
            run({}, {"health/coverage": 0.0}, {}, {"health/coverage": 0.0}, {}),
            set(),
            id="at times",
        ),
        pytest.param(
            [*run({}, {}, {}, {}, {}), {**outputs(SURE)[0], "step": 1300}],
            {"discriminator-dominance"},
            id="sure since the last row",
        ),
    ],
)
def test_when_silence_means_nothing(rows, early):
    assert too_early(rows).keys() == early
    assert all(too_early(rows).values())


YOUNG_ALIKE = {"health/diversity": 0.3, "health/coverage": 0.2}


@pytest.mark.parametrize(
    ("look", "every", "names"),
    [
        pytest.param(YOUNG_ALIKE, 50, set(), id="few kinds yet"),
        pytest.param(YOUNG_ALIKE, 250, {"mode-collapse"}, id="few kinds for long"),
        pytest.param({**YOUNG_ALIKE, "health/coverage": 0.0}, 50, {"mode-collapse"}, id="noise"),
        pytest.param({"health/straightness": 0.5, "health/drift": 0.9}, 50, set(), id="moves yet"),
        pytest.param(
            {"health/straightness": 0.5, "health/drift": 0.9}, 250, {"oscillation"}, id="moves"
        ),
    ],
)
def test_a_young_run_may_have_few_kinds_and_move(look, every, names):
    rows = [{"step": every * number, **WELL, **look} for number in range(1, 8)]
    assert {item.monitor for item in diagnose(rows)} == names
    assert ("oscillation" in too_early(rows)) == (every == 50)
    assert ("mode-collapse" in too_early(rows)) == ("health/coverage" in look and every == 50)
