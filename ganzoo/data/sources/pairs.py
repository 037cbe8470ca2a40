"""Images in pairs."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Dataset
from ganzoo.data.composite import Composite, View
from ganzoo.data.config import PairsConfig
from ganzoo.data.decoding import first_of
from ganzoo.data.sources.labels import without_wrapping
from ganzoo.data.sources.opening import opened
from ganzoo.data.sources.own import ImageFiles, Source
from ganzoo.errors import DataError


class Pairs(Composite):
    """Pairs of images, the fields ``source`` and ``target``: halves of images, or by their names.

    Raises:
        DataError: An image cannot be halved, a pair differs in size, or too many have no partner.
    """

    def __init__(self, config: PairsConfig) -> None:
        places = ("a", "b") if config.path is None else ("path",)
        parts = {field: opened(field, config) for field in places}
        lone: tuple[str, ...] = ()
        if config.path is None:
            sides, lone = _matched(parts["a"], parts["b"], config)
        else:
            sides = _halves(parts["path"])
        if config.direction == "b_to_a":
            sides = sides[::-1]
        super().__init__({"pair": dict(zip(("source", "target"), sides, strict=True))})
        self.notes += lone
        self.load_size = config.load_size
        self.pinned = {field: part.pinned["source"] for field, part in parts.items() if part.pinned}


def _halves(dataset: Dataset) -> list[Dataset]:
    """Return the left and the right half of every image."""
    sizes = _sizes(dataset)
    odd = np.flatnonzero(sizes[:, 0] % 2)
    if len(odd):
        width, height = sizes[odd[0]]
        raise DataError(
            f"data.path: {len(odd):,} of {len(sizes):,} images have an odd width and cannot be "
            f"halved, such as {dataset.name_of(int(odd[0]))} of {width}x{height}; crop or remove "
            "them"
        )
    channels, height, width = dataset.shape
    shape = channels, height, width // 2
    if isinstance(dataset, ImageFiles):  # of any size, so that their shape is a square
        side = min(height, int(sizes[sizes.all(axis=1), 0].min()) // 2)
        shape = channels, side, side
    return [View(dataset, range(len(dataset)), half=half, shape=shape) for half in (0, 1)]


def _matched(
    one: Dataset, other: Dataset, config: PairsConfig
) -> tuple[list[Dataset], tuple[str, ...]]:
    """Bring images of one name together, in the order of the first; note those without partner."""
    named, others = _by_name(one, "a"), _by_name(other, "b")
    both = [name for name in named if name in others]
    lone = [f"{name} of a" for name in named if name not in others]
    lone += [f"{name} of b" for name in others if name not in named]
    total = len(both) + len(lone)
    if not both or len(lone) > config.max_bad * total:
        raise DataError(
            f"data.a, data.b: {len(lone):,} of {total:,} images have no partner of the same name: "
            f"{first_of(lone)}; rename or remove them (max_bad, the share that may be skipped, is "
            f"{config.max_bad:g})"
        )
    rows = np.array([(named[name], others[name]) for name in both])
    sizes = _sizes(one)[rows[:, 0]], _sizes(other)[rows[:, 1]]
    known = sizes[0].all(axis=1) & sizes[1].all(axis=1)
    differ = np.flatnonzero(known & (sizes[0] != sizes[1]).any(axis=1))
    if len(differ):
        (width, height), (wide, high) = (part[differ[0]] for part in sizes)
        raise DataError(
            f"data.a, data.b: the images of {len(differ):,} of {len(both):,} pairs differ in "
            f"size, such as {both[differ[0]]} of {width}x{height} in a and {wide}x{high} in b; "
            "bring both to one size"
        )
    told = f"{len(lone):,} images have no partner of the same name: {first_of(lone)}; skipped"
    sides = [_chosen(part, column) for part, column in zip((one, other), rows.T, strict=True)]
    return sides, (told,) if lone else ()


def _chosen(dataset: Dataset, rows: NDArray[np.int64]) -> Dataset:
    whole = np.array_equal(rows, np.arange(len(dataset)))
    return dataset if whole else View(dataset, rows.tolist())


def _by_name(dataset: Dataset, field: str) -> dict[str, int]:
    """Return the number of each image by its name, without its ending and folders around all."""
    names = [dataset.name_of(row) for row in range(len(dataset))]
    found: dict[str, int] = {}
    for row, name in enumerate(without_wrapping(names)):
        stem = os.path.splitext(name)[0]
        if stem in found:
            raise DataError(
                f"data.{field}: {names[found[stem]]} and {names[row]} have the same name but for "
                "the ending, by which no pair is matched; rename one"
            )
        found[stem] = row
    return found


def _sizes(dataset: Dataset) -> NDArray[Any]:
    """Return width and height of every image, (N, 2); 0 where it cannot be read."""
    if isinstance(dataset, Source):
        return dataset.sizes
    return np.tile(dataset.shape[:0:-1], (len(dataset), 1))
