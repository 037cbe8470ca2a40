"""Signals of health, against values that are known and against NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.health import signals


def points(count, length=3, seed=0, scale=1.0):
    source = torch.Generator().manual_seed(seed)
    return scale * torch.randn(count, length, generator=source)


def test_comparisons_are_those_of_plain_loops():
    reals, fakes = points(40), points(40, seed=1, scale=0.6)
    found = {name: float(value) for name, value in signals.compare(reals, fakes).items()}
    r, f = reals.double().numpy(), fakes.double().numpy()

    def distances(a, b):
        return np.sqrt(((a[:, None] - b) ** 2).sum(-1))

    def others(a):
        return np.sort(distances(a, a), axis=1)[:, 1:]

    usual = np.median(others(r)[:, 0])
    # torch's median of an even number is the lower one of both in the middle
    lower = {key: np.sort(others(x)[:, 0])[19] for key, x in (("r", r), ("f", f))}
    assert found["diversity"] == pytest.approx(distances(f, f).mean() / distances(r, r).mean())
    assert found["nearest"] == pytest.approx(lower["f"] / lower["r"], rel=1e-4)
    assert found["duplicates"] == np.mean(others(f)[:, 0] < 0.1 * usual)
    inside = distances(r, f) <= others(r)[:, 4:5]
    assert found["coverage"] == pytest.approx(inside.any(axis=1).mean())


@pytest.mark.parametrize(
    ("fakes", "expected"),
    [
        pytest.param(
            points(64, seed=1), {"diversity": (0.8, 1.2), "duplicates": (0, 0.1)}, id="as data"
        ),
        pytest.param(
            points(1).expand(64, -1), {"diversity": (0, 0), "duplicates": (1, 1)}, id="one"
        ),
        pytest.param(points(4).repeat(16, 1), {"duplicates": (1, 1), "nearest": (0, 0)}, id="four"),
        pytest.param(points(64, scale=9.0), {"diversity": (8, 10), "coverage": (0, 0.5)}, id="far"),
        pytest.param(points(64), {"diversity": (1, 1), "coverage": (1, 1)}, id="copies of reals"),
    ],
)
def test_what_fakes_are_like_shows(fakes, expected):
    found = signals.compare(points(64), fakes)
    for name, (low, high) in expected.items():
        assert low - 1e-6 <= float(found[name]) <= high + 1e-6, name


def test_reals_that_are_all_the_same_do_no_harm():
    same = torch.ones(32, 5)
    for value in signals.compare(same, points(32, 5)).values():
        assert value.isfinite()


@pytest.mark.parametrize(
    "again",
    [
        pytest.param([0], id="one twice"),
        pytest.param([*range(40)], id="each twice"),
        pytest.param([*range(40)] * 3, id="each four times"),
        pytest.param([7] * 60, id="one many times"),
    ],
)
def test_equal_reals_count_once(again):
    """Long ones, of which a matrix product would tell equals apart."""
    distinct, fakes = points(40, 3000), points(40, 3000, seed=1, scale=0.9)
    fakes[20:] = fakes[:20]
    once = signals.compare(distinct, fakes)
    several = signals.compare(torch.cat([distinct, distinct[again]]), fakes)
    for name, value in once.items():
        assert float(several[name]) == pytest.approx(float(value), rel=1e-4), name
    assert float(several["duplicates"]) == 1


@pytest.mark.parametrize(
    ("labels", "expected"), [([0, 1, 2, 3], 1.0), ([0, 0, 1, 1], 0.5), ([2, 2, 2, 2], 0.25)]
)
def test_classes_are_those_of_the_nearest_reals(labels, expected):
    centres = 10 * torch.eye(4)
    of_reals = torch.arange(64) % 4
    reals = centres[of_reals] + points(64, 4, scale=0.1)
    fakes = centres[torch.tensor(labels).repeat(16)] + points(64, 4, seed=2, scale=0.1)
    assert float(signals.classes_covered(reals, of_reals, fakes, 4)) == expected


def test_classes_that_the_reals_lack_are_not_missed():
    reals = torch.tensor([[0.0], [1.0]])
    assert float(signals.classes_covered(reals, torch.tensor([0, 1]), reals, 7)) == 1


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [([2, 3], [0, 1], 1), ([0, 1], [2, 3], 0), ([1, 1], [1, 1], 0.5), ([0, 2], [1, 1], 0.5)],
)
def test_separation_is_a_probability_of_ranks(real, fake, expected):
    logits = torch.tensor(real).float(), torch.tensor(fake).float()
    assert float(signals.separation(*logits)) == expected


@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-5, 5))
def test_separation_is_the_same_under_any_scale_of_logits(seed, scale, shift):
    real, fake = (
        points(20, 1, seed=seed).double()[:, 0],
        points(30, 1, seed=seed + 1).double()[:, 0],
    )
    moved = signals.separation(scale * real + shift, scale * fake + shift)
    assert float(moved) == pytest.approx(float(signals.separation(real, fake)))


@pytest.mark.parametrize(
    ("held_out", "expected"), [(4.0, 0.0), (2.0, 0.5), (0.0, 1.0), (9.0, -1.0), (-9.0, 2.0)]
)
def test_overfitting_is_the_way_of_held_out_reals_to_fakes(held_out, expected):
    found = signals.overfit(torch.full((9,), 4.0), torch.full((9,), held_out), torch.zeros(9))
    assert float(found) == pytest.approx(expected)


def test_a_blind_discriminator_does_not_overfit():
    verdicts = (points(200, 1, seed=seed)[:, 0] for seed in range(3))
    assert abs(float(signals.overfit(*verdicts))) < 0.4


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([[0, 0], [1, 0], [2, 0]], 1.0),
        ([[0, 0], [1, 0], [1, 1]], 2**-0.5),
        ([[0, 0], [1, 0], [0, 0]], 0.0),
        ([[0, 0], [0, 0], [0, 0]], 0.0),
    ],
)
def test_straightness(places, expected):
    places = [torch.tensor(place).float() for place in places]
    assert float(signals.straightness(places)) == pytest.approx(expected)


def test_drift_is_measured_by_the_spread_of_reals():
    reals = points(64)
    moved = float(signals.drift(points(8), points(8) + torch.tensor([1.0, 0, 0]), 10 * reals))
    assert moved == pytest.approx(1 / (10 * float(torch.cdist(reals, reals).mean())), rel=1e-4)


@pytest.mark.parametrize(
    ("shape", "length"), [((3, 28, 28), 2352), ((3, 64, 128), 3072), ((2,), 2), ((1, 8, 64), 256)]
)
def test_large_images_are_averaged(shape, length):
    assert signals.flattened(torch.ones(4, *shape)).shape == (4, length)
