"""Which TIFFs Pillow decodes as their tags say; others it decodes wrongly, without an error."""

from typing import Any

from PIL import Image, ImagePalette

PHOTOMETRIC, BITS, COMPRESSION, SAMPLES = 262, 258, 259, 277
PLANES, COLOURS, EXTRA, FORMAT = 284, 320, 338, 339
KIND, TILE_WIDTH, TILE_HEIGHT, INKS, SAMPLING = 254, 322, 323, 332, 530

WHITE_IS_ZERO, PALETTE, INK, YCBCR = 0, 3, 5, 6

DECODED: dict[int, tuple[int, tuple[int, ...]]] = {
    WHITE_IS_ZERO: (1, (1, 2, 4, 8, 16)),
    1: (1, (1, 2, 4, 8, 12, 16)),
    2: (3, (8, 16)),
    PALETTE: (1, (1, 2, 4, 8)),
    INK: (4, (8, 16)),
    YCBCR: (3, (8,)),
    8: (3, (8,)),  # CIELab
}
"""By PhotometricInterpretation: how many samples make a colour, and their bits."""

MAX_TILE = 1 << 24
"""Pixels of a tile: libtiff takes memory for a whole one, whatever the size of the image."""

CURE = "save it as RGB or grey of 8 or 16 bits"


def fault(image: Image.Image) -> str:
    """Return why an opened TIFF cannot be decoded as its tags say; empty where it can."""
    tags: Any = image.tag_v2  # type: ignore[attr-defined]
    photometric, bits, extra = tags.get(PHOTOMETRIC), tags.get(BITS, (1,)), tags.get(EXTRA, ())
    count = tags.get(SAMPLES, len(bits))
    raw, jpeg = tags.get(COMPRESSION, 1) == 1, tags.get(COMPRESSION) == 7
    if photometric not in DECODED:
        return f"its PhotometricInterpretation is {photometric}; {CURE}"
    colours, depths = DECODED[photometric]
    if set(tags.get(FORMAT, (1,))) != {1}:
        return f"its samples are signed or floating-point; {CURE}"
    if len(set(bits)) != 1 or bits[0] not in depths:
        depth = ", ".join(map(str, bits))
        return f"samples of {depth} bits are not supported for its colours; {CURE}"
    if count - colours != len(extra) or not set(extra) <= {0, 1, 2}:
        return (
            f"each pixel has {count} samples, and ExtraSamples does not describe those after the "
            f"first {colours}; save it without them, or as RGB with alpha"
        )
    if tags.get(KIND, 0) & 5:
        return "its first page is a mask or a reduced copy of another; save the page that you want"
    if photometric == INK and tags.get(INKS, 1) != 1:
        return f"its inks are not cyan, magenta, yellow and black; {CURE}"
    if photometric == YCBCR and not jpeg and tags.get(SAMPLING, (2, 2)) != (1, 1):
        return f"its colours are YCbCr, subsampled without JPEG; {CURE}"
    if tags.get(PLANES, 1) == 2 and count > 1 and raw and bits[0] != 8:
        return f"its planes of {bits[0]} bits are stored one after the other; {CURE}"
    if tags.get(TILE_WIDTH, 0) * tags.get(TILE_HEIGHT, 0) > MAX_TILE:
        return f"its tiles have more than {MAX_TILE:,} pixels; {CURE}"
    return ""


def mend(image: Image.Image) -> None:
    """Look colours up in a palette whose numbers are bytes, which Pillow would make black."""
    table = image.tag_v2.get(COLOURS, ())  # type: ignore[attr-defined]
    if image.mode in ("P", "PA") and 0 < max(table, default=0) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(table))
