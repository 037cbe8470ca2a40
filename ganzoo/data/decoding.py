"""Reading one picture file: strictly, upright, eight bits, on white."""

import os
import warnings
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ganzoo.errors import DataError

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""The endings by which pictures are known; other files are passed over."""

DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
GREY_MODES = frozenset({"1", "L", "LA"}) | DEEP_MODES
UNBOUNDED_MODES = frozenset({"I", "F"})
NAMED_AT_MOST = 5

Picture = str | os.PathLike[str] | IO[bytes]
"""A file by its path, or opened."""


def decode(picture: Picture, name: str, channels: int) -> NDArray[np.uint8]:
    """Read a picture: upright, transparency put on white, in grey or colour.

    Args:
        picture: The file.
        name: What errors call it.
        channels: 1 for grey, 3 for colour.

    Returns:
        uint8 (H, W) or (H, W, 3).

    Raises:
        DataError: It cannot be decoded.
    """
    mode = "L" if channels == 1 else "RGB"
    try:
        with _strictly_opened(picture) as image:
            upright = ImageOps.exif_transpose(image)
            return np.asarray(_on_white(_to_8_bits(upright)).convert(mode))
    except Exception as error:
        raise DataError(f"{name}: {_cause(error)}") from error


def look(picture: Picture, name: str) -> tuple[tuple[int, int], bool]:
    """Read a picture's header alone.

    Returns:
        Its width and height, and whether it is grey.

    Raises:
        DataError: It is no picture that can be decoded.
    """
    try:
        with _strictly_opened(picture) as image:
            if image.mode in UNBOUNDED_MODES:
                raise ValueError("its pixels are of 32 bits; save it with 8 or 16")
            return image.size, image.mode in GREY_MODES
    except Exception as error:
        raise DataError(f"{name}: {_cause(error)}") from error


def complaint(bad: list[str], total: int) -> str:
    """Name the first few of the files that cannot be read."""
    more = f" and {len(bad) - NAMED_AT_MOST} more" if len(bad) > NAMED_AT_MOST else ""
    return (
        f"{len(bad)} of {total} pictures cannot be read: {', '.join(bad[:NAMED_AT_MOST])}{more}; "
        "remove or replace them"
    )


def _strictly_opened(picture: Picture) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow only warns of a picture that is large enough to be an attack.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(picture)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey, which Pillow would clip."""
    if image.mode not in DEEP_MODES:
        return image
    return Image.fromarray((np.asarray(image) // 256).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def _cause(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "no picture format that is known"
    return " ".join(str(error).split()) or type(error).__name__
