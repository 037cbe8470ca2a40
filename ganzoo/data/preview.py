"""Images as training will see them, side by side; free of torch."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganzoo.data.base import Dataset
from ganzoo.data.fitting import fit_image
from ganzoo.errors import DataError
from ganzoo.spec import Shape

MOST, COLUMNS, GAP = 64, 8, 2

MOST_CLASSES = MOST
"""Of more classes, those with the fewest images are shown: a stray folder is one of them."""

SMALL = 48
"""Images below this side are enlarged, so that they can be looked at."""

MARGIN, EDGE = 96, 4
"""Pixels in which the name of a class has to fit, and around it."""


@dataclass(frozen=True)
class Preview:
    """A sheet of images, and sentences on what it does not show."""

    image: Image.Image
    notes: tuple[str, ...] = ()


_Group = tuple[str, list[Image.Image]]
"""The name of a class and its images; without a name where there are none."""


def preview(
    dataset: Dataset,
    shape: Shape,
    *,
    flip: bool = False,
    labels: NDArray[np.int64] | None = None,
) -> Preview:
    """Draw up to 64 images, from all over the source, in the shape that networks see.

    Every second one is mirrored if training flips. Where there are classes, by the labels (-1 for
    one that cannot be read), each gets rows of its own, with its name beside them.

    Raises:
        DataError: None of those that were tried can be read.
    """
    chosen, notes = _chosen(dataset, labels)
    faults: list[DataError] = []
    groups = [(name, list(_tiles(dataset, rows, shape, flip, faults))) for name, rows in chosen]
    if not any(tiles for _, tiles in groups):
        cause = f": {faults[0]}" if faults else ""
        raise DataError(f"none of the images for a preview can be read{cause}")
    return Preview(_sheet(groups, shape), notes)


def preview_fields(dataset: Dataset, shapes: Mapping[str, Shape], *, flip: bool = False) -> Preview:
    """Draw images of every field, those of one index below each other.

    Raises:
        DataError: None of those that were tried can be read.
    """
    groups: list[_Group] = []
    faults: list[DataError] = []
    for parts in dataset.groups.values():
        most = MOST // len(shapes)
        rows = _spread(np.arange(len(next(iter(parts.values())))), most)
        tiles: dict[str, list[Image.Image]] = {field: [] for field in parts}
        for row in rows.tolist():
            mirrored = flip and len(next(iter(tiles.values()))) % 2 == 1
            try:
                seen = {f: _tile(part, row, shapes[f], mirrored) for f, part in parts.items()}
            except DataError as error:
                faults.append(error)
                continue
            for field, tile in seen.items():
                tiles[field].append(tile)
        step = COLUMNS if len(parts) > 1 else most
        for start in range(0, len(rows), step):
            groups += [(field, of[start : start + step]) for field, of in tiles.items()]
    groups = [(field, of) for field, of in groups if of]
    if not groups:
        raise DataError(f"none of the images for a preview can be read: {faults[0]}")
    return Preview(_sheet(groups, next(iter(shapes.values()))))


def _chosen(
    dataset: Dataset, labels: NDArray[np.int64] | None
) -> tuple[list[tuple[str, NDArray[np.int64]]], tuple[str, ...]]:
    """Choose which images of which class are shown."""
    if labels is None or not dataset.class_names:
        return [("", _spread(np.arange(len(dataset)), MOST))], ()
    names = dataset.class_names
    counts = np.bincount(labels[labels >= 0], minlength=len(names))
    shown = np.sort(np.argsort(counts, kind="stable")[:MOST_CLASSES])
    note = f"the preview shows the {len(shown)} smallest of {len(names):,} classes"
    each = MOST // len(shown)
    chosen = [
        (names[label], _spread(np.flatnonzero(labels == label), each)) for label in shown.tolist()
    ]
    return chosen, (note,) if len(shown) < len(names) else ()


def _spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Take so many, evenly from the first to the last."""
    if not len(rows):
        return rows
    places = np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)
    chosen: NDArray[np.int64] = rows[np.unique(places)]
    return chosen


def _tiles(
    dataset: Dataset, rows: NDArray[np.int64], shape: Shape, flip: bool, faults: list[DataError]
) -> Iterator[Image.Image]:
    """Read images as networks see them; those that cannot be read are left out."""
    mirrored = False
    for row in rows.tolist():
        try:
            yield _tile(dataset, row, shape, mirrored)
        except DataError as error:
            faults.append(error)
            continue
        mirrored = flip and not mirrored


def _tile(dataset: Dataset, row: int, shape: Shape, mirrored: bool) -> Image.Image:
    """Read one image as networks see it."""
    sample = dataset.read(row).sample
    tile = fit_image(sample, shape, fit=dataset.fit, background=dataset.background)
    tile = tile[:, ::-1] if mirrored else tile
    return Image.fromarray(np.ascontiguousarray(tile.squeeze(-1) if shape[0] == 1 else tile))


def _sheet(groups: Sequence[_Group], shape: Shape) -> Image.Image:
    """Lay groups below each other, each with its name; small ones beside each other, too."""
    scale = math.ceil(SMALL / shape[2])
    gap, height, width = GAP * scale, shape[1] * scale, shape[2] * scale
    most = max(len(tiles) for _, tiles in groups)
    columns, margin = min(COLUMNS, most), max(_label_width(name) for name, _ in groups)
    across = min(max(1, COLUMNS // most), len(groups))
    block = margin + columns * (width + gap)
    bands = [groups[i : i + across] for i in range(0, len(groups), across)]
    rows = [max(1, *(math.ceil(len(tiles) / columns) for _, tiles in band)) for band in bands]
    size = (across * block + gap, sum(rows) * (height + gap) + gap)
    mode = max((tile.mode for _, tiles in groups for tile in tiles), key=len)
    sheet = Image.new(mode, size, "white")
    top = gap
    for band, count in zip(bands, rows, strict=True):
        for place, (name, tiles) in enumerate(band):
            left = gap + place * block
            if name:
                _write(sheet, name, (left, top + height // 2))
            for index, tile in enumerate(tiles):
                row, column = divmod(index, columns)
                at = (left + margin + column * (width + gap), top + row * (height + gap))
                sheet.paste(tile.resize((width, height), Image.Resampling.NEAREST), at)
        top += count * (height + gap)
    return sheet


def _label_width(name: str) -> int:
    return math.ceil(ImageFont.load_default().getlength(_cut(name))) + 2 * EDGE if name else 0


def _write(sheet: Image.Image, name: str, middle: tuple[int, int]) -> None:
    """Write a name to the right of a point, at its height."""
    font, text = ImageFont.load_default(), _cut(name)
    _, top, _, bottom = font.getbbox(text)
    place = (middle[0] + EDGE, middle[1] - (top + bottom) // 2)
    ImageDraw.Draw(sheet).text(place, text, fill="black", font=font)


def _cut(name: str) -> str:
    """Shorten a name until it fits; letters that the font has not are question marks."""
    font = ImageFont.load_default()
    text = whole = name.encode("latin-1", "replace").decode("latin-1")
    while font.getlength(text) > MARGIN:
        whole = whole[:-1]
        text = f"{whole}..."
    return text
