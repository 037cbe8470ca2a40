"""Reading one picture file: whole or not at all, upright, in sRGB of eight bits."""

import contextlib
import functools
import io
import os
import random
import stat
import warnings
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageColor, UnidentifiedImageError

from ganzoo.data.signatures import HEAD, verdict
from ganzoo.errors import DataError

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""The endings by which pictures are known; other files are passed over."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What is read, by Pillow's names; a file is told by its content, whatever its ending."""

MAX_PIXELS = 100_000_000
"""Larger pictures are refused by their header, before memory is taken for them."""

WHITE = "#ffffff"

DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
GREY_MODES = frozenset({"1", "L", "LA"}) | DEEP_MODES
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

Picture = str | os.PathLike[str] | IO[bytes]
"""A file by its path, or opened."""


class _RefusedError(ValueError):
    """Its message is the sentence to tell."""


def decode(
    picture: Picture, name: str, channels: int, *, background: str = WHITE
) -> NDArray[np.uint8]:
    """Read a picture: the first frame, upright, in sRGB, in grey or colour.

    What is transparent is put on the background, by the arithmetic of stored sRGB values as
    browsers do it, or kept as a fourth channel. 16 bits lose their lower eight. An embedded colour
    profile is followed; a damaged one, like damaged EXIF, is ignored.

    Args:
        picture: The file.
        name: What errors call it.
        channels: 1 for grey, 3 for colour, 4 for colour with alpha.
        background: A colour as Pillow knows them. It also stands where a picture with alpha is
            clear, so that no unseen colours are learned.

    Returns:
        uint8 (H, W) or (H, W, channels).

    Raises:
        DataError: It cannot be decoded, or breaks off; the message is one sentence.
    """
    with _refusals(name), _opened(picture) as file:
        _check_end(file)
        image = _recognised(file)
        with _damage(image.format):
            image.load()
            if image.format in ("JPEG", "MPO") and _is_filled_up(file, image):
                raise _RefusedError("its pixels end too early")
        step = _UPRIGHT.get(_orientation(image))
        plain = _in_srgb(_to_8_bits(image))
        return _in_channels(plain if step is None else plain.transpose(step), channels, background)


def look(picture: Picture, name: str) -> tuple[tuple[int, int], bool]:
    """Read a picture's header alone.

    Returns:
        Its width and height as they are stored, and whether it is grey.

    Raises:
        DataError: It is no picture that can be decoded.
    """
    with _refusals(name), _opened(picture) as file:
        image = _recognised(file)
        return image.size, image.mode in GREY_MODES


def mode_of(picture: Picture, name: str) -> str:
    """Read from a picture's header its format and how its pixels are stored, as ``PNG RGBA``.

    Raises:
        DataError: It is no picture that can be decoded.
    """
    with _refusals(name), _opened(picture) as file:
        image = _recognised(file)
        return f"{image.format} {image.mode}"


def check_kind(mode: int) -> None:
    """Refuse what is no file, by its mode.

    Raises:
        DataError: The message is the cause alone.
    """
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise DataError(f"it is {kind}, not a file")


def complaint(bad: list[str], total: int) -> str:
    """Name the first few of the files that cannot be read."""
    more = f" and {len(bad) - NAMED_AT_MOST} more" if len(bad) > NAMED_AT_MOST else ""
    return (
        f"{len(bad)} of {total} pictures cannot be read: {', '.join(bad[:NAMED_AT_MOST])}{more}; "
        "remove or replace them"
    )


def put_on(image: Image.Image, background: str) -> Image.Image:
    """Put a picture that has transparency on a background; RGB."""
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
        told = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
        raise DataError(f"{told}: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.isprintable() else ascii(text)[1:-1]


@contextlib.contextmanager
def _opened(picture: Picture) -> Iterator[IO[bytes]]:
    """Open a path, if a file is there: to open a pipe would wait for ever."""
    if not isinstance(picture, str | os.PathLike):
        picture.seek(0)
        yield picture
        return
    check_kind(os.stat(picture).st_mode)
    with open(picture, "rb") as file:
        yield file


def _recognised(file: IO[bytes]) -> Image.Image:
    """Read the header of a picture whose pixels can be taken."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise _RefusedError(verdict(head)) from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception as error:
        raise _RefusedError(f"{verdict(head)} ({_cause(error)})") from error
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(image.size)
    if image.mode in UNBOUNDED_MODES:
        raise _RefusedError("its pixels are of 32 bits; save it with 8 or 16")
    return image


def _too_large(size: tuple[int, int] | None = None) -> _RefusedError:
    given = f"{size[0]:,}x{size[1]:,} pixels are" if size else "it claims"
    return _RefusedError(
        f"{given} more than the {MAX_PIXELS // 1_000_000} million pixels that are read, as in a "
        "decompression bomb; make it smaller"
    )


@contextlib.contextmanager
def _damage(kind: str | None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        kind = {"MPO": "JPEG", "WEBP": "WebP"}.get(kind or "", kind)
        raise _RefusedError(f"a {kind} that is damaged or breaks off ({_cause(error)})") from error


def _check_end(file: IO[bytes]) -> None:
    """Refuse a JPEG without an end, which becomes grey there, and a PNG with false checksums."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(b"\xff\xd8"):
        data = file.read()
        start = _start_of_scan(data)
        if start is not None and data.rfind(_END) < start:
            raise _RefusedError("a JPEG that is damaged or breaks off (its end is missing)")
    if head == b"\x89PNG":
        image = _recognised(file)
        with _damage("PNG"):
            image.verify()


_END = b"\xff\xd9"
_PADDING = bytes(random.Random(0).choices(range(1, 255), k=64))
_CORNER = 4


def _start_of_scan(data: bytes) -> int | None:
    """Find where a JPEG's pixels begin, after the thumbnail; None where no chain leads there."""
    place = 2
    while data[place : place + 1] == b"\xff":
        kind = data[place + 1 : place + 2]
        if kind == b"\xda":
            return place
        if kind == b"\xff":  # a fill byte
            place += 1
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _is_filled_up(file: IO[bytes], image: Image.Image) -> bool:
    """Tell whether a JPEG has an end that comes before its last pixels, which are grey then.

    libjpeg decodes the rest from zeros. So where the last corner is flat, other bytes are put
    before the end: only where pixels were missing do they change the picture.
    """
    width, height = image.size
    corner = np.asarray(
        image.crop((max(0, width - _CORNER), max(0, height - _CORNER), *image.size))
    )
    if (corner != corner[-1, -1]).any():
        return False
    file.seek(0)
    data = file.read()
    end = data.find(_END, _start_of_scan(data))
    again = Image.open(io.BytesIO(data[:end] + _PADDING + data[end:]), formats=FORMATS)
    return again.tobytes() != image.tobytes()


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # Damaged EXIF raises whatever comes.
        return None


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey, which Pillow would clip."""
    if image.mode not in DEEP_MODES:
        return image
    deep = np.asarray(image)
    grey = Image.fromarray((deep // 256).astype(np.uint8))
    clear = image.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    return grey


def _in_srgb(image: Image.Image) -> Image.Image:
    """Follow the colour profile of a picture, if it has one that makes sense."""
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
    except Exception:  # It is damaged, or of another kind of colours than the picture's.
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
    if channels == 4:
        return clear_to(np.asarray(image.convert("RGBA")), background)
    if image.has_transparency_data:
        image = put_on(image, background)
    return np.asarray(image.convert("L" if channels == 1 else "RGB"))
