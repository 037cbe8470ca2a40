"""A folder of trouble: files that people have among their images, and what is to come of each.

Every entry is written by code alone, so that what is wrong with it can be read here.
"""

import io
import os
import pickle
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

READ, SKIPPED = "read", "skipped"


@dataclass(frozen=True)
class Trouble:
    """One file, or several.

    Attributes:
        name: Of the file, relative to the folder.
        make: Writes it at its path.
        outcome: `READ`; `SKIPPED`, when it counts as no image; or a part of the cause that is
            told when it cannot be read.
        size: Width and height of what is read.
        listed: The outcome where a manifest names it, if that is another.
    """

    name: str
    make: Callable[[Path], None]
    outcome: str
    size: tuple[int, int] = (24, 16)
    listed: str = ""


def noise(width=24, height=16, mode="RGB", seed=0):
    """An image that no compression makes small, in any mode."""
    pixels = np.random.default_rng(seed).integers(256, size=(height, width, 4), dtype=np.uint8)
    if mode == "I;16":
        return Image.fromarray(pixels.view("<u2")[:, :, 0])
    if mode == "P":
        return Image.fromarray(pixels[:, :, :3]).quantize(32)
    image = Image.fromarray(pixels if mode in ("RGBA", "LA") else pixels[:, :, :3])
    return image.convert(mode)


def saved(image, kind, **options):
    """The bytes of an image in a format."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def data(content):
    """What writes bytes."""
    return lambda path: path.write_bytes(content)


def image_file(kind, mode="RGB", size=(24, 16), **options):
    """What writes a sound image."""
    return lambda path: path.write_bytes(saved(noise(*size, mode), kind, **options))


def chunk(kind, content):
    """One chunk of a PNG with its checksum."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png(width, height, raw, *, depth=8, colour=2, before=b"", end=True):
    """A PNG from its raw rows (each begins with the number of its filter)."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + before
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + (chunk(b"IEND", b"") if end else b"")
    )


def flipped(content, place, bits=0xFF):
    """Bytes with one of them changed."""
    changed = bytearray(content)
    changed[place] ^= bits
    return bytes(changed)


def with_bytes(content, place, new):
    """Bytes with some of them replaced."""
    return content[:place] + new + content[place + len(new) :]


def bmp(width=24, height=16, bits=24, *, shown=None):
    """A BMP; ``shown`` is the height that its header tells."""
    row = (width * bits // 8 + 3) // 4 * 4
    header = struct.pack("<IiiHHIIiiII", 40, width, shown or height, 1, bits, 0, 0, 0, 0, 0, 0)
    pixels = noise(row, height, "L").tobytes()
    return struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + header + pixels


def tiff(**tags):
    """A little TIFF of 8-bit grey, with some of its numbers replaced."""
    values = {"width": 24, "height": 16, "bits": 8, "rows": 16, "bytes": 24 * 16} | tags
    fields = [
        (256, 4, values["width"]),
        (257, 4, values["height"]),
        (258, 3, values["bits"]),
        (259, 3, values.get("compression", 1)),
        (262, 3, 1),
        (273, 4, values.get("offset", 200)),
        (277, 3, values.get("samples", 1)),
        (278, 4, values["rows"]),
        (279, 4, values["bytes"]),
    ]
    directory = struct.pack("<H", values.get("count", len(fields)))
    for tag, kind, value in fields:
        directory += struct.pack("<HHII", tag, kind, 1, value)
    start = struct.pack("<2sHI", b"II", 42, values.get("directory", 8))
    content = (start + directory + struct.pack("<I", 0)).ljust(200, b"\0")
    return content + noise(24, 16, "L").tobytes()


def with_orientation(value, kind):
    exif = Image.Exif()
    exif[0x0112] = value
    return data(saved(noise(), kind, exif=exif))


def broken_exif(kind, content):
    return data(saved(noise(), kind, exif=content))


def film(kind, frames=3):
    first, *others = (noise(seed=seed) for seed in range(frames))
    return data(saved(first, kind, save_all=True, append_images=others))


def link(target):
    """What makes a symbolic link."""
    return lambda path: path.symlink_to(target)


def bind(path):
    """Leave a socket, by a short way since its address must be short."""
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


def unreadable(path):
    path.write_bytes(saved(noise(), "PNG"))
    path.chmod(0)


JPEG, PNG = saved(noise(), "JPEG"), saved(noise(), "PNG")
WHOLE = {
    "png": PNG,
    "jpg": JPEG,
    "webp": saved(noise(), "WEBP"),
    "bmp": saved(noise(), "BMP"),
    "gif": saved(noise(), "GIF"),
    "tif": saved(noise(), "TIFF"),
    "lzw.tif": saved(noise(), "TIFF", compression="tiff_lzw"),
    "deflate.tif": saved(noise(), "TIFF", compression="tiff_adobe_deflate"),
    "progressive.jpg": saved(noise(), "JPEG", progressive=True),
    "lossless.webp": saved(noise(), "WEBP", lossless=True),
}
"""One sound file of each kind."""

LAST = WHOLE["progressive.jpg"].rindex(b"\xff\xda")


def scans(count, between=b""):
    """A progressive JPEG whose last scan is there again and again."""
    content = WHOLE["progressive.jpg"]
    more = count - content.count(b"\xff\xda")
    return content[:-2] + (between + content[LAST:-2]) * more + b"\xff\xd9"


FTYP = struct.pack(">I", 24) + b"ftyp"
IDAT = PNG.index(b"IDAT")
SOF = JPEG.index(b"\xff\xc0")
SOS = JPEG.index(b"\xff\xda")
ROWS = b"".join(b"\0" + bytes(range(72)) for _ in range(16))
STRIP = b"\0" + bytes(3 * 100_000)

NAMES = {
    "Cyrillic": "кошка.png",
    "Greek": "γάτα.png",
    "Chinese": "猫.png",
    "Arabic": "قطة.png",
    "Hebrew": "חתול.png",
    "Thai": "แมว.png",
    "Devanagari": "बिल्ली.png",
    "composed": "caf\u00e9.png",
    "decomposed": "cafe\u0301.png",
    "emoji": "\U0001f408\u200d\u2b1b.png",
    "written backwards": "a\u202egnp.png",
    "spaces": " a  b .png",
    "line break": "two\nlines.png",
    "tab": "a\tb.png",
    "escape sequence": "\x1b[31mred.png",
    "not UTF-8": os.fsdecode(b"caf\xe9.png"),
    "leading dash": "-rf.png",
    "percent and braces": "%s{0}$HOME*?.png",
    "quotes": "a'b\"c`d.png",
    "back-slash": "a\\b.png",
    "long": "x" * 251 + ".png",
    "two dots": "a..png",
    "upper case": "A.PNG",
    "mixed case": "b.JpEg",
}

ZOO: dict[str, Trouble] = {
    "empty": Trouble("a.png", data(b""), "it is empty"),
    "one byte": Trouble("a.png", data(b"\x89"), "not in a known image format"),
    "zeros": Trouble("a.jpg", data(bytes(5000)), "nothing but zeros"),
    "noise": Trouble("a.jpg", data(noise().tobytes()), "not in a known image format"),
    "HTML": Trouble("a.jpg", data(b"\n<!DOCTYPE html><html>404"), "an HTML page"),
    "text": Trouble("a.png", data("keine Katze: größer".encode() * 400), "it is text"),
    "XML": Trouble("a.png", data(b"<?xml version='1.0'?><error/>"), "an XML document"),
    "SVG": Trouble("a.png", data(b"<?xml version='1.0'?><svg></svg>"), "an SVG drawing"),
    "LFS": Trouble(
        "a.png", data(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "Git LFS"
    ),
    "pickle": Trouble("a.png", data(pickle.dumps({"a": 1})), "a Python pickle"),
    "zip": Trouble("a.png", data(b"PK\3\4" + bytes(50)), "a zip archive"),
    "gzip": Trouble("a.png", data(b"\x1f\x8b\x08" + bytes(50)), "gzip-compressed"),
    "PDF": Trouble("a.jpg", data(b"%PDF-1.7\n"), "a PDF document"),
    "PSD": Trouble("a.png", data(b"8BPS\0\1" + bytes(50)), "a Photoshop document"),
    "HEIC": Trouble("a.jpg", data(FTYP + b"heic" + bytes(50)), "a HEIC image"),
    "AVIF": Trouble("a.jpg", data(saved(noise(), "AVIF")), "an AVIF image"),
    "MP4": Trouble("a.jpg", data(FTYP + b"isom" + bytes(50)), "an MP4"),
    "ICO": Trouble("a.png", image_file("ICO", size=(32, 32)), "a Windows icon"),
    "JPEG 2000": Trouble("a.jpg", image_file("JPEG2000"), "a JPEG 2000"),
    "PPM": Trouble("a.png", image_file("PPM"), "a PPM image"),
    "NumPy array": Trouble("a.png", data(b"\x93NUMPY\1\0"), "a NumPy array"),
    "resource fork": Trouble("a.png", data(b"\0\5\x16\7" + bytes(50)), "a resource fork"),
    "sound": Trouble("a.gif", data(b"ID3" + bytes(50)), "a sound file"),
    # Sound, and odd.
    "1x1": Trouble("a.png", image_file("PNG", size=(1, 1)), READ, (1, 1)),
    "wide": Trouble("a.png", image_file("PNG", size=(20_000, 10)), READ, (20_000, 10)),
    "tall": Trouble("a.png", image_file("PNG", size=(10, 20_000)), READ, (10, 20_000)),
    "a line": Trouble("a.png", data(png(100_000, 1, STRIP)), READ, (100_000, 1)),
    "large": Trouble(
        "a.png", data(saved(Image.new("RGB", (4000, 3000)), "PNG")), READ, (4000, 3000)
    ),
    "grey": Trouble("a.png", image_file("PNG", "L"), READ),
    "grey with alpha": Trouble("a.png", image_file("PNG", "LA"), READ),
    "alpha": Trouble("a.png", image_file("PNG", "RGBA"), READ),
    "black and white": Trouble("a.png", image_file("PNG", "1"), READ),
    "palette": Trouble("a.png", image_file("PNG", "P"), READ),
    "palette with alpha": Trouble(
        "a.png", image_file("PNG", "P", transparency=bytes(range(32))), READ
    ),
    "16-bit grey": Trouble("a.png", image_file("PNG", "I;16"), READ),
    "CMYK": Trouble("a.jpg", image_file("JPEG", "CMYK"), READ),
    "CMYK TIFF": Trouble("a.tif", image_file("TIFF", "CMYK"), READ),
    "LAB": Trouble("a.tif", image_file("TIFF", "LAB"), READ),
    "progressive": Trouble("a.jpg", data(WHOLE["progressive.jpg"]), READ),
    "BMP upside down": Trouble("a.bmp", data(bmp(shown=-16)), READ),
    "GIF film": Trouble("a.gif", film("GIF"), READ),
    "WebP film": Trouble("a.webp", film("WEBP"), READ),
    "PNG film": Trouble("a.png", film("PNG"), READ),
    "many pages": Trouble("a.tif", film("TIFF"), READ),
    "wrong ending": Trouble("a.png", data(JPEG), READ),
    "text after it": Trouble("a.jpg", data(JPEG + b"trailing"), READ),
    "zeros after it": Trouble("a.jpg", data(JPEG + bytes(999)), READ),
    "broken profile": Trouble("a.png", image_file("PNG", icc_profile=b"nonsense"), READ),
    "broken EXIF": Trouble("a.jpg", broken_exif("JPEG", b"Exif\0\0nonsense"), READ),
    "EXIF that points away": Trouble(
        "a.jpg", broken_exif("JPEG", b"Exif\0\0II*\0\xff\xff\xff\xff"), READ
    ),
    # Sound in part.
    "32-bit": Trouble("a.tif", data(saved(Image.new("F", (4, 4)), "TIFF")), "have 32 bits"),
    "bomb": Trouble("a.png", data(png(50_000, 50_000, b"")), "decompression bomb"),
    "small bomb": Trouble("a.png", data(png(12_000, 12_000, b"")), "12,000x12,000 pixels"),
    "JPEG bomb": Trouble(
        "a.jpg", data(with_bytes(JPEG, SOF + 5, b"\xff\xff\xff\xff")), "decompression bomb"
    ),
    "GIF bomb": Trouble(
        "a.gif", data(with_bytes(WHOLE["gif"], 6, b"\xff\xff\xff\xff")), "decompression bomb"
    ),
    "BMP bomb": Trouble("a.bmp", data(bmp(shown=2**31 - 1)), "decompression bomb"),
    "TIFF bomb": Trouble("a.tif", data(tiff(width=2**31, height=2**31)), "decompression bomb"),
    "profile bomb": Trouble(
        "a.png",
        data(
            png(24, 16, ROWS, before=chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50_000_000), 9)))
        ),
        "a PNG",
    ),
    "PNG of 99 million pixels": Trouble(
        "a.png", data(png(9_990, 9_990, b"")), "9,990x9,990 pixels take"
    ),
    "PNG of alpha and 64 million pixels": Trouble(
        "a.png", data(png(8_000, 8_000, b"", colour=6)), "8,000x8,000 pixels take"
    ),
    "BMP of 99 million pixels": Trouble(
        "a.bmp", data(with_bytes(bmp(), 18, struct.pack("<ii", 9_990, 9_990))), "pixels take"
    ),
    "progressive JPEG of 99 million pixels": Trouble(
        "a.jpg",
        data(
            with_bytes(
                WHOLE["progressive.jpg"],
                WHOLE["progressive.jpg"].index(b"\xff\xc2") + 5,
                struct.pack(">HH", 9_990, 9_990),
            )
        ),
        "pixels take",
    ),
    "JPEG of 300 scans": Trouble("a.jpg", data(scans(300)), "more than 64 scans"),
    "JPEG of 64 scans": Trouble("a.jpg", data(scans(64)), READ),
    "JPEG of 300 scans and an end in a comment": Trouble(
        "a.jpg", data(scans(300, b"\xff\xfe\0\4\xff\xd9")), "more than 64 scans"
    ),
    "JPEG with scans after its end": Trouble(
        "a.jpg", data(WHOLE["progressive.jpg"] + WHOLE["progressive.jpg"] * 30), READ
    ),
    "JPEG of arithmetic coding": Trouble(
        "a.jpg", data(JPEG.replace(b"\xff\xc0", b"\xff\xcb", 1)), "a JPEG that"
    ),
    "TIFF of strips that claim gigabytes": Trouble("a.tif", data(tiff(bytes=2**32 - 1)), READ),
    "TIFF of rows without end": Trouble("a.tif", data(tiff(rows=2**32 - 1)), READ),
    "EXIF bomb": Trouble(
        "a.jpg",
        broken_exif("JPEG", b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\xff\xff\xff\x7f\0\0\0\0"),
        READ,
    ),
    "PNG of no size": Trouble("a.png", data(png(0, 0, b"")), "a PNG"),
    "PNG of another kind": Trouble("a.png", data(png(24, 16, ROWS, depth=7)), "a PNG"),
    "PNG without an end": Trouble("a.png", data(png(24, 16, ROWS, end=False)), "a PNG that"),
    "PNG without pixels": Trouble("a.png", data(png(24, 16, b"")), "a PNG that"),
    "PNG with rows missing": Trouble("a.png", data(png(24, 16, ROWS[:800])), "a PNG that"),
    "PNG with a false checksum": Trouble("a.png", data(flipped(PNG, -13)), "a PNG that"),
    **{
        f"PNG with pixels changed, {place}": Trouble(
            "a.png", data(flipped(PNG, IDAT + 4 + place, 0x10)), "a PNG that"
        )
        for place in (2, 30, 300, 900)
    },
    "JPEG of other dimensions": Trouble(
        "a.jpg", data(with_bytes(JPEG, SOF + 5, struct.pack(">HH", 160, 24))), "a JPEG that"
    ),
    "JPEG without pixels": Trouble("a.jpg", data(JPEG[:SOS] + b"\xff\xd9"), "a JPEG"),
    "JPEG that ends in zeros": Trouble(
        "a.jpg", data(JPEG[: SOS + 150] + bytes(len(JPEG))), "a JPEG that"
    ),
    "JPEG that breaks off, with an end": Trouble(
        "a.jpg", data(JPEG[: SOS + 150] + b"\xff\xd9"), "a JPEG that"
    ),
    "JPEG with a thumbnail, cut": Trouble(
        "a.jpg",
        data(saved(noise(64, 64), "JPEG", exif=b"Exif\0\0" + JPEG)[:-900] + bytes(900)),
        "a JPEG that",
    ),
    "BMP of huge height": Trouble("a.bmp", data(bmp(shown=4_000)), "a BMP that"),
    "BMP of 7 bits": Trouble("a.bmp", data(bmp(bits=7)), "a BMP"),
    "GIF without frames": Trouble("a.gif", data(WHOLE["gif"][:13] + b";"), "a GIF"),
    "TIFF without a directory": Trouble("a.tif", data(tiff(directory=10**6)), "a TIFF"),
    "TIFF with too many tags": Trouble("a.tif", data(tiff(count=60_000)), READ),
    "TIFF with pixels elsewhere": Trouble("a.tif", data(tiff(offset=10**7)), "a TIFF that"),
    "TIFF of odd bits": Trouble("a.tif", data(tiff(bits=77)), "a TIFF"),
    "TIFF of odd samples": Trouble("a.tif", data(tiff(samples=999)), "a TIFF"),
    "TIFF of an odd compression": Trouble("a.tif", data(tiff(compression=999)), "a TIFF"),
    "TIFF of false LZW": Trouble("a.tif", data(tiff(compression=5)), "a TIFF that"),
    "WebP of another length": Trouble(
        "a.webp", data(with_bytes(WHOLE["webp"], 4, b"\xff\xff\xff\x7f")), "a WebP"
    ),
    **{
        f"{kind} cut at {percent} %": Trouble(
            f"a.{kind}", data(content[: len(content) * percent // 100]), "incomplete"
        )
        for kind, content in WHOLE.items()
        for percent in (20, 60, 90)
    },
    **{
        f"orientation {value} in {kind}": Trouble(
            "a.img.png", with_orientation(value, kind), READ, (24, 16) if value < 5 else (16, 24)
        )
        for value in range(1, 9)
        for kind in ("JPEG", "TIFF")
    },
    "orientation 9": Trouble("a.jpg", with_orientation(9, "JPEG"), READ),
    # What is no file.
    "a folder": Trouble("a.png", Path.mkdir, SKIPPED, listed="it is a folder"),
    "a pipe": Trouble("a.png", os.mkfifo, SKIPPED, listed="it is a pipe, a socket or a device"),
    "a socket": Trouble("a.png", bind, SKIPPED, listed="it is a pipe, a socket or a device"),
    "a device": Trouble("a.png", link("/dev/zero"), SKIPPED, listed="a socket or a device"),
    "a link to itself": Trouble("a.png", link("a.png"), "symbolic links"),
    "a link to nothing": Trouble("a.png", link("nothing.png"), "No such file"),
    "a link to the folder": Trouble("a", link("."), SKIPPED, listed="it is a folder"),
    "a link to an image": Trouble("a.png", link("good.png"), READ, (8, 8)),
    "hidden": Trouble(".a.png", data(PNG), SKIPPED, listed=READ),
    "another ending": Trouble("a.png.part", data(PNG), SKIPPED, listed=READ),
    "no ending": Trouble("png", data(PNG), SKIPPED, listed=READ),
    "nothing but an ending": Trouble(".png", data(PNG), SKIPPED, listed=READ),
    "not ours to read": Trouble("a.png", unreadable, "Permission denied"),
    **{f"name: {what}": Trouble(name, data(PNG), READ) for what, name in NAMES.items()},
    **{
        f"empty, name: {what}": Trouble(name, data(b""), "it is empty")
        for what, name in NAMES.items()
    },
}
"""Every kind of trouble by what it is."""


def build(root):
    """Write the whole zoo, each kind in a folder of its own; return their paths by kind."""
    paths = {}
    for number, (what, trouble) in enumerate(ZOO.items()):
        place = root / f"{number:03}"
        place.mkdir(parents=True)
        (place / "good.png").write_bytes(saved(noise(8, 8), "PNG"))
        trouble.make(place / trouble.name)
        paths[what] = place / trouble.name
    return paths
