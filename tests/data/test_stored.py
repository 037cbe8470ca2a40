"""No image is decoded to other pixels than those that it stores."""

import io

import numpy as np
import pytest

from ganzoo.data.config import ArraysConfig
from ganzoo.data.decoding import decode, look
from ganzoo.data.sources.arrays import Arrays
from ganzoo.errors import DataError
from tests.data.stored import VARIANTS, numbers


@pytest.mark.parametrize("name", VARIANTS)
def test_an_image_is_decoded_as_it_is_stored_or_refused(name):
    content, expected, options = VARIANTS[name]
    if isinstance(expected, str):
        with pytest.raises(DataError) as caught:
            decode(io.BytesIO(content), "a.tif", 3, **options)
        assert expected in str(caught.value)
        assert str(caught.value).startswith("a.tif: ")
        return
    result = decode(io.BytesIO(content), "a", 1 if expected.ndim == 2 else 3, **options)
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() <= 1.01
    assert look(io.BytesIO(content), "a").size == expected.shape[1::-1]


def test_there_are_many_variants_and_most_are_decoded():
    assert len(VARIANTS) > 200
    assert sum(isinstance(variant.expected, str) for variant in VARIANTS.values()) < 80


@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize(
    ("shape", "kind", "layout"),
    [
        ((5, 8, 6), "u1", "NHW"),
        ((5, 8, 6), "<u2", "NHW"),
        ((5, 8, 6), ">u2", "NHW"),
        ((5, 8, 6, 3), "u1", "NHWC"),
        ((5, 8, 6, 3), ">u2", "NHWC"),
        ((5, 3, 8, 6), "u1", "NCHW"),
        ((5, 3, 8, 6), "<u2", "NCHW"),
        ((5, 1, 8, 6), "u1", "NCHW"),
        ((5, 8, 6, 1), "u1", "NHWC"),
        ((3, 8, 6), "u1", "NHW, noted"),
        ((4, 8, 6), "u1", "NHW, noted"),
        ((64, 48, 3), "u1", "for 64 grey images"),
        ((64, 48, 1), "u2", "for 64 grey images"),
        ((5, 8, 6), "i1", "uint8 or uint16"),
        ((5, 8, 6), "f4", "uint8 or uint16"),
        ((5, 8, 6), "?", "uint8 or uint16"),
        ((5, 8, 6, 2), "u1", "1, 3 or 4 channels"),
        ((5, 8), "u1", "vectors are floating-point"),
        ((5,), "u1", "1, 3 or 4 channels"),
        ((2, 2, 3, 8, 6), "u1", "1, 3 or 4 channels"),
    ],
    ids=str,
)
@pytest.mark.parametrize("order", "CF")
def test_an_array_is_read_as_it_is_stored_or_refused(shape, kind, layout, ending, order, tmp_path):
    bits = 8 if kind[-1] in "1?" else 16
    array = np.asarray(numbers(bits, *shape).astype(kind), order=order)
    (np.save if ending == "npy" else np.savez)(tmp_path / f"a.{ending}", array)
    config = ArraysConfig(source=str(tmp_path / f"a.{ending}"))
    if not layout.startswith("N"):
        with pytest.raises(DataError, match=layout):
            Arrays(config)
        return
    source = Arrays(config)
    last = np.moveaxis(array, 1, 3) if layout == "NCHW" else array
    for index in range(len(array)):
        assert (source.read(index).sample == last[index].squeeze() >> (bits - 8)).all()
    assert bool(source.notes) == ("noted" in layout)


def test_the_white_of_an_array_can_be_chosen(tmp_path):
    array = numbers(12, 5, 8, 6)
    np.save(tmp_path / "a.npy", array)
    sources = [
        Arrays(ArraysConfig(source=str(tmp_path / "a.npy"), white=white)) for white in (4095, 65535)
    ]
    assert (sources[0].read(0).sample == array[0] >> 4).all()
    assert len({source.fingerprint for source in sources}) == 2
