"""Bringing a picture to the shape that networks take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ganzoo.spec import Shape


def fit_picture(sample: NDArray[Any], shape: Shape) -> NDArray[np.uint8]:
    """Bring one picture to a shape: centre crop, antialiased bicubic resize, grey or colour.

    Args:
        sample: uint8 (H, W) or (H, W, C).
        shape: ``(C, height, width)`` with C of 1 or 3, or the picture's own.

    Returns:
        uint8 (height, width, C).

    Raises:
        TypeError: The picture is not uint8.
    """
    channels, height, width = shape
    if sample.dtype != np.uint8:
        raise TypeError(f"pictures are uint8, and the dataset reads {sample.dtype}")
    if sample.ndim == 3 and sample.shape[2] == 1:
        sample = sample[:, :, 0]
    if sample.shape == ((height, width) if channels == 1 else (height, width, channels)):
        return sample.reshape(height, width, channels)
    image = Image.fromarray(sample)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
    if len(image.getbands()) != channels:
        image = image.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
    return np.asarray(image).reshape(height, width, channels)
