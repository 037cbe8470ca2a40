"""Batches by their position in a run."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.data.cache import Store
from ganzoo.data.fields import IMAGE, VECTOR, Field
from ganzoo.data.loader import EpochOrder, Loader
from ganzoo.errors import DataError
from ganzoo.randomness import Draws, seed_for

CPU = torch.device("cpu")


@settings(deadline=None)
@given(length=st.integers(1, 60), seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 10**6))
def test_every_epoch_is_a_permutation(length, seed, epoch):
    order = EpochOrder(length, seed)
    numbers = order[epoch * length : (epoch + 1) * length]
    assert sorted(numbers.tolist()) == list(range(length))


@settings(deadline=None)
@given(
    length=st.integers(1, 20),
    seed=st.integers(0, 100),
    cuts=st.lists(st.tuples(st.integers(0, 99), st.integers(1, 60)), min_size=1, max_size=10),
)
def test_slices_in_any_order_agree_with_the_whole(length, seed, cuts):
    whole = EpochOrder(length, seed)[0:160]
    order = EpochOrder(length, seed)
    for start, count in cuts:
        assert order[start : start + count].equal(whole[start : start + count])


def test_epochs_and_seeds_differ():
    order = EpochOrder(100, 0)
    parts = [order[0:100], order[100:200], order[200:300], EpochOrder(100, 1)[0:100]]
    assert len({tuple(part.tolist()) for part in parts}) == 4


def test_the_order_leaves_the_global_state_alone():
    state = torch.get_rng_state()
    _ = EpochOrder(10, 0)[0:30]
    assert torch.get_rng_state().equal(state)


def images(count=12, channels=1, side=4):
    numbers = np.random.default_rng(0).integers(256, size=(count, side, side, channels))
    return Store(numbers.astype(np.uint8), np.arange(count) % 3)


def vectors(count=12):
    points = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    return Store(points, np.zeros(count, dtype=np.int64))


def field(store, name="sample", group=None, side=None, **facts):
    shape = store.samples.shape[1:]
    if len(shape) == 3:
        sides = (side, side) if side else shape[:2]
        return Field(name, IMAGE, (shape[2], *sides), group or name)
    facts = facts or {"shift": (0.0,) * shape[0], "scale": (1.0,) * shape[0]}
    return Field(name, VECTOR, shape, group or name, **facts)


def loaded(store, *, seed=0, device=CPU, shift=(), scale=(), **options):
    facts = {"shift": shift, "scale": scale} if scale else {}
    fields = {"sample": field(store, **facts)}
    return Loader({"sample": store}, fields, seed=seed, device=device, **options)


def draws(size=6, rows=slice(None), **options):
    return Draws((0, "test"), size, rows, **options)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_bytes_become_numbers_from_minus_one_to_one(dtype):
    values = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    store = Store(values, np.arange(256))
    batch = loaded(store, dtype=dtype).batch(0, draws(256, dtype=dtype))
    expected = batch["label"].to(dtype) / 127.5 - 1  # the label tells which byte it was
    assert batch["sample"].dtype == dtype
    assert batch["sample"].flatten().equal(expected)
    assert (batch["sample"].min(), batch["sample"].max()) == (-1, 1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("channels_last", [True, False], ids=["channels last", "channels first"])
@pytest.mark.parametrize("flip", [True, False], ids=["flip", "no flip"])
def test_images_keep_their_pixels_in_either_layout(channels, channels_last, flip):
    store = images(channels=channels)
    loader = loaded(store, seed=3, channels_last=channels_last, flip=flip)
    batch = loader.batch(0, draws())
    layout = torch.channels_last if channels_last else torch.contiguous_format
    assert batch["sample"].shape == (6, channels, 4, 4)
    assert batch["sample"].is_contiguous(memory_format=layout)
    if not flip:
        original = torch.from_numpy(store.samples)[loader.groups["sample"].order[0:6]].permute(
            0, 3, 1, 2
        )
        assert (batch["sample"] * 127.5 + 127.5).round().equal(original.float())


def test_samples_come_with_their_own_labels():
    loader = loaded(images())
    batch = loader.batch(7, draws())
    assert batch["label"].tolist() == (loader.groups["sample"].order[7:13] % 3).tolist()
    assert batch["label"].dtype == torch.int64


def test_vectors_are_shifted_and_scaled():
    store = vectors()
    loader = loaded(store, shift=(1.0, 2.0), scale=(0.5, 4.0))
    original = torch.from_numpy(store.samples)[loader.groups["sample"].order[0:6]]
    expected = (original - torch.tensor([1.0, 2.0])) / torch.tensor([0.5, 4.0])
    assert loader.batch(0, draws())["sample"].equal(expected)


def test_about_half_of_the_images_are_mirrored_each_as_a_whole():
    store = images(400)
    plain = loaded(store).batch(0, draws(400))["sample"]
    flipped = loaded(store, flip=True).batch(0, draws(400))["sample"]
    mirrored = (flipped == plain.flip(-1)).flatten(1).all(1)
    assert (mirrored | (flipped == plain).flatten(1).all(1)).all()
    assert 150 < mirrored.sum() < 250


def test_dequantizing_adds_noise_from_zero_to_its_width():
    store = images(200)
    plain = loaded(store).batch(0, draws(200))["sample"]
    noisy = loaded(store, dequantize=1 / 128).batch(0, draws(200))["sample"]
    noise = (noisy - plain) * 128
    assert -1e-4 < noise.min() < 0.01
    assert 0.99 < noise.max() < 1 + 1e-4
    assert noise.mean() == pytest.approx(0.5, abs=0.02)
    assert noise.std() == pytest.approx(12**-0.5, abs=0.02)


def test_the_store_is_not_changed_by_reading_it():
    store = vectors()
    before = store.samples.copy()
    loader = loaded(store, shift=(1.0, 1.0), scale=(2.0, 2.0), dequantize=0.5)
    loader.batch(0, draws())
    assert (store.samples == before).all()


@settings(deadline=None)
@given(
    position=st.integers(0, 50),
    size=st.integers(1, 24),
    data=st.data(),
    kind=st.sampled_from(["images", "vectors"]),
)
def test_rows_of_a_batch_are_the_slices_of_the_whole(position, size, data, kind):
    """Processes and accumulated parts see what one process would."""
    options = {"dequantize": 0.1, "seed": 5}
    if kind == "images":
        loader = loaded(images(), flip=True, **options)
    else:
        loader = loaded(vectors(), shift=(0.0, 1.0), scale=(1.0, 2.0), **options)
    cut = data.draw(st.integers(0, size))
    whole = loader.batch(position, draws(size))
    parts = [loader.batch(position, draws(size, rows)) for rows in (slice(cut), slice(cut, None))]
    for name in ("sample", "label"):
        assert torch.cat([part[name] for part in parts]).equal(whole[name])


def test_labels_are_drawn_as_often_as_the_data_has_them():
    store = Store(np.zeros((10, 1, 1, 1), np.uint8), np.array([0] * 7 + [2] * 3))
    labels = loaded(store).draw_labels(draws(4000))
    assert labels.dtype == torch.int64
    assert labels.bincount().div(4000).tolist() == pytest.approx([0.7, 0, 0.3], abs=0.03)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("layout", [True, False], ids=["channels last", "channels first"])
def test_batches_on_cuda_are_those_of_the_cpu(layout):
    device = torch.device("cuda")
    here, there = (
        loaded(images(), seed=1, device=place, channels_last=layout).batch(3, draws(device=place))
        for place in (CPU, device)
    )
    assert there["sample"].device.type == there["label"].device.type == "cuda"
    assert there["sample"].cpu().equal(here["sample"])
    assert there["label"].cpu().equal(here["label"])
    labels = loaded(images(), seed=1, device=device).draw_labels(draws(device=device))
    assert labels.device.type == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_groups_on_cuda_are_those_of_the_cpu():
    stores = {"source": images(channels=3, side=6), "target": images(side=6)}
    fields = {name: field(store, name, "pair", 4) for name, store in stores.items()}
    numbers = torch.arange(12)
    here, there = (
        Loader(stores, fields, seed=0, device=torch.device(place)).gather(numbers)
        for place in ("cpu", "cuda")
    )
    for name in fields:
        assert there[name].cpu().equal(here[name])
    loader = Loader(stores, fields, seed=0, device=torch.device("cuda"), flip=True)
    batch = loader.batch(0, draws(6, device="cuda"))
    assert {values.device.type for values in batch.values()} == {"cuda"}
    assert batch["source"].shape == (6, 3, 4, 4)


# --- the bytes of one field --------------------------------------------------------------------


def plain_batch(
    store, position, draws, *, seed, flip, dequantize, channels_last, holdout, shift, scale
):
    """A batch of one field, written down once more: what training computes must not change."""
    count = len(store.samples)
    mixed = torch.randperm(count, generator=torch.Generator().manual_seed(seed_for("holdout")))
    there = mixed[holdout:].sort().values
    numbers = []
    for place in range(count * 3):
        epoch, offset = divmod(place, len(there))
        source = torch.Generator().manual_seed(seed_for(seed, "order", epoch))
        numbers.append(there[torch.randperm(len(there), generator=source)[offset]])
    numbers = torch.stack(numbers)[position : position + draws.size][draws.rows]
    sample = torch.from_numpy(store.samples)[numbers]
    if store.samples.dtype == np.uint8:
        sample = sample.to(draws.dtype).div_(127.5).sub_(1).permute(0, 3, 1, 2)
        sample = sample if channels_last else sample.contiguous()
    else:
        shift, scale = (torch.tensor(numbers, dtype=draws.dtype) for numbers in (shift, scale))
        sample = sample.to(draws.dtype).sub_(shift).div_(scale)
    if flip:
        sample = torch.where(draws.uniform("flip", 1, 1, 1) < 0.5, sample.flip(-1), sample)
    if dequantize:
        noise = draws.uniform("dequantize", *sample.shape[1:])
        sample = sample.add_(noise, alpha=dequantize)
    return {"sample": sample, "label": torch.from_numpy(store.labels)[numbers]}


@pytest.mark.parametrize("holdout", [0, 5])
@pytest.mark.parametrize("dequantize", [0.0, 0.1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("kind", ["grey", "colour, channels first", "mirrored", "vectors"])
def test_the_bytes_of_a_batch_of_one_field_never_change(kind, dtype, dequantize, holdout):
    options = {
        "flip": kind == "mirrored",
        "dequantize": dequantize,
        "holdout": holdout,
        "channels_last": "first" not in kind,
        "seed": 3,
        "shift": (0.5, -1.0) if kind == "vectors" else (),
        "scale": (0.3, 1.7) if kind == "vectors" else (),
    }
    store = vectors() if kind == "vectors" else images(channels=1 if kind == "grey" else 3)
    loader = loaded(store, dtype=dtype, **options)
    for position, rows in ((0, slice(None)), (4, slice(2, 5)), (19, slice(None))):
        random = draws(6, rows, dtype=dtype)
        found, expected = (
            loader.batch(position, random),
            plain_batch(store, position, random, **options),
        )
        assert found.keys() == expected.keys()
        for name, values in found.items():
            assert values.stride() == expected[name].stride()
            assert values.equal(expected[name])


# --- groups ------------------------------------------------------------------------------------


def numbered(count, side=6, gaps=(), channels=1):
    """Images of their own numbers and places: grey is 16 x number + column, label the number."""
    numbers = np.delete(np.arange(count), gaps)
    pixels = 16 * numbers[:, None, None, None] + np.arange(side)[None, None, :, None]
    pixels = np.broadcast_to(pixels, (len(numbers), side, side, channels))
    causes = tuple(f"{gap} is broken" for gap in gaps)
    return Store(pixels.astype(np.uint8), numbers, causes, gaps=tuple(gaps))


def grey(values):
    """Numbers and columns of `numbered` images in a batch."""
    pixels = (values[:, 0, 0] * 127.5 + 127.5).round().long()
    return pixels // 16, pixels % 16


def paired(one, other, side=None, **options):
    stores = {"source": one, "target": other}
    fields = {name: field(store, name, "pair", side) for name, store in stores.items()}
    return Loader(stores, fields, device=CPU, **{"seed": 0, **options})


def test_fields_of_a_group_keep_together_where_one_half_cannot_be_read():
    loader = paired(numbered(12, gaps=(3, 7)), numbered(12, gaps=(0, 7), channels=3))
    batch = loader.batch(0, draws(9))
    (source, _), (target, _) = grey(batch["source"]), grey(batch["target"])
    assert source.equal(target)
    assert sorted(source[:, 0].tolist()) == [1, 2, 4, 5, 6, 8, 9, 10, 11]
    assert batch.keys() == {"source", "target"}
    assert batch["target"].shape == (9, 3, 6, 6)


def test_fields_of_a_group_are_cropped_and_mirrored_together():
    loader = paired(numbered(12), numbered(12), side=4, flip=True)
    seen = set()
    for step in range(20):
        batch = loader.batch(12 * step, Draws((step,), 12))
        assert batch["source"].equal(batch["target"])
        _, columns = grey(batch["source"])
        for row in columns.tolist():
            start, mirrored = min(row), row[0] > row[-1]
            assert row == list(range(start, start + 4))[:: -1 if mirrored else 1]
            seen.add((start, mirrored))
    assert seen == {(start, mirrored) for start in range(3) for mirrored in (False, True)}


def test_a_crop_is_one_of_all_places_and_of_both_axes():
    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1).repeat(200, axis=0)
    store = Store(pixels, np.zeros(200, np.int64))
    loader = Loader({"a": store}, {"a": field(store, "a", side=6)}, seed=0, device=CPU)
    corners = (loader.batch(0, draws(200))["a"][:, 0, 0, 0] * 127.5 + 127.5).round()
    assert corners.unique().tolist() == [
        8 * row + column for row in range(3) for column in range(3)
    ]
    middle = loader.gather(torch.arange(3))["a"]
    assert middle.shape == (3, 1, 6, 6)
    assert ((middle * 127.5 + 127.5).round() == torch.from_numpy(pixels[0, 1:7, 1:7, 0])).all()


def test_each_group_has_an_order_of_its_own_and_an_epoch_is_the_longest():
    stores = {"a": numbered(4), "b": numbered(12)}
    fields = {name: field(store, name) for name, store in stores.items()}
    loader = Loader(stores, fields, seed=0, device=CPU)
    batches = [loader.batch(position, draws(12)) for position in (0, 12)]
    for batch in batches:
        a, b = (grey(batch[name])[0][:, 0] for name in "ab")
        assert sorted(b.tolist()) == list(range(12))
        assert all(sorted(a[start : start + 4].tolist()) == [0, 1, 2, 3] for start in (0, 4, 8))
    same = {name: numbered(12) for name in "ab"}
    fields = {name: field(store, name) for name, store in same.items()}
    batch = Loader(same, fields, seed=0, device=CPU, flip=True).batch(0, draws(12))
    assert not grey(batch["a"])[0].equal(grey(batch["b"])[0])


def test_every_group_holds_some_of_its_own_out():
    stores = {"a": numbered(5), "b": numbered(12)}
    fields = {name: field(store, name) for name, store in stores.items()}
    loader = Loader(stores, fields, seed=0, device=CPU, holdout=3)
    assert [len(group.held_out) for group in loader.groups.values()] == [3, 3]
    for name, group in loader.groups.items():
        numbers = grey(loader.gather(group.held_out, name)[name])[0][:, 0]
        assert numbers.equal(group.held_out)
        seen = grey(loader.batch(0, draws(24))[name])[0]
        assert not {*seen.flatten().tolist()} & {*numbers.tolist()}
    assert loader.held_out.equal(loader.groups["a"].held_out)
    with pytest.raises(DataError, match="cannot hold out 5 samples of the 5 that can be read"):
        Loader(stores, fields, seed=0, device=CPU, holdout=5)


@settings(deadline=None)
@given(position=st.integers(0, 50), size=st.integers(1, 24), data=st.data())
def test_rows_of_groups_are_the_slices_of_the_whole(position, size, data):
    stores = {"source": numbered(9), "target": numbered(9), "noise": vectors(5)}
    fields = {
        "source": field(stores["source"], "source", "pair", 4),
        "target": field(stores["target"], "target", "pair", 4),
        "noise": field(stores["noise"], "noise"),
    }
    loader = Loader(stores, fields, seed=1, device=CPU, flip=True, dequantize=0.1)
    cut = data.draw(st.integers(0, size))
    whole = loader.batch(position, draws(size))
    parts = [loader.batch(position, draws(size, rows)) for rows in (slice(cut), slice(cut, None))]
    for name in fields:
        assert torch.cat([part[name] for part in parts]).equal(whole[name])
