"""Pictures as training will see them, side by side; free of torch."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo.data.base import Dataset
from ganzoo.data.fitting import fit_picture
from ganzoo.errors import DataError
from ganzoo.spec import Shape

MOST, COLUMNS, GAP = 64, 8, 2

SMALL = 48
"""Pictures below this side are enlarged, so that they can be looked at."""


def preview(dataset: Dataset, shape: Shape, *, flip: bool = False) -> Image.Image:
    """Draw up to 64 pictures, from all over the source, in the shape that networks see.

    Args:
        dataset: The source.
        shape: ``(C, H, W)``.
        flip: Whether every second one is mirrored, as training does at random.

    Raises:
        DataError: None of those that were tried can be read.
    """
    count = len(dataset)
    tiles: list[NDArray[np.uint8]] = []
    fault = None
    for index in np.unique(np.linspace(0, count - 1, min(count, MOST)).astype(int)).tolist():
        try:
            sample = dataset.read(index).sample
        except DataError as error:
            fault = error
            continue
        tile = fit_picture(sample, shape, fit=dataset.fit, background=dataset.background)
        tiles.append(tile[:, ::-1] if flip and len(tiles) % 2 else tile)
    if not tiles:
        raise DataError(f"none of the pictures for a preview can be read: {fault}")
    channels, height, width = shape
    columns = min(COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full(
        (rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels), 255, dtype=np.uint8
    )
    for place, tile in enumerate(tiles):
        row, column = divmod(place, columns)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        sheet[top : top + height, left : left + width] = tile
    image = Image.fromarray(sheet.squeeze(-1) if channels == 1 else sheet)
    scale = math.ceil(SMALL / width)
    size = (image.width * scale, image.height * scale)
    return image.resize(size, Image.Resampling.NEAREST)
