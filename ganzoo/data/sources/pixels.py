"""Images that are arrays already: where their channels are, and what they are made of."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo.data.decoding import WHITE, decode
from ganzoo.errors import DataError

CHANNELS = (1, 3, 4)


def channels_first(shape: tuple[int, ...]) -> bool:
    """Tell from one image's shape whether its channels come first; refuse other shapes."""
    if len(shape) == 2 or (len(shape) == 3 and shape[2] in CHANNELS):
        return False
    if len(shape) == 3 and shape[0] in CHANNELS:
        return True
    raise DataError(
        f"an image has the shape (H, W), (H, W, C) or (C, H, W) with 1, 3 or 4 channels, and not "
        f"{shape}"
    )


def without_alpha(
    image: NDArray[np.uint8], name: str, channels: int = 3, background: str = WHITE
) -> NDArray[np.uint8]:
    """Treat an image, uint8 (H, W) or (H, W, C), with an alpha channel as those in files."""
    if image.ndim == 2 or image.shape[2] < 4:
        return image[:, :, 0] if image.shape[2:] == (1,) else image
    file = _saved(Image.fromarray(image), "PNG")
    return decode(file, name, 4 if channels == 4 else 3, background=background)


def as_file(
    image: Image.Image, name: str, channels: int | None = None, background: str = WHITE
) -> NDArray[np.uint8]:
    """Turn an opened image into an array as if it had come from a file.

    Grey images have one channel, others three, where `channels` is left out.
    """
    file = _saved(image, "TIFF" if image.mode in ("CMYK", "YCbCr", "LAB") else "PNG")
    own = 1 if image.mode in ("1", "L", "LA", "I;16") else 3
    return decode(file, name, channels or own, background=background)


def _saved(image: Image.Image, kind: str) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind)
    return file


def to_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring pixels in [0, 1], as torchvision's ``ToTensor`` makes them, back to bytes."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise DataError(f"its pixels are {array.dtype}; give uint8, or floats in [0, 1]")
    if not array.size or not (array.min() >= 0 and array.max() <= 1):  # also where one is no number
        raise DataError(
            "its pixels are floats outside [0, 1]; remove the transform that normalises them, "
            "because ganzoo scales them to [-1, 1] itself"
        )
    rounded: NDArray[np.uint8] = np.rint(array.astype(np.float64) * 255).astype(np.uint8)
    return rounded
