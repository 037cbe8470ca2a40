"""The store of decoded samples."""

import gc
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import progress
from ganzoo.data.cache import cache_folder, digests, open_store, task
from ganzoo.data.cache import store as caching
from ganzoo.data.cache.entries import verify
from ganzoo.data.config import ArraysConfig, Ring8Config
from ganzoo.data.depth import dark_note
from ganzoo.data.fitting import fit_image
from ganzoo.data.mixtures import Ring8
from ganzoo.data.sources.arrays import Arrays
from ganzoo.errors import DataError


def stores(cache):
    """The names of finished stores."""
    return [p.name for p in (cache / "data").glob("*") if not p.name.startswith(".")]


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 6, 4), (3, 5, 7), (4, 3, 3)], ids=str)
def test_reading_back_equals_decoding(make_images, shape):
    source = make_images(shape=shape)
    store = open_store(source, shape)
    channels, height, width = shape
    assert store.samples.shape == (10, height, width, channels)
    assert store.samples.dtype == np.uint8
    assert (store.samples == source.images.reshape(store.samples.shape)).all()
    assert store.labels.dtype == np.int64
    assert (store.labels == source.labels).all()


def test_vectors_are_kept_in_data_units():
    source = Ring8(Ring8Config(samples=50))
    store = open_store(source, (2,))
    assert store.samples.dtype == np.float32
    assert (store.samples == [source.read(i).sample for i in range(50)]).all()


def test_a_second_opening_decodes_nothing(make_images):
    first, second = make_images(), make_images()
    open_store(first, first.shape)
    store = open_store(second, second.shape)
    assert set(first.reads.values()) == {1}
    assert not second.reads
    assert (store.samples[..., 0] == second.images).all()


def test_samples_are_mapped_and_not_read_at_once(make_images):
    source = make_images()
    assert isinstance(open_store(source, source.shape).samples, np.memmap)


def test_writing_into_samples_leaves_the_store_alone(make_images):
    source = make_images()
    open_store(source, source.shape).samples[:] = 0
    assert (open_store(source, source.shape).samples[..., 0] == source.images).all()


def test_another_fingerprint_or_shape_has_a_store_of_its_own(make_images, cache):
    for source, shape in (
        (make_images(), (1, 8, 8)),
        (make_images(), (1, 4, 4)),
        (make_images(), (3, 8, 8)),
        (make_images(name="others"), (1, 8, 8)),
    ):
        assert open_store(source, shape).samples.shape[1:] == (*shape[1:], shape[0])
    assert len(stores(cache)) == 4


def test_all_bad_samples_are_counted_and_nothing_is_kept(make_images, cache):
    source = make_images(bad={2, 7})
    with pytest.raises(DataError, match=r"2 of 10 images cannot be read: 2\.png.*, 7\.png"):
        open_store(source, source.shape)
    assert stores(cache) == []


def test_a_cache_that_cannot_be_written_is_said(make_images, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file"))
    source = make_images()
    with pytest.raises(DataError, match=r"data cache .* cannot be written.*GANZOO_CACHE"):
        open_store(source, source.shape)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"GANZOO_CACHE": "/one", "XDG_CACHE_HOME": "/two"}, "/one"),
        ({"XDG_CACHE_HOME": "/two"}, "/two/ganzoo"),
        ({"HOME": "/three"}, "/three/.cache/ganzoo"),
        ({"HOME": "/three", "GANZOO_CACHE": "~/four"}, "/three/four"),
    ],
    ids=["own variable", "XDG", "home", "tilde"],
)
def test_where_decoded_data_is_kept(variables, place, monkeypatch):
    for name in ("GANZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(place)


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((1, 5), (1, 4, 4)),
        ((5, 1), (1, 4, 4)),
        ((1, 1), (3, 2, 2)),
        ((1, 1, 3), (1, 2, 2)),
        ((1, 5, 1), (1, 1, 5)),
        ((9, 3, 4), (4, 3, 3)),
    ],
    ids=str,
)
def test_images_of_one_pixel_and_of_four_channels_fit(size, shape):
    fitted = fit_image(np.full(size, 200, np.uint8), shape)
    assert fitted.shape == (*shape[1:], shape[0])
    assert fitted.min() >= 199
    assert fitted.dtype == np.uint8


def test_grey_becomes_colour_and_colour_grey():
    assert fit_image(np.full((2, 2), 7, np.uint8), (3, 2, 2)).tolist() == [[[7] * 3] * 2] * 2
    red = np.broadcast_to(np.array([255, 0, 0], np.uint8), (2, 2, 3))
    assert fit_image(red, (1, 2, 2)).tolist() == [[[76]] * 2] * 2


def test_images_of_another_type_are_not_rounded_to_bytes(make_images):
    source = make_images()
    source.images = source.images / 255
    with pytest.raises(TypeError, match="float64"):
        open_store(source, source.shape)


def test_a_new_version_of_the_store_does_not_read_an_old_one(make_images, cache, monkeypatch):
    source = make_images()
    open_store(source, source.shape)
    monkeypatch.setattr(caching, "STORE_VERSION", caching.STORE_VERSION + 1)
    open_store(source, source.shape)
    assert len(stores(cache)) == 2


def fortran(path):
    np.save(path, np.asfortranarray(np.load(path)[..., 0])[..., None].copy(order="F"))


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 4
    path.write_bytes(content)


def flipped_unseen(path):
    """Flip a bit as a disk does, which changes no time."""
    status = path.stat()
    flipped(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def linked(path):
    """Move what is at a path out of the cache, and leave a link."""
    outside = path.parents[2].parent / f"outside-{path.name}"
    path.rename(outside)
    path.symlink_to(outside)


def as_folder(path):
    path.unlink()
    path.mkdir()


def meta_with(**facts):
    def damage(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))

    return damage


SAMPLES_DAMAGE = {
    "cut": lambda path: path.write_bytes(b""),
    "gone": Path.unlink,
    "too few": lambda path: np.save(path, np.load(path)[1:]),
    "another shape": lambda path: np.save(path, np.load(path).reshape(2, -1)),
    "another type": lambda path: np.save(path, np.load(path).astype(np.float32)),
    "Fortran order": fortran,
    "objects": lambda path: np.save(path, np.array([{}], object), allow_pickle=True),
    "another version": lambda path: path.write_bytes(b"\x93NUMPY\t\t" + bytes(99)),
    "no array": lambda path: path.write_bytes(b"no array"),
    "a flipped bit": flipped,
    "a flipped bit, unseen": flipped_unseen,
    "a link": linked,
    "a folder": as_folder,
}
META_DAMAGE = {
    "torn": lambda path: path.write_text("{"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\0"),
    "gone": Path.unlink,
    "a folder": as_folder,
    "a link": linked,
    "no files": meta_with(files={}),
    "files as a list": meta_with(files=["samples.npy", "labels.npy"]),
    "files elsewhere": meta_with(files={"../../../a": {"bytes": 1, "mtime_ns": 1, "sha256": ""}}),
    "skipped as a number": meta_with(skipped=5),
    "samples as a text": meta_with(samples="10"),
    "infinitely many": meta_with(of=float("inf")),
    "no darkness": meta_with(dark=None),
}
STORE_DAMAGE = {
    "a file in its place": lambda path: (shutil.rmtree(path), path.write_text("")),
    "a link in its place": linked,
    "a link to nothing": lambda path: (shutil.rmtree(path), path.symlink_to("nothing")),
}


ARRAYS_DAMAGE = [
    (name, key)
    for name in ("samples", "labels")
    for key, damage in SAMPLES_DAMAGE.items()
    if name == "samples" or damage is not fortran  # a row of labels has one order alone
]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((f"{name}.npy", SAMPLES_DAMAGE[key]) for name, key in ARRAYS_DAMAGE),
        *(("meta.json", damage) for damage in META_DAMAGE.values()),
        *(("", damage) for damage in STORE_DAMAGE.values()),
    ],
    ids=[
        *map(" ".join, ARRAYS_DAMAGE),
        *(f"meta {key}" for key in META_DAMAGE),
        *STORE_DAMAGE,
    ],
)
def test_a_damaged_store_is_made_anew(name, damage, make_images, cache):
    source = make_images()
    open_store(source, source.shape)
    gc.collect()
    damage(cache / "data" / stores(cache)[0] / name)
    store = open_store(source, source.shape)
    assert (store.samples[..., 0] == source.images).all()
    assert (store.labels == source.labels).all()
    assert set(source.reads.values()) == {2}
    open_store(source, source.shape)
    assert set(source.reads.values()) == {2}


def test_a_large_store_is_hashed_where_its_file_was_touched(make_images, cache, monkeypatch):
    monkeypatch.setattr(digests, "ALWAYS_BYTES", 0)
    source = make_images()
    open_store(source, source.shape)
    path = cache / "data" / stores(cache)[0] / "samples.npy"
    before = path.stat().st_mtime_ns
    os.utime(path)  # as a copy of the cache has another time
    open_store(source, source.shape)
    assert path.stat().st_mtime_ns == before
    flipped_unseen(path)
    assert (open_store(source, source.shape).samples[..., 0] != source.images).any()
    assert set(source.reads.values()) == {1}
    count, faults = verify()
    assert count == 1
    assert list(faults.values()) == ["samples.npy: its content has changed"]
    flipped(path)
    flipped(path)
    os.utime(path)
    flipped(path)
    assert (open_store(source, source.shape).samples[..., 0] == source.images).all()


@pytest.mark.parametrize("linked", ["data", "archives", "index and data"])
def test_a_sub_folder_elsewhere_is_refused(linked, tmp_path, cache):
    (tmp_path / "elsewhere").mkdir()
    cache.mkdir()
    for name in linked.split(" and "):
        (cache / name).symlink_to(tmp_path / "elsewhere")
    np.savez_compressed(tmp_path / "a.npz", np.zeros((5, 8, 8), np.uint8))
    with pytest.raises(DataError, match="is a link that leads out of the data cache"):
        open_store(Arrays(ArraysConfig(source=str(tmp_path / "a.npz"))), (1, 8, 8))
    assert not [path for path in (tmp_path / "elsewhere").iterdir() if path.suffix != ".npz"]


def test_the_whole_cache_may_be_a_link(make_images, tmp_path, cache):
    (tmp_path / "elsewhere").mkdir()
    cache.symlink_to(tmp_path / "elsewhere")
    source = make_images()
    open_store(source, source.shape)
    open_store(source, source.shape)
    assert set(source.reads.values()) == {1}


@pytest.mark.parametrize(
    ("white", "told"),
    [
        (15, "data.white=4095"),
        (0, "data.white=255"),
        (3, "data.white=1023"),
        (63, "data.white=16383"),
    ],
)
def test_images_that_look_black_are_noted(white, told, make_images):
    source = make_images()
    source.images = np.minimum(source.images, white)
    store = open_store(source, source.shape)
    (note,) = dark_note(store.dark, len(store.samples))
    assert told in note
    assert note.startswith("10 of 10 images")


def test_a_few_dark_images_among_others_are_not_noted(make_images):
    source = make_images(count=50)
    source.images[3] = 0
    store = open_store(source, source.shape)
    assert store.dark == (1, 0)
    assert not dark_note(store.dark, 50)


def test_a_source_without_samples_is_refused(make_images):
    with pytest.raises(DataError, match="nothing has no samples"):
        open_store(make_images(count=0), (1, 8, 8), name="nothing")


@pytest.mark.parametrize(("terminal", "said"), [("", "decoding [bold]: 5 of 20, "), ("1", "%")])
def test_what_takes_long_is_shown(terminal, said, make_images, monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", terminal)
    monkeypatch.setattr(task, "CHUNK_ROWS", 5)
    source = make_images(count=20)
    open_store(source, source.shape, name="[bold]")
    assert not capfd.readouterr().err
    monkeypatch.setattr(progress, "SECONDS_UNTIL_SHOWN", 0.0)
    open_store(source, (1, 4, 4), name="[bold]")
    captured = capfd.readouterr()
    assert said in captured.err
    assert "[bold]" in captured.err
    assert not captured.out
