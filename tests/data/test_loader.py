"""Batches by their position in a run."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.data.cache import Store
from ganzoo.data.loader import EpochOrder, Loader
from ganzoo.randomness import Draws

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


def draws(size=6, rows=slice(None), **options):
    return Draws((0, "test"), size, rows, **options)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_bytes_become_numbers_from_minus_one_to_one(dtype):
    values = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    store = Store(values, np.arange(256))
    batch = Loader(store, seed=0, device=CPU, dtype=dtype).batch(0, draws(256, dtype=dtype))
    expected = batch["label"].to(dtype) / 127.5 - 1  # the label tells which byte it was
    assert batch["sample"].dtype == dtype
    assert batch["sample"].flatten().equal(expected)
    assert (batch["sample"].min(), batch["sample"].max()) == (-1, 1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("channels_last", [True, False], ids=["channels last", "channels first"])
@pytest.mark.parametrize("flip", [True, False], ids=["flip", "no flip"])
def test_images_keep_their_pixels_in_either_layout(channels, channels_last, flip):
    store = images(channels=channels)
    loader = Loader(store, seed=3, device=CPU, channels_last=channels_last, flip=flip)
    batch = loader.batch(0, draws())
    layout = torch.channels_last if channels_last else torch.contiguous_format
    assert batch["sample"].shape == (6, channels, 4, 4)
    assert batch["sample"].is_contiguous(memory_format=layout)
    if not flip:
        original = torch.from_numpy(store.samples)[loader.order[0:6]].permute(0, 3, 1, 2)
        assert (batch["sample"] * 127.5 + 127.5).round().equal(original.float())


def test_samples_come_with_their_own_labels():
    loader = Loader(images(), seed=0, device=CPU)
    batch = loader.batch(7, draws())
    assert batch["label"].tolist() == (loader.order[7:13] % 3).tolist()
    assert batch["label"].dtype == torch.int64


def test_vectors_are_shifted_and_scaled():
    store = vectors()
    loader = Loader(store, seed=0, device=CPU, shift=(1.0, 2.0), scale=(0.5, 4.0))
    original = torch.from_numpy(store.samples)[loader.order[0:6]]
    expected = (original - torch.tensor([1.0, 2.0])) / torch.tensor([0.5, 4.0])
    assert loader.batch(0, draws())["sample"].equal(expected)


def test_about_half_of_the_images_are_mirrored_each_as_a_whole():
    store = images(400)
    plain = Loader(store, seed=0, device=CPU).batch(0, draws(400))["sample"]
    flipped = Loader(store, seed=0, device=CPU, flip=True).batch(0, draws(400))["sample"]
    mirrored = (flipped == plain.flip(-1)).flatten(1).all(1)
    assert (mirrored | (flipped == plain).flatten(1).all(1)).all()
    assert 150 < mirrored.sum() < 250


def test_dequantizing_adds_noise_from_zero_to_its_width():
    store = images(200)
    plain = Loader(store, seed=0, device=CPU).batch(0, draws(200))["sample"]
    noisy = Loader(store, seed=0, device=CPU, dequantize=1 / 128).batch(0, draws(200))["sample"]
    noise = (noisy - plain) * 128
    assert -1e-4 < noise.min() < 0.01
    assert 0.99 < noise.max() < 1 + 1e-4
    assert noise.mean() == pytest.approx(0.5, abs=0.02)
    assert noise.std() == pytest.approx(12**-0.5, abs=0.02)


def test_the_store_is_not_changed_by_reading_it():
    store = vectors()
    before = store.samples.copy()
    loader = Loader(store, seed=0, device=CPU, shift=(1.0, 1.0), scale=(2.0, 2.0), dequantize=0.5)
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
    options = {"dequantize": 0.1, "seed": 5, "device": CPU}
    if kind == "images":
        loader = Loader(images(), flip=True, **options)
    else:
        loader = Loader(vectors(), shift=(0.0, 1.0), scale=(1.0, 2.0), **options)
    cut = data.draw(st.integers(0, size))
    whole = loader.batch(position, draws(size))
    parts = [loader.batch(position, draws(size, rows)) for rows in (slice(cut), slice(cut, None))]
    for name in ("sample", "label"):
        assert torch.cat([part[name] for part in parts]).equal(whole[name])


def test_labels_are_drawn_as_often_as_the_data_has_them():
    store = Store(np.zeros((10, 1, 1, 1), np.uint8), np.array([0] * 7 + [2] * 3))
    labels = Loader(store, seed=0, device=CPU).draw_labels(draws(4000))
    assert labels.dtype == torch.int64
    assert labels.bincount().div(4000).tolist() == pytest.approx([0.7, 0, 0.3], abs=0.03)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("layout", [True, False], ids=["channels last", "channels first"])
def test_batches_on_cuda_are_those_of_the_cpu(layout):
    device = torch.device("cuda")
    here, there = (
        Loader(images(), seed=1, device=place, channels_last=layout).batch(3, draws(device=place))
        for place in (CPU, device)
    )
    assert there["sample"].device.type == there["label"].device.type == "cuda"
    assert there["sample"].cpu().equal(here["sample"])
    assert there["label"].cpu().equal(here["label"])
    labels = Loader(images(), seed=1, device=device).draw_labels(draws(device=device))
    assert labels.device.type == "cuda"
