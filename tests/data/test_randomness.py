"""Random numbers that belong to a position."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.randomness import Draws, isolated, seed_for

KINDS = {
    "normal": lambda draws: draws.normal("x", 3),
    "uniform": lambda draws: draws.uniform("x", 3),
    "integers": lambda draws: draws.integers("x", 1000),
    "normal latents": lambda draws: draws.latents("x", 3, "normal"),
    "uniform latents": lambda draws: draws.latents("x", 3, "uniform"),
}
kinds = pytest.mark.parametrize("draw", KINDS.values(), ids=KINDS.keys())


def test_a_seed_is_the_same_in_every_process_and_has_63_bits():
    assert seed_for(0, 1, "generator", 0) == seed_for(0, 1, "generator", 0)
    script = "from ganzoo.randomness import seed_for; print(seed_for(7, 'a'))"
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert int(printed) == seed_for(7, "a")
    assert 0 <= seed_for("any", 3) < 2**63


@settings(deadline=None)
@given(st.lists(st.integers() | st.text(), max_size=4), st.lists(st.integers() | st.text()))
def test_other_places_have_other_seeds(one, other):
    assert (seed_for(*one) == seed_for(*other)) == (one == other)


@kinds
def test_rows_are_slices_of_the_whole(draw):
    whole = draw(Draws((1,), 11))
    for rows in (slice(3), slice(3, 7), slice(7, None)):
        assert draw(Draws((1,), 11, rows)).equal(whole[rows])


@kinds
def test_numbers_depend_on_the_place_alone(draw):
    numbers = draw(Draws((1, 2, "generator"), 40))
    torch.manual_seed(5)
    assert draw(Draws((1, 2, "generator"), 40)).equal(numbers)
    for place in ((2, 2, "generator"), (1, 3, "generator"), (1, 2, "discriminator")):
        assert not draw(Draws(place, 40)).equal(numbers)


def test_what_else_was_drawn_before_does_not_matter():
    draws = Draws((1,), 5)
    draws.normal("other", 7)
    assert draws.normal("x", 3).equal(Draws((1,), 5).normal("x", 3))
    assert not draws.normal("y", 3).equal(draws.normal("x", 3))


@kinds
def test_another_precision_has_the_same_numbers(draw):
    double = draw(Draws((1,), 8, dtype=torch.float64))
    assert double.dtype in (torch.float64, torch.int64)
    assert double.float().allclose(draw(Draws((1,), 8)).float())


def test_a_number_for_once_is_the_same_in_all_parts():
    whole = Draws((7, 3, "d"), 8)
    parts = [Draws((7, 3, "d"), 8, slice(first, first + 2)) for first in (0, 2, 4, 6)]
    numbers = [draws.once("mixing") for draws in (whole, *parts)]
    assert numbers[0].shape == ()
    assert all(number.equal(numbers[0]) for number in numbers)
    assert not whole.once("other").equal(numbers[0])


def test_distributions():
    draws = Draws((1,), 20_000)
    normal, uniform = draws.normal("x", 1), draws.uniform("x", 1)
    assert normal.mean() == pytest.approx(0, abs=0.03)
    assert normal.std() == pytest.approx(1, abs=0.03)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=0.02)
    latents = draws.latents("x", 1, "uniform")
    assert -1 <= latents.min() < -0.99
    assert 0.99 < latents.max() <= 1
    assert draws.integers("x", 3).bincount().div(20_000).tolist() == pytest.approx(
        [1 / 3] * 3, abs=0.02
    )


def test_the_global_state_is_kept_and_seeded_inside():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with isolated(torch.device("cpu"), 42):
        inside = torch.rand(3)
        with isolated(torch.device("cpu")):
            torch.rand(9)
    assert torch.get_rng_state().equal(before)
    with isolated(torch.device("cpu"), 42):
        assert torch.rand(3).equal(inside)
    with pytest.raises(ZeroDivisionError), isolated(torch.device("cpu"), 3):
        _ = 1 / 0
    assert torch.get_rng_state().equal(before)


def test_without_a_seed_numbers_go_on_from_the_global_state():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    with isolated(torch.device("cpu")):
        assert torch.rand(3).equal(expected)


def test_seeding_the_cpu_leaves_every_gpu_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("was seeded"))
    with isolated(torch.device("cpu"), 42):
        torch.rand(1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_state_of_a_gpu_is_kept_and_seeded_inside():
    device = torch.device("cuda")
    torch.manual_seed(1)
    before = torch.cuda.get_rng_state(), torch.get_rng_state()
    inside = []
    for _ in range(2):
        with isolated(device, 42):
            inside.append(torch.rand(3, device=device))
    assert inside[0].equal(inside[1])
    assert torch.cuda.get_rng_state().equal(before[0])
    assert torch.get_rng_state().equal(before[1])
