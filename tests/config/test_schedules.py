"""Numbers that follow a schedule, against closed forms."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.config import Schedule, value_at

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
]


@pytest.mark.parametrize(("kind", "samples", "value"), CASES)
def test_values(kind, samples, value):
    schedule = Schedule(schedule=kind, start=4.0, end=2.0, over=100)
    assert value_at(schedule, samples) == pytest.approx(value, rel=1e-12)


def test_a_number_stays():
    assert value_at(0.3, 10**9) == 0.3


number = st.floats(min_value=0, max_value=1e9)


@given(
    kind=st.sampled_from(["linear", "cosine"]),
    start=number,
    end=number,
    over=st.floats(min_value=1, max_value=1e12),
    samples=st.integers(0, 10**13),
)
def test_between_its_ends_and_constant_after(kind, start, end, over, samples):
    schedule = Schedule(schedule=kind, start=start, end=end, over=over)
    low, high = sorted((start, end))
    rounding = 1e-12 * high
    assert low - rounding <= schedule.at(samples) <= high + rounding
    assert schedule.at(0) == start
    if samples >= over:
        assert schedule.at(samples) == end
