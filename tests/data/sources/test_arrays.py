"""NumPy's files."""

import numpy as np
import pytest

from ganzoo.data.cache import open_store
from ganzoo.errors import DataError
from tests.data.sources.conftest import opened, png

RANDOM = np.random.default_rng(0)


def images(*shape):
    return RANDOM.integers(256, size=shape, dtype=np.uint8)


def saved(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


SHAPES = {
    (3, 8, 6): (1, 8, 6),
    (3, 8, 6, 1): (1, 8, 6),
    (3, 1, 8, 6): (1, 8, 6),
    (3, 8, 6, 3): (3, 8, 6),
    (3, 3, 8, 6): (3, 8, 6),
    (3, 3, 8, 3): (3, 3, 8),
    (3, 8, 6, 4): (3, 8, 6),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_channels_are_told_by_their_place(tmp_path, shape, ending):
    array, path = images(*shape), tmp_path / f"a.{ending}"
    (np.save if ending == "npy" else np.savez)(path, array)
    source = opened(path)
    assert source.shape == SHAPES[shape]
    last = np.moveaxis(array, 1, 3) if shape in ((3, 1, 8, 6), (3, 3, 8, 6)) else array
    if shape[-1] == 4:
        alpha = array[..., 3:] / 255
        last = np.round(array[..., :3] * alpha + 255 * (1 - alpha))
    for index in range(3):
        sample = source.read(index).sample.astype(int)
        assert np.abs(sample - last[index].squeeze()).max() <= (1 if shape[-1] == 4 else 0)


def test_an_array_on_disk_is_not_read_into_memory(tmp_path, cache):
    np.save(tmp_path / "a.npy", images(4, 8, 8))
    saved(tmp_path / "a.npz", images=images(4, 8, 8))
    for name in ("a.npy", "a.npz"):
        assert isinstance(opened(tmp_path / name)._samples, np.memmap)
    assert len(list(cache.glob("archives/*.npy"))) == 1


def test_vectors_are_scaled_to_unit_variance(tmp_path):
    vectors = (RANDOM.normal(size=(5000, 3)) * [1, 10, 0] + [1000, -5, 2]).astype(np.float32)
    np.save(tmp_path / "a.npy", vectors)
    source = opened(tmp_path / "a.npy")
    assert (source.kind, source.shape) == ("vectors", (3,))
    exact = vectors.astype(np.float64)
    assert source.shift == pytest.approx(exact.mean(axis=0), rel=1e-12)
    assert source.scale[:2] == pytest.approx(exact[:, :2].std(axis=0), rel=1e-9)
    assert source.scale[2] == 1
    assert (open_store(source, (3,)).samples == vectors).all()


LABELS = {
    "integers": ([2, 0, 7], {}, ("0", "2", "7"), [1, 0, 2]),
    "a column": ([[1], [0], [1]], {}, ("0", "1"), [1, 0, 1]),
    "texts": (["b", "a", "b"], {}, ("a", "b"), [1, 0, 1]),
    "bytes": ([b"b", b"a", b"b"], {}, ("a", "b"), [1, 0, 1]),
    "all the same": ([4, 4, 4], {}, (), [0, 0, 0]),
    "of names": ([1, 0, 1], {"class_names": ["x", "y", "z"]}, ("x", "y", "z"), [1, 0, 1]),
    "of categories": ([1, 0, 1], {"categories": ["x", "y"]}, ("x", "y"), [1, 0, 1]),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels(tmp_path, case):
    labels, more, classes, expected = LABELS[case]
    source = opened(saved(tmp_path / "a.npz", x=images(3, 4, 4), y=labels, **more))
    assert source.class_names == classes
    assert [source.read(i).label for i in range(3)] == source.labels.tolist() == expected


def test_arrays_can_be_named(tmp_path):
    keys = {"x_train": images(3, 4, 4), "y_train": [1, 0, 1], "x_test": images(2, 4, 4)}
    source = opened(saved(tmp_path / "a.npz", **keys), samples="x_train", labels="y_train")
    assert (source.read(1).sample == keys["x_train"][1]).all()
    assert source.class_names == ("0", "1")


GOOD = {"images": images(3, 4, 4)}
REFUSED = {
    "floats": ({"images": np.zeros((3, 4, 4))}, "images of float64, .*round"),
    "large integers": ({"images": np.zeros((3, 4, 4), int)}, "images of int64"),
    "two channels": ({"images": images(3, 5, 5, 2)}, "1, 3 or 4 channels"),
    "one image": ({"images": images(3, 4, 4, 4, 4)}, "1, 3 or 4 channels"),
    "a number": ({"images": np.uint8(3)}, "holds no samples"),
    "none": ({"images": images(0, 4, 4)}, "holds no samples"),
    "of no size": ({"images": images(3, 0, 4)}, "which is empty"),
    "vectors of bytes": ({"images": images(3, 16)}, "vectors are floating-point"),
    "a vector that is not finite": (
        {"images": np.array([[0.0], [1.0], [np.nan]])},
        "vector 2 holds a number that is not finite",
    ),
    "Python objects": ({"images": np.array([{}, []], dtype=object)}, "it holds Python objects"),
    "labels that are objects": ({**GOOD, "labels": np.array([{}] * 3)}, "it holds Python objects"),
    "too few labels": ({**GOOD, "labels": [0, 1]}, r"labels of int64 of the shape \(2,\)"),
    "labels of fractions": ({**GOOD, "labels": [0.0, 1.5, 0.0]}, "its label is 1.5"),
    "one-hot labels": ({**GOOD, "labels": np.eye(3, dtype=int)}, r"of the shape \(3, 3\)"),
    "a label beyond the names": (
        {**GOOD, "labels": [0, 2, 1], "class_names": ["a", "b"]},
        "sample 1 has the label 2",
    ),
    "a label below 0": (
        {**GOOD, "labels": [0, -1, 1], "class_names": ["a", "b"]},
        "sample 1 has the label -1",
    ),
    "two equal names": (
        {**GOOD, "labels": [0, 1, 1], "class_names": ["a", "a"]},
        "two classes have the same name",
    ),
    "several arrays": ({"a": images(3, 4, 4), "b": images(3, 4, 4)}, "its arrays are: a, b;"),
    "no array": ({}, "its arrays are: none"),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_other_arrays_are_refused(tmp_path, cause):
    arrays, message = REFUSED[cause]
    with pytest.raises(DataError, match=message):
        opened(saved(tmp_path / "a.npz", **arrays))


@pytest.mark.parametrize("field", ["samples", "labels"])
def test_a_name_that_is_not_there_is_told(tmp_path, field):
    path = saved(tmp_path / "a.npz", **GOOD)
    with pytest.raises(DataError, match=f"data.{field}: .* has no array 'q'; its arrays are: im"):
        opened(path, **{field: "q"})
    np.save(tmp_path / "a.npy", images(3, 4, 4))
    with pytest.raises(DataError, match=f"data.{field} applies to .npz files only"):
        opened(tmp_path / "a.npy", **{field: "q"})


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY", b"PK\3\4"], ids=repr)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_what_is_no_array_is_refused(tmp_path, content, ending):
    (tmp_path / f"a.{ending}").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        opened(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_file_that_breaks_off_is_refused(tmp_path, ending, share):
    path = tmp_path / f"a.{ending}"
    (np.save if ending == "npy" else np.savez)(path, images(9, 16, 16))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError):
        opened(path)


def test_an_image_is_no_array(tmp_path):
    (tmp_path / "a.npy").write_bytes(png(images(4, 4, 3)))
    with pytest.raises(DataError, match="cannot be read"):
        opened(tmp_path / "a.npy")
