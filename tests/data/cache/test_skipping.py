"""Samples that cannot be read, and are skipped where that is allowed."""

import numpy as np
import pytest
import torch

from ganzoo import register, registry, train
from ganzoo.config import DataConfig
from ganzoo.data.cache import making, open_store, skip_note
from ganzoo.data.loader import Loader
from ganzoo.errors import DataError
from ganzoo.spec import DatasetSpec
from tests.data.cache.noise import Noise, content, expected, reads


@pytest.mark.parametrize(("processes", "block"), [(1, 1000), (1, 10**6)])
@pytest.mark.parametrize(
    "bad",
    [{0}, {39}, {7, 8}, {0, 1, 2, 38, 39}, set(range(0, 40, 2)), set(range(39))],
    ids=["first", "last", "where chunks meet", "both ends", "every other", "all but one"],
)
def test_the_store_holds_the_good_ones(
    bad, processes, block, small_chunks, cache, tmp_path, monkeypatch
):
    monkeypatch.setattr(making, "COPIED_AT_ONCE", block)
    store = open_store(Noise(40, bad=bad, max_bad=1.0), Noise.shape, processes=processes)
    samples, labels = expected([i for i in range(40) if i not in bad])
    assert (store.samples == samples).all()
    assert (store.labels == labels).all()
    assert store.skipped == tuple(f"{i}.png: broken" for i in sorted(bad))
    np.save(tmp_path / "samples.npy", samples)
    assert content(cache)["samples.npy"] == (tmp_path / "samples.npy").read_bytes()


@pytest.mark.parametrize(
    ("bad", "max_bad", "allowed"),
    [
        (0, 0.0, True),
        (1, 0.0, False),
        (1, 0.05, True),
        (1, 0.04, False),
        (2, 0.1, True),
        (3, 0.1, False),
        (19, 1.0, True),
        (20, 1.0, False),
    ],
)
def test_how_many_may_be_skipped(bad, max_bad, allowed, cache):
    source = Noise(20, bad=range(bad), max_bad=max_bad)
    if allowed:
        assert len(open_store(source, source.shape).samples) == 20 - bad
        return
    told = rf"{bad} of 20 images cannot be read: 0\.png: broken.*max_bad.* is {max_bad:g}\)"
    with pytest.raises(DataError, match=told):
        open_store(source, source.shape)
    assert list((cache / "data").iterdir()) == []


def test_a_store_with_gaps_is_not_opened_where_none_are_allowed():
    open_store(Noise(20, bad={3}, max_bad=0.1), Noise.shape)
    with pytest.raises(DataError, match=r"1 of 20 images cannot be read: 3\.png"):
        open_store(Noise(20), Noise.shape)
    assert len(open_store(Noise(20, max_bad=0.1), Noise.shape).samples) == 19


def test_other_samples_have_another_identity(cache, tmp_path, monkeypatch):
    identities = set()
    for number, bad in enumerate(((), (3,), (4,))):
        monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / str(number)))
        source = Noise(20, bad=bad, max_bad=0.5)
        identities.add(open_store(source, source.shape).identity)
    for name, value in (("fit", "pad"), ("background", "#000000")):
        setattr(source, name, value)
        identities.add(open_store(source, source.shape).identity)
    assert len(identities) == 5
    assert open_store(source, source.shape).identity in identities


def test_a_kill_while_rows_move_does_no_harm(cache, tmp_path, monkeypatch):
    source = Noise(40, log=str(tmp_path / "log"), bad={3}, max_bad=0.1)

    def killed(*arguments, **options):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(making.json, "dump", killed)
        with pytest.raises(SystemExit):
            open_store(source, source.shape)
    store = open_store(source, source.shape)
    assert (store.samples == expected([i for i in range(40) if i != 3])[0]).all()
    assert reads(tmp_path / "log")[0] == sorted([*range(40), *range(40)])


def test_a_loader_counts_what_is_there():
    store = open_store(Noise(20, bad={3, 5}, max_bad=0.1), Noise.shape)
    stores, fields = {"sample": store}, Noise(20).fields
    loader = Loader(stores, fields, seed=0, device=torch.device("cpu"), holdout=17)
    assert len(loader.trained_on) == 1
    with pytest.raises(DataError, match="cannot hold out 18 samples of the 18 that can be read"):
        Loader(stores, fields, seed=0, device=torch.device("cpu"), holdout=18)


def test_training_tells_what_is_skipped(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(registry, "_local", dict(registry._local))
    source = Noise(20, bad={3}, max_bad=0.1)
    register(DatasetSpec("gaps", "Noise.", DataConfig, factory=lambda config: source))
    train(architecture="vanilla", data="gaps", steps=1, out=tmp_path / "run")
    assert "note: 1 sample cannot be read and is skipped: 3.png: broken\n" in (
        capfd.readouterr().err
    )


@pytest.mark.parametrize(
    ("count", "note"),
    [
        (0, []),
        (1, ["1 sample cannot be read and is skipped: 0"]),
        (7, ["7 samples cannot be read and are skipped: 0, 1, 2, 3, 4 and 2 more"]),
    ],
)
def test_the_note_names_the_first_few(count, note):
    assert skip_note(tuple(map(str, range(count)))) == note
