"""A sheet of samples: what a person looks at first."""

import math

from PIL import Image

from ganzoo import pictures
from ganzoo.networks import Generator

ROWS = COLUMNS = 8
MAX_CLASSES = 10
POINTS = 4000
SMALL = 48
"""Pictures below this side are enlarged, so that a sheet can be looked at."""


def sample_sheet(generator: Generator, *, seed: int = 0) -> Image.Image | None:
    """Draw a sheet of samples.

    Args:
        generator: Pictures become a grid; of a conditional generator with a row for each class (of
            the first ten). Vectors of two numbers become a plot of points.
        seed: Of the latents.

    Returns:
        The sheet; None for samples of which there is no picture: longer vectors, and more channels
        than a picture file has.
    """
    shape = generator.config.sample_shape
    if shape[0] > 4 or (len(shape) == 1 and shape != (2,)):
        return None
    if generator.info.data.kind == "vectors":
        points = generator.sample(POINTS, seed=seed, batch_size=POINTS)
        return pictures.plot_points(points, extent=2 * max(generator.info.data.scale or [1.0]))
    classes = min(generator.config.num_classes, MAX_CLASSES)
    rows, columns = (classes, MAX_CLASSES) if classes else (ROWS, COLUMNS)
    labels = [row for row in range(rows) for _ in range(columns)] if classes else None
    images = generator.sample(rows * columns, seed=seed, labels=labels)
    scale = math.ceil(SMALL / images.shape[-1])
    return pictures.to_grid(images, columns=columns, scale=scale)
