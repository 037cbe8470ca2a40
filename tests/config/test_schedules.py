"""Numbers that follow a schedule, against closed forms."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.config import Schedule, timed, value_at
from ganzoo.errors import ConfigError
from ganzoo.resolve import resolve

CASES = [
    ("linear", 0, 4.0),
    ("linear", 25, 3.5),
    ("linear", 50, 3.0),
    ("linear", 100, 2.0),
    ("linear", 101, 2.0),
    ("cosine", 0, 4.0),
    ("cosine", 25, 3 + math.cos(math.pi / 4)),
    ("cosine", 50, 3.0),
    ("cosine", 75, 3 - math.cos(math.pi / 4)),
    ("cosine", 10**9, 2.0),
    ("exponential", 0, 4.0),
    ("exponential", 50, math.sqrt(8)),
    ("exponential", 75, 4 * 2**-0.75),
    ("exponential", 100, 2.0),
    ("exponential", 10**9, 2.0),
]


@pytest.mark.parametrize(("kind", "samples", "value"), CASES)
def test_values(kind, samples, value):
    schedule = Schedule(schedule=kind, start=4.0, end=2.0, over=100)
    assert value_at(schedule, samples) == pytest.approx(value, rel=1e-12)


def test_a_number_stays():
    assert value_at(0.3, 10**9) == 0.3


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_an_exponential_needs_both_ends_above_zero(start, end):
    with pytest.raises(ValueError, match=f"cannot run from {start} to {end}; make both above 0"):
        Schedule(schedule="exponential", start=start, end=end, over=100)


def test_an_exponential_has_the_same_factor_for_every_sample():
    schedule = Schedule(schedule="exponential", start=0.1, end=1e-6, over=5000)
    values = [schedule.at(samples) for samples in range(5001)]
    factors = [after / before for before, after in itertools.pairwise(values)]
    assert factors == pytest.approx([1e-5 ** (1 / 5000)] * 5000, rel=1e-12)


number = st.floats(min_value=0, max_value=1e9)
positive = st.floats(min_value=5e-324, max_value=1e300)
courses = st.one_of(
    st.tuples(st.sampled_from(["linear", "cosine"]), number, number),
    st.tuples(st.just("exponential"), positive, positive),
)


@given(
    course=courses,
    over=st.floats(min_value=1, max_value=1e12),
    samples=st.integers(0, 10**13),
)
def test_between_its_ends_and_constant_after(course, over, samples):
    kind, start, end = course
    schedule = Schedule(schedule=kind, start=start, end=end, over=over)
    low, high = sorted((start, end))
    rounding = 1e-12 * high
    assert low - rounding <= schedule.at(samples) <= high + rounding
    assert schedule.at(0) == start
    if samples >= over:
        assert schedule.at(samples) == end


@pytest.mark.parametrize(
    ("samples", "value"), [(0, 4.0), (40, 4.0), (50, 4.0), (75, 3.0), (100, 2.0), (200, 2.0)]
)
def test_it_may_begin_later(samples, value):
    schedule = Schedule(schedule="linear", start=4.0, end=2.0, after=50, over=50)
    assert schedule.at(samples) == value


def test_what_ends_with_the_run_gets_a_number_wherever_it_lies():
    course = {"schedule": "linear", "from": 2e-4, "to": 0.0, "after": 96.0, "over": "run"}
    config = resolve(
        {
            "architecture": "dcgan",
            "training": {"steps": 20, "batch_size": 8},
            "optimizers": {"generator": {"lr": course, "betas": [0.5, {**course, "to": 1e-5}]}},
            "penalties": {"r1": {"weight": course}},
            "augmentation": {"name": "ada", "adapt": None, "p": course},
        }
    ).config
    found = timed(config, config.samples)
    optimizer = found.optimizers["generator"]
    schedules = [
        optimizer.lr,
        optimizer.betas[1],
        found.penalties["r1"].weight,
        found.augmentation.p,
    ]
    assert [schedule.over for schedule in schedules] == [64.0] * 4
    assert optimizer.lr.at(128) == pytest.approx(1e-4)
    assert found.optimizers["discriminator"] == config.optimizers["discriminator"]
    # What is written resolves to the same.
    assert resolve(config.model_dump(mode="json")).config == config


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"optimizers": {"generator": {"lr": {"after": 160}}}},
            "a schedule that begins after 160 samples cannot end with the run, which has 160",
        ),
        (
            {"augmentation": {"name": "ada", "adapt": None, "p": {"from": 1.5}}},
            "augmentation.p: 1.5 is not allowed; a probability is at most 1",
        ),
        (
            {"augmentation": {"name": "ada", "p": {}}},
            "p cannot follow both a schedule and the discriminator; set adapt to null",
        ),
        (
            {"augmentation": {"name": "ada", "adapt": None, "p": 2}},
            "augmentation.p: 2 is not allowed; a probability",
        ),
        ({"optimizers": {"generator": {"lr": {"over": "epoch"}}}}, "optimizers.generator.lr"),
        ({"optimizers": {"generator": {"lr": {"after": -1}}}}, "optimizers.generator.lr"),
    ],
)
def test_schedules_that_are_refused(values, sentence):
    course = {"schedule": "linear", "from": 1.0, "to": 0.0, "over": "run"}

    def whole(value):
        if isinstance(value, dict):
            named = {key: whole(item) for key, item in value.items()}
            return named if {"name", "lr", "generator"} & named.keys() else {**course, **named}
        return value

    config = {key: whole(value) for key, value in values.items()}
    config |= {"architecture": "dcgan", "training": {"steps": 20, "batch_size": 8}}
    with pytest.raises(ConfigError) as caught:
        resolve(config)
    assert sentence in str(caught.value)
