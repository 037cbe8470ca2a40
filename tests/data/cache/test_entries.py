"""Listing what is cached, and taking it away."""

import gc
import os
import time

import pytest

from ganzoo.data.cache import open_store
from ganzoo.data.cache.entries import entries, entry_named, evict
from ganzoo.errors import RequestError
from tests.data.cache.noise import Noise, expected


def fill(cache):
    """Make one of each."""
    open_store(Noise(3), Noise.shape, name="noise")
    gc.collect()
    for path in (
        "data/old/samples.npy",
        "data/.writing-x/samples.npy",
        "data/.y.unfinished/samples.npy",
        "data/.z.lock",
        "statistics/some.safetensors",
        "extractors/own.pth",
        "torchvision/MNIST/raw/train",
    ):
        (cache / path).parent.mkdir(parents=True, exist_ok=True)
        (cache / path).write_bytes(bytes(100))
    (cache / "a-file").write_text("not of ours")


def test_an_empty_cache_has_nothing():
    assert entries() == []


def test_all_kinds_are_listed_with_what_they_are(cache):
    fill(cache)
    found = {entry.what or entry.name: entry for entry in entries()}
    assert {(w, e.state, e.made_again) for w, e in found.items()} == {
        ("noise, 3x12x12, 3", "finished", True),
        ("a store of another version", "old", True),
        ("a store that is not finished", "unfinished", True),
        ("what an extractor saw", "finished", True),
        ("weights of an extractor", "finished", False),
        ("files of torchvision", "finished", False),
    }
    assert len(entries()) == 7
    assert found["files of torchvision"].size == 100
    folder = found["noise, 3x12x12, 3"].path
    assert found["noise, 3x12x12, 3"].size == sum(p.stat().st_size for p in folder.iterdir())


def test_opening_a_store_is_using_it(cache):
    fill(cache)
    (meta,) = (cache / "data").glob("*/meta.json")
    os.utime(meta, (0, 0))
    (store,) = (entry for entry in entries() if entry.used == 0)
    open_store(Noise(3), Noise.shape)
    assert entry_named(store.name).used > 0


def test_everything_can_be_taken_away(cache):
    fill(cache)
    for entry in entries():
        evict(entry)
    assert entries() == []
    assert (cache / "a-file").is_file()


def test_what_is_open_stays_until_it_is_let_go(cache):
    store = open_store(Noise(3), Noise.shape)
    (entry,) = entries()
    view = store.samples[1:]
    del store
    gc.collect()
    with pytest.raises(RequestError, match="in use by another process and is kept"):
        evict(entry)
    del view
    gc.collect()
    evict(entry)
    assert entries() == []
    assert (open_store(Noise(3), Noise.shape).samples == expected(range(3))[0]).all()


def test_what_is_being_decoded_stays(cache, start):
    process = start({"count": 400, "delay": 0.01}, processes=1)
    while not (found := entries()):
        assert process.poll() is None
        time.sleep(0.05)
    with pytest.raises(RequestError, match="in use"):
        evict(found[0])


@pytest.mark.parametrize(
    ("name", "found"), [("data/old", "data/old"), ("stat", "statistics/some.safetensors")]
)
def test_names_and_their_beginnings(name, found, cache):
    fill(cache)
    assert entry_named(name).name == found
