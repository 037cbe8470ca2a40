"""Images of 12 and 16 bits, of which Pillow keeps the wrong bits, brought to 8 by what is white."""

import functools
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo.data import tiffs

FULL = (1 << 16) - 1
DARK = 1 << 6
"""Where no value of 8 bits reaches it, white is another one: of 14 bits in 16, the last is 63."""

DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


@functools.lru_cache(maxsize=4)
def shades(white: int = FULL) -> NDArray[np.uint8]:
    """Return what each of the 65,536 values becomes; those above white become white."""
    return np.minimum(np.arange(FULL + 1) * 256 // (white + 1), 255).astype(np.uint8)


def from_grey(image: Image.Image, white: int) -> Image.Image:
    """Bring grey of 12 or 16 bits to 8, with an alpha channel where one shade is clear."""
    tags: Any = getattr(image, "tag_v2", {})
    table = shades(4095 if tags.get(tiffs.BITS) == (12,) else white)
    deep = np.asarray(image)
    grey = table[deep]
    if tags.get(tiffs.PHOTOMETRIC) == tiffs.WHITE_IS_ZERO:  # which Pillow inverts up to 8 bits
        grey = 255 - grey
    return _with_clear(grey, deep, image.info.get("transparency"))


def layout_of(image: Any) -> str:
    """Return how the pixels of an opened image are stored, by Pillow's name of a raw mode."""
    args = image.tile[0].args if image.tile else ""
    return str(args[0] if isinstance(args, tuple) else args)


def is_deep(image: Image.Image) -> bool:
    """Return whether an opened PNG or TIFF is stored in 16 bits."""
    return image.format in ("PNG", "TIFF") and ";16" in layout_of(image)


def from_colour(high: Image.Image, low: Any, white: int) -> Image.Image:
    """Bring colours of 16 bits to 8.

    Args:
        high: The image as Pillow loads it: the higher byte of each value.
        low: The same, opened and not loaded.
        white: The value that is white.

    Raises:
        ValueError: Pillow cannot load the lower bytes.
    """
    layout = layout_of(low)
    if layout.split(";")[0] not in ("RGB", "RGBX", "RGBA"):
        raise ValueError(
            f"it is {layout} and data.white applies to 16-bit grey and RGB alone; "
            "save it as RGB, or leave data.white out"
        )
    for place, tile in enumerate(low.tile):
        other = layout[:-1] + _OTHER_BYTE[layout[-1]]
        args = other if isinstance(tile.args, str) else (other, *tile.args[1:])
        low.tile[place] = tile._replace(args=args)
    low.load()
    deep = np.asarray(high).astype(np.uint16) << 8 | np.asarray(low)
    shown = shades(white)[deep]
    shown[..., 3:] = deep[..., 3:] >> 8
    return _with_clear(shown, deep, high.info.get("transparency"))


def _with_clear(shown: NDArray[np.uint8], deep: NDArray[Any], clear: Any) -> Image.Image:
    image = Image.fromarray(shown)
    if clear is not None:
        opaque = deep != clear if deep.ndim == 2 else (deep != clear).any(axis=-1)
        image.putalpha(Image.fromarray(np.where(opaque, 255, 0).astype(np.uint8)))
    return image


def darkness(brightest: NDArray[Any]) -> tuple[int, int]:
    """Count the images that use so little of 8 bits that white may be a lower value.

    Args:
        brightest: The greatest value of each image.

    Returns:
        How many there are, and the greatest value in them.
    """
    dark = brightest[brightest < DARK]
    return len(dark), int(dark.max(initial=0))


def dark_note(dark: tuple[int, int], total: int) -> list[str]:
    """Report images that look black: a note, or none where they are fewer than one in twenty."""
    count, top = dark
    if not count or 20 * count < total:
        return []
    return [
        f"{count:,} of {total:,} images look black, with no value above {top} of 255; if they "
        f"store fewer bits in 16, set the value that is white: "
        f"data.white={(256 << top.bit_length()) - 1}"
    ]
