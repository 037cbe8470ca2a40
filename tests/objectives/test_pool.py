"""Earlier fakes that a critic sees again."""

import pytest
import torch

from ganzoo.objectives.pool import Pool
from ganzoo.randomness import Draws

SHAPE = (1, 2, 2)


def batches(count, size):
    """Return batches of fakes, each of one number of its own."""
    numbers = torch.arange(count * size, dtype=torch.float32).view(count, size, 1, 1, 1)
    return [
        (batch.expand(size, *SHAPE), Draws(("pool", index), size))
        for index, batch in enumerate(numbers)
    ]


def one_by_one(kept, size, fakes, draws):
    """Do what the pool does, sample by sample, with a list."""
    swaps, slots = draws.uniform("pool exchange"), draws.integers("pool slot", size)
    shown = []
    for fake, swap, slot in zip(fakes, swaps, slots, strict=True):
        if len(kept) < size:
            kept.append(fake)
            shown.append(fake)
        elif swap < 0.5:
            shown.append(kept[slot])
            kept[slot] = fake
        else:
            shown.append(fake)
    return torch.stack(shown)


@pytest.mark.parametrize(
    ("size", "batch"), [(1, 1), (1, 8), (3, 1), (3, 2), (4, 7), (50, 16), (5, 5)], ids=str
)
def test_samples_take_turns(size, batch):
    pool, kept = Pool(size), []
    for fakes, draws in batches(40, batch):
        assert pool.shown(fakes, draws).equal(one_by_one(kept, size, fakes, draws))
        assert pool.state()["pool"].equal(torch.stack(kept))


def test_half_of_what_a_full_pool_shows_is_older():
    pool, older = Pool(10), 0
    for fakes, draws in batches(200, 8):
        older += (pool.shown(fakes, draws) != fakes)[:, 0, 0, 0].sum().item()
    assert 0.45 < older / 1600 < 0.55


def test_a_pool_of_no_size_shows_the_fakes_themselves():
    [(fakes, draws)] = batches(1, 4)
    pool = Pool(0)
    assert pool.shown(fakes, draws) is fakes
    assert pool.state() == {}


@pytest.mark.parametrize("before", [0, 1, 2, 20], ids="after {} batches".format)
def test_a_pool_goes_on_from_its_state(before):
    whole, first = Pool(5), Pool(5)
    for fakes, draws in batches(before, 3):
        whole.shown(fakes, draws)
        first.shown(fakes, draws)
    second = Pool(5)
    second.load_state(first.state(), torch.device("cpu"))
    for fakes, draws in batches(before + 10, 3)[before:]:
        assert second.shown(fakes, draws).equal(whole.shown(fakes, draws))


def test_a_pool_of_another_size_begins_empty():
    pool, smaller = Pool(5), Pool(2)
    for fakes, draws in batches(4, 3):
        pool.shown(fakes, draws)
    smaller.load_state(pool.state(), torch.device("cpu"))
    assert smaller.state() == {}
