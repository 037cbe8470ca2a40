"""Sheets of images as networks see them."""

import numpy as np
import pytest

from ganzoo.data.preview import preview
from ganzoo.errors import DataError


def test_a_preview_shows_what_networks_see(make_images):
    dataset = make_images(count=9, shape=(3, 16, 16), bad=(1,))
    image = np.asarray(preview(dataset, (3, 16, 16), flip=True).image)
    plain = image[::3, ::3]  # each pixel is enlarged to 3 x 3
    assert plain.shape == (2 + 18, 2 + 8 * 18, 3)
    readable = [index for index in range(9) if index != 1]
    for place, index in enumerate(readable):
        tile = plain[2:18, 2 + 18 * place : 18 * (place + 1)]
        expected = dataset.images[index]
        assert np.array_equal(tile, expected[:, ::-1] if place % 2 else expected)


def test_a_preview_goes_over_the_whole_source(make_images):
    dataset = make_images(count=200, shape=(1, 50, 50))
    image = preview(dataset, (1, 50, 50)).image
    assert image.size == (2 + 8 * 52, 2 + 8 * 52)
    assert {0, 199} < set(dataset.reads)
    assert len(dataset.reads) == 64
    with pytest.raises(DataError, match="for a preview"):
        preview(make_images(count=2, bad=(0, 1)), (1, 8, 8))


def classed(make_images, counts, side=50):
    """Grey images, each as bright as the number of its class, in no order."""
    dataset = make_images(count=sum(counts), shape=(1, side, side))
    dataset.class_names = tuple(f"class {label}" for label in range(len(counts)))
    labels = np.repeat(np.arange(len(counts)), counts)
    dataset.labels = np.random.default_rng(0).permutation(labels)
    dataset.images[:] = (100 + dataset.labels)[:, None, None]
    return dataset


def shown(sheet, labels):
    """How many tiles there are of each class, and from which pixel on, downwards."""
    array = np.asarray(sheet.image)
    found = {}
    for label in labels:
        places = np.argwhere(array == 100 + label)
        found[label] = (len(places) / 50**2, places[:, 0].min() if len(places) else None)
    return found


@pytest.mark.parametrize(
    ("counts", "tiles"),
    [
        ([40, 40], [32, 32]),
        ([300, 1, 30], [21, 1, 21]),
        ([30] * 9 + [1], [6] * 9 + [1]),
        ([5] * 41 + [1], [1] * 42),
    ],
    ids=["rows of their own", "one image", "less than a row", "several beside each other"],
)
def test_every_class_has_its_place(make_images, counts, tiles):
    dataset = classed(make_images, counts)
    sheet = preview(dataset, (1, 50, 50), labels=dataset.labels)
    found = shown(sheet, range(len(counts)))
    # Grey edges of letters may be of one of these shades, too.
    assert [round(count, 1) for count, _ in found.values()] == tiles
    assert not sheet.notes


def test_of_very_many_classes_the_smallest_are_shown(make_images):
    counts = [3] * 70
    counts[69] = 1
    dataset = classed(make_images, counts)
    sheet = preview(dataset, (1, 50, 50), labels=dataset.labels)
    assert round(shown(sheet, [69])[69][0]) == 1
    assert sheet.notes == ("the preview shows the 64 smallest of 70 classes",)


@pytest.mark.parametrize("name", ["owl", "a very long name of a class " * 9, "\u65e5\u672c"])
def test_a_name_stands_beside_its_class(make_images, name):
    dataset = classed(make_images, [8, 8])
    dataset.class_names = ("", name)
    sheet = preview(dataset, (1, 50, 50), labels=dataset.labels)
    array = np.asarray(sheet.image)
    margin = int(np.argwhere(array == 101)[:, 1].min())
    assert margin <= 106
    written = array[:, : margin - 1] < 90
    assert not written[:52].any()
    assert written[52:].any()


def test_what_cannot_be_read_is_not_tried_again(make_images):
    dataset = classed(make_images, [3, 3])
    labels = dataset.labels.copy()
    labels[2] = -1
    preview(dataset, (1, 50, 50), labels=labels)
    assert 2 not in dataset.reads
