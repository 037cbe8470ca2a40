"""Grey of 12 and 16 bits, of which Pillow keeps the wrong ones, brought to 8 by what is white."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo.data import tiffs

FULL = (1 << 16) - 1
DARK = 1 << 6
"""Where no value of 8 bits reaches it, white is another one: of 14 bits in 16, the last is 63."""

DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})


@functools.lru_cache(maxsize=4)
def shades(white: int = FULL) -> NDArray[np.uint8]:
    """Return what each of the 65,536 values becomes; those above white become white."""
    return np.minimum(np.arange(FULL + 1) * 256 // (white + 1), 255).astype(np.uint8)


def from_grey(image: Image.Image, white: int) -> Image.Image:
    """Bring grey of 12 or 16 bits to 8, with an alpha channel where one shade is clear."""
    tags: Any = getattr(image, "tag_v2", {})
    table = shades(4095 if tags.get(tiffs.BITS) == (12,) else white)
    deep, clear = np.asarray(image), image.info.get("transparency")
    grey = table[deep]
    if tags.get(tiffs.PHOTOMETRIC) == tiffs.WHITE_IS_ZERO:  # which Pillow inverts up to 8 bits
        grey = 255 - grey
    shown = Image.fromarray(grey)
    if clear is not None:
        shown.putalpha(Image.fromarray(np.where(deep != clear, 255, 0).astype(np.uint8)))
    return shown


def darkness(brightest: NDArray[Any]) -> tuple[int, int]:
    """Count images whose greatest value is so low that white may be lower; find their greatest."""
    dark = brightest[brightest < DARK]
    return len(dark), int(dark.max(initial=0))


def dark_note(dark: tuple[int, int], total: int) -> list[str]:
    """Report images that look black: a note, or none where they are fewer than one in twenty."""
    count, top = dark
    if not count or 20 * count < total:
        return []
    return [
        f"{count:,} of {total:,} images look black, with no value above {top} of 255; if they are "
        "grey and store fewer bits in 16, set the value that is white: "
        f"data.white={(256 << top.bit_length()) - 1}"
    ]
