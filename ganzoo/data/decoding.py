"""Reading one image file: whole or not at all, upright, in sRGB of eight bits."""

import contextlib
import functools
import io
import os
import random
import stat
import warnings
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageColor, UnidentifiedImageError

from ganzoo.data import jpegs, tiffs
from ganzoo.data.depth import DEEP_MODES, FULL, from_grey
from ganzoo.data.signatures import HEAD, verdict
from ganzoo.errors import DataError, brief
from ganzoo.terminal import printable

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""The endings by which images are known; other files are passed over."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What is read, by Pillow's names; a file is told by its content, whatever its ending."""

MAX_PIXELS = 100_000_000
"""Larger images are refused by their header, before memory is taken for them."""

MAX_BYTES = 240_000_000
"""Of a decoded image in Pillow: 60 million pixels in colour, as the largest usual cameras make.
Decoding takes two to four times as much, in each of up to eight processes."""

STRIP_PIXELS = 1 << 20

WHITE = "#ffffff"

GREY_MODES = frozenset({"1", "L", "LA", "La"}) | DEEP_MODES
UNBOUNDED_MODES = frozenset({"I", "F"})
NAMED_AT_MOST = 5

ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

File = str | os.PathLike[str] | IO[bytes]
"""A file by its path, or opened."""


def decode(
    source: File, name: str, channels: int, *, background: str = WHITE, white: int = FULL
) -> NDArray[np.uint8]:
    """Read an image: the first frame, upright, in sRGB, in grey or colour.

    What is transparent is put on the background, by the arithmetic of stored sRGB values as
    browsers do it, or kept as a fourth channel. An embedded colour profile is followed; a
    damaged one, like damaged EXIF, is ignored. A JPEG that would take too much memory is decoded
    to half its width and height.

    Args:
        source: The file.
        name: What errors call it.
        channels: 1 for grey, 3 for colour, 4 for colour with alpha.
        background: A colour as Pillow knows them. It also stands where an image with alpha is
            clear, so that no unseen colours are learned.
        white: The value that is white in grey of 16 bits; larger ones are white too.

    Returns:
        uint8 (H, W) or (H, W, channels).

    Raises:
        DataError: It cannot be decoded, or breaks off; the message is one sentence.
    """
    with _refusals(name), _opened(source) as file:
        scans = _check_end(file)
        image = _recognised(file)
        if white != FULL and image.mode not in DEEP_MODES and ";16" in _layout(image):
            raise ValueError(
                f"data.white applies to 16-bit grey alone, and its pixels are {image.mode}; spread "
                "their values over all 16 bits, or leave data.white out"
            )
        _bound_memory(image, scans)
        with _damage(image.format):
            image.load()
            if scans and _is_filled_up(file, image):
                raise ValueError("its pixels end too early")
        step = _UPRIGHT.get(_orientation(image))
        plain = _in_srgb(_to_8_bits(image, white))
        return _in_channels(plain if step is None else plain.transpose(step), channels, background)


def look(source: File, name: str) -> Image.Image:
    """Read an image's header alone: size, format and mode; no pixels can be had from it."""
    with _refusals(name), _opened(source) as file:
        return _recognised(file)


def check_kind(mode: int) -> None:
    """Refuse what is no file, by its mode; the message is the cause alone."""
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise DataError(f"it is {kind}, not a file")


def complaint(bad: Sequence[str], total: int) -> str:
    """Tell which files cannot be read."""
    count = len(bad)
    return f"{count} of {total} images cannot be read: {first_of(bad)}; remove or replace them"


def first_of(causes: Sequence[str]) -> str:
    """Name the first few."""
    more = f" and {len(causes) - NAMED_AT_MOST} more" if len(causes) > NAMED_AT_MOST else ""
    return ", ".join(causes[:NAMED_AT_MOST]) + more


def put_on(image: Image.Image, background: str) -> Image.Image:
    """Put an image that has transparency on a background; RGB."""
    layer = image.convert("RGBA")
    sheet = Image.new("RGBA", layer.size, ImageColor.getrgb(background))
    return Image.alpha_composite(sheet, layer).convert("RGB")


def clear_to(pixels: NDArray[np.uint8], background: str) -> NDArray[np.uint8]:
    """Give the clear pixels of (H, W, 4) the colour of the background."""
    colour = ImageColor.getrgb(background)[:3]
    seen = pixels[..., 3:] > 0
    return np.where(seen, pixels, np.array([*colour, 0], dtype=np.uint8))


@contextlib.contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Let nothing out but a sentence: no warning, and one kind of error."""
    try:
        with warnings.catch_warnings():
            # Of metadata that does not matter, or of what becomes an error of ours.
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        raise DataError(f"{printable(name)}: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or brief(error)


@contextlib.contextmanager
def _opened(source: File) -> Iterator[IO[bytes]]:
    """Open a path, if a file is there: to open a pipe would wait for ever."""
    if not isinstance(source, str | os.PathLike):
        source.seek(0)
        yield source
        return
    check_kind(os.stat(source).st_mode)
    with open(source, "rb") as file:
        yield file


def _recognised(file: IO[bytes]) -> Image.Image:
    """Read the header of an image whose pixels Pillow decodes as they are meant."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError(verdict(head)) from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception as error:
        raise ValueError(f"{verdict(head)} ({_cause(error)})") from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(image.size)
    if image.mode in UNBOUNDED_MODES:
        raise ValueError("its pixels have 32 bits; save it with 8 or 16")
    if image.format == "TIFF":
        if cause := tiffs.fault(image):
            raise ValueError(f"a TIFF of an unsupported kind: {cause}")
        tiffs.mend(image)
    clear, layout = image.info.get("transparency"), _layout(image)
    if image.format == "PNG" and layout in _SHADES and isinstance(clear, int):
        image.info["transparency"] = clear * _SHADES[layout]
    if clear is not None and layout.startswith("RGB;16"):
        raise ValueError("it marks a 16-bit colour as transparent; save it with an alpha channel")
    if image.format == "BMP":
        bits = head[24] if head[14] == 12 else head[28]
        if bits != {"1": 1, "L": 8}.get(image.mode, bits):
            raise ValueError(f"its palette does not fit its {bits} bits; save it as PNG")
    return image


def _layout(image: Any) -> str:
    """Return how the pixels of an opened image are stored, by Pillow's name of a raw mode."""
    args = image.tile[0].args if image.tile else ""
    return str(args[0] if isinstance(args, tuple) else args)


_SHADES = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies the greys of a PNG by, but not the clear one."""


def _bound_memory(image: Image.Image, scans: int) -> None:
    """Refuse what takes too much memory, or have half of its sides decoded.

    Of a JPEG of several scans libjpeg keeps all whatever is decoded.
    """
    taken = image.width * image.height * _PIXEL_BYTES.get(image.mode, 4)
    if taken > MAX_BYTES and scans == 1:
        image.draft(None, (image.width // 2, image.height // 2))
    elif taken > MAX_BYTES:
        raise ValueError(
            f"{image.width:,}x{image.height:,} pixels take {taken:,} bytes, more than the limit "
            f"of {MAX_BYTES:,} for an image; make it smaller"
        )


_PIXEL_BYTES = dict.fromkeys(("1", "L", "P"), 1) | dict.fromkeys(DEEP_MODES, 2)


def _too_large(size: tuple[int, int] | None = None) -> ValueError:
    given = f"{size[0]:,}x{size[1]:,} pixels are" if size else "it claims"
    return ValueError(
        f"{given} more than the limit of {MAX_PIXELS // 1_000_000} million pixels, which guards "
        "against decompression bombs; make it smaller"
    )


@contextlib.contextmanager
def _damage(kind: str | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        kind = {"MPO": "JPEG", "WEBP": "WebP"}.get(kind or "", kind)
        raise ValueError(f"a {kind} that is damaged or incomplete ({_cause(error)})") from error


def _check_end(file: IO[bytes]) -> int:
    """Refuse a JPEG without an end, and a PNG with false checksums; count the scans of a JPEG."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(b"\xff\xd8"):
        return jpegs.scans_of(file.read())
    if head == b"\x89PNG":
        image = _recognised(file)
        with _damage("PNG"):
            image.verify()
    return 0


_PADDING = bytes(random.Random(0).choices(range(1, 255), k=64))
_CORNER = 4


def _is_filled_up(file: IO[bytes], image: Image.Image) -> bool:
    """Tell whether a JPEG has an end that comes before its last pixels, which are grey then.

    libjpeg decodes the rest from zeros. So where the last corner is flat, other bytes are put
    before the end: only where pixels were missing do they change the image.
    """
    width, height = image.size
    corner = np.asarray(
        image.crop((max(0, width - _CORNER), max(0, height - _CORNER), *image.size))
    )
    if (corner != corner[-1, -1]).any():
        return False
    file.seek(0)
    data = file.read()
    end = data.find(jpegs.END, jpegs.start_of_scan(data))
    again = Image.open(io.BytesIO(data[:end] + _PADDING + data[end:]), formats=FORMATS)
    if again.size != image.size:
        again.draft(None, image.size)
    pairs = zip(_strips(again), _strips(image), strict=True)
    return any(one.tobytes() != other.tobytes() for (_, one), (_, other) in pairs)


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # Damaged EXIF raises whatever comes.
        return None


def _to_8_bits(image: Image.Image, white: int) -> Image.Image:
    """Bring an image to the modes of 8 bits that Pillow converts rightly."""
    if image.mode == "La":
        return image.convert("LA")
    if image.format == "BMP" and image.mode == "RGBA" and not image.getchannel("A").getbbox():
        return image.convert("RGB")  # as writers of BMP leave alpha at 0 where they have none
    if image.mode not in DEEP_MODES:
        return image
    shown = from_grey(image, white)
    shown.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return shown


def _in_srgb(image: Image.Image) -> Image.Image:
    """Follow the colour profile of an image, if it has one that makes sense."""
    profile = image.info.get("icc_profile")
    if image.mode == "LAB":
        return _from_lab().apply(image)
    if image.mode == "1" or not profile:
        return image
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif "transparency" in image.info:
        image = image.convert("RGBA")
    has_alpha = image.mode in ("LA", "RGBA")
    try:
        # The rule of a profile is for colours alone.
        colours = image.convert(image.mode.rstrip("A")) if has_alpha else image
        transform = _transform(profile, colours.mode)
        if transform is None:
            return image
        shown = transform.apply(colours)
    except Exception:  # It is damaged, or of another kind of colours than the image's.
        return image
    if has_alpha:
        shown.putalpha(image.getchannel("A"))
    return shown


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the way from a profile's colours to sRGB; None where they are that already."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" in ImageCms.getProfileDescription(source):
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


@functools.cache
def _from_lab() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _in_channels(image: Image.Image, channels: int, background: str) -> NDArray[np.uint8]:
    """Convert strip by strip, as a second image beside a large one is much memory."""
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    shape = (image.height, image.width, channels)[: 2 if channels == 1 else 3]
    pixels = np.empty(shape, dtype=np.uint8)
    for top, strip in _strips(image):
        if channels < 4 and strip.has_transparency_data:
            strip = put_on(strip, background)
        part = np.asarray(strip.convert(mode))
        pixels[top : top + len(part)] = part if channels < 4 else clear_to(part, background)
    return pixels


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    rows = max(1, STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))
