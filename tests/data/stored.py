"""Images stored in every way that TIFF, PNG and BMP know, written by NumPy and tifffile alone.

`VARIANTS` maps what a variant is to its file and to what decoding it has to give: by the arithmetic
of its specification, on what an independent reader finds in the file.
"""

import io
import itertools
import struct
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from tests.data.zoo import chunk

HEIGHT, WIDTH = 12, 32


class Variant(NamedTuple):
    """One file.

    Attributes:
        content: Of the file.
        expected: The pixels that decoding gives on white, or a part of the refusal.
        options: Of the decoding.
    """

    content: bytes
    expected: np.ndarray | str
    options: Mapping = MappingProxyType({})


def numbers(bits, *shape, seed=0):
    """Random samples of so many bits."""
    kind = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(seed).integers(1 << bits, size=shape).astype(kind)


def eight(samples, bits):
    """Bring samples to 8 bits: scaled up exactly, or without their lower bits."""
    wide = samples.astype(np.int64)
    return wide * 255 // ((1 << bits) - 1) if bits <= 8 else wide >> (bits - 8)


def on_white(colours, alpha):
    """Put colours on white by their alpha."""
    share = alpha[..., None] / 255
    result = colours.reshape(*alpha.shape, -1) * share + 255 * (1 - share)
    return result.reshape(colours.shape)


def packed(samples, bits, order="big"):
    """Pack rows of samples as TIFF, PNG and BMP do, each row to whole bytes."""
    rows = samples.reshape(len(samples), -1)
    if bits > 8 and bits % 8 == 0:
        return rows.astype(">u2" if order == "big" else "<u2").tobytes()
    places = np.arange(bits - 1, -1, -1)
    spread = (rows[..., None].astype(int) >> places & 1).reshape(len(rows), -1)
    return np.packbits(spread.astype(np.uint8), axis=1).tobytes()


def with_tags(data, order="<", **tags):
    """A TIFF of one strip from its tags: `t258=(8, 8, 8)`."""
    values = {256: WIDTH, 257: HEIGHT, 258: 8, 259: 1, 262: 1, 277: 1, 278: HEIGHT}
    values |= {int(key[1:]): value for key, value in tags.items()}
    values = {tag: value for tag, value in values.items() if value is not None}
    values |= {273: 4000, 279: len(data)}
    directory, beyond = struct.pack(order + "H", len(values)), b""
    start = 10 + 12 * len(values) + 4
    for tag, value in sorted(values.items()):
        several = value if isinstance(value, tuple) else (value,)
        kind = "I" if tag in (254, 256, 257, 273, 279) else "H"
        content = struct.pack(f"{order}{len(several)}{kind}", *several)
        directory += struct.pack(order + "HHI", tag, 4 if kind == "I" else 3, len(several))
        if len(content) > 4:
            directory += struct.pack(order + "I", start + len(beyond))
            beyond += content
        else:
            directory += content.ljust(4, b"\0")
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, 8) + directory + bytes(4) + beyond
    return head.ljust(4000, b"\0") + data


def tif(samples, **options):
    """A TIFF by tifffile."""
    file = io.BytesIO()
    tifffile.imwrite(file, samples, metadata=None, **options)
    return file.getvalue()


def jpeg_in_tif(samples, **options):
    return tif(samples, compression="jpeg", compressionargs={"level": 95}, **options)


def found(content):
    """What an independent reader finds in a TIFF, channels last."""
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages[0]
        samples = page.asarray()
        return np.moveaxis(samples, 0, -1) if page.axes == "SYX" else samples


def planes(samples):
    """Samples with their channels first."""
    return np.ascontiguousarray(np.moveaxis(samples, -1, 0))


def _grey_tiffs():
    for bits, photometric, order in itertools.product((1, 2, 4, 8, 16), (0, 1), "<>"):
        samples = numbers(bits, HEIGHT, WIDTH)
        data = packed(samples, bits, "big" if order == ">" else "little")
        content = with_tags(data, order, t258=bits, t262=photometric)
        expected = eight(found(content), bits)
        told = "a TIFF" if (bits, photometric, order) == (16, 0, ">") else None
        name = f"TIFF grey {bits} bits, photometric {photometric}, {order}"
        yield name, Variant(content, told or (expected if photometric else 255 - expected))
    for compression, order, bits in itertools.product(("lzw", "zstd", "packbits"), "<>", (8, 16)):
        predictor = 2 if compression in ("lzw", "zstd") else None
        samples = numbers(bits, HEIGHT, WIDTH)
        content = tif(samples, compression=compression, predictor=predictor, byteorder=order)
        yield f"TIFF grey {bits} {compression} {order}", Variant(content, eight(samples, bits))
    grey, deep, deeper = (numbers(bits, HEIGHT, WIDTH) for bits in (8, 12, 16))
    content = tif(deeper, compression="lzw", photometric="miniswhite")
    yield "TIFF 16 bits, white is 0, lzw", Variant(content, 255 - eight(deeper, 16))
    content = with_tags(packed(deep, 12), t258=12)
    yield "TIFF 12 bits", Variant(content, eight(found(content), 12))
    yield "TIFF 12 bits, >", Variant(with_tags(packed(deep, 12), ">", t258=12), "a TIFF")
    content = with_tags(packed(deep, 12), t258=12, t262=0)
    yield "TIFF 12 bits, white is 0", Variant(content, "a TIFF")
    for bits in (10, 14, 24, 32, 64):
        content = with_tags(bytes(HEIGHT * WIDTH * 8), t258=bits)
        yield f"TIFF {bits} bits", Variant(content, "32 bits" if bits == 32 else "a TIFF")
    for kind in ("i1", "i2", "f2", "f4", "f8", "i4", "u4", "c8"):
        told = "32 bits" if kind in ("i2", "f4", "i4", "u4") else "a TIFF"
        yield f"TIFF of {kind}", Variant(tif(np.ones((HEIGHT, WIDTH), kind)), told)
    one = numbers(1, HEIGHT, WIDTH)
    bits = np.packbits(one, 1, "little").tobytes()
    yield "TIFF 1 bit, bits in reverse", Variant(with_tags(bits, t258=1, t266=2), eight(one, 1))
    for compression in ("group3", "group4"):
        file = io.BytesIO()
        Image.fromarray(one.astype(bool)).save(file, "TIFF", compression=compression)
        yield f"TIFF {compression}", Variant(file.getvalue(), eight(one, 1))
    for bits, tile in itertools.product((8, 16), ((16, 16), (16, 48))):
        samples = numbers(bits, 40, 50)
        content = tif(samples, tile=tile)
        yield f"TIFF grey {bits} in tiles of {tile}", Variant(content, eight(samples, bits))
    for what, told, tags in (
        ("TIFF that does not say what is white", "Photometric", {"t262": None}),
        ("TIFF of a mask", "mask", {"t254": 4}),
        ("TIFF with a thumbnail first", "reduced", {"t254": 1}),
    ):
        yield what, Variant(with_tags(grey.tobytes(), **tags), told)
    yield "BigTIFF", Variant(tif(grey, bigtiff=True), eight(grey, 8))
    yield "TIFF of pages", Variant(tif(np.stack([grey, grey // 2])), eight(grey, 8))
    turned = np.rot90(eight(deeper, 16), -1)
    for photometric in (0, 1):
        tags = {"t258": 16, "t274": 6, "t262": photometric}
        content = with_tags(packed(deeper, 16, "little"), **tags)
        expected = turned if photometric else 255 - turned
        yield f"TIFF 16 bits, turned, photometric {photometric}", Variant(content, expected)
    for extra in (0, 1, 2, None):
        both = numbers(8, HEIGHT, WIDTH, 2)
        if extra == 1:
            both[..., 0] = both[..., 0].astype(int) * both[..., 1] // 255
        content = with_tags(both.tobytes(), t258=(8, 8), t277=2, t338=extra)
        shade, alpha = both[..., 0].astype(int), both[..., 1]
        expected = {0: shade, 1: shade + 255 - alpha, 2: on_white(shade, alpha), None: "a TIFF"}
        yield f"TIFF grey with an extra sample {extra}", Variant(content, expected[extra])


def _colour_tiffs():
    for bits, planar, compression, order in itertools.product(
        (8, 16), ("contig", "separate"), (None, "lzw"), "<>"
    ):
        samples = numbers(bits, HEIGHT, WIDTH, 3)
        options = {"planarconfig": planar, "compression": compression, "byteorder": order}
        stored = samples if planar == "contig" else planes(samples)
        content = tif(stored, photometric="rgb", predictor=2 if compression else None, **options)
        wrong = bits == 16 and planar == "separate" and not compression
        expected = "planes" if wrong else eight(found(content), bits)
        yield f"TIFF RGB {bits} {planar} {compression} {order}", Variant(content, expected)
    for bits, planar, extra, compression in itertools.product(
        (8, 16), ("contig", "separate"), (0, 1, 2), (None, "lzw")
    ):
        samples = numbers(bits, HEIGHT, WIDTH, 4)
        if extra == 1:
            most = (1 << bits) - 1
            samples[..., :3] = samples[..., :3] * (samples[..., 3:] / most)
        options = {"planarconfig": planar, "compression": compression, "extrasamples": [extra]}
        content = tif(
            samples if planar == "contig" else planes(samples), photometric="rgb", **options
        )
        colours, alpha = np.split(eight(found(content), bits), [3], axis=2)
        if extra:
            white = 255 - alpha
            colours = on_white(colours, alpha[..., 0]) if extra == 2 else colours + white
        refused = planar == "separate" and not compression and (bits == 16 or extra < 2)
        name = f"TIFF RGB {bits} {planar} {compression}, extra {extra}"
        yield name, Variant(content, "a TIFF" if refused else colours)
    for bits in (8, 16):
        four = packed(numbers(bits, HEIGHT, WIDTH, 4), bits, "little")
        for told, extra in (("ExtraSamples", None), ("a TIFF", 999)):
            content = with_tags(four, t258=(bits,) * 4, t262=2, t277=4, t338=extra)
            yield f"TIFF RGB {bits} and infrared, {extra}", Variant(content, told)
    five = numbers(8, HEIGHT, WIDTH, 5)
    alpha = on_white(five[..., :3].astype(int), five[..., 3])
    for extra, expected in (((0, 0), eight(five[..., :3], 8)), ((2, 0), alpha), (None, "a TIFF")):
        content = with_tags(five.tobytes(), t258=(8,) * 5, t262=2, t277=5, t338=extra)
        yield f"TIFF RGB and two others, {extra}", Variant(content, expected)
    rgb = numbers(8, 40, 50, 3)
    for options in ({"tile": (16, 16)}, {"rowsperstrip": 7}):
        for planar, stored in (("contig", rgb), ("separate", planes(rgb))):
            content = tif(stored, photometric="rgb", planarconfig=planar, **options)
            yield f"TIFF RGB {options} {planar}", Variant(content, eight(rgb, 8))
    for bits, factor in itertools.product((1, 2, 4, 8), (1, 257)):
        places = numbers(bits, HEIGHT, WIDTH)
        table = np.random.default_rng(1).integers(256, size=(3, 1 << bits))
        colours = tuple((table * factor).ravel().tolist())
        content = with_tags(packed(places, bits), t320=colours, t258=bits, t262=3)
        yield f"TIFF palette {bits} bits, times {factor}", Variant(content, table.T[places])
    ink = numbers(8, HEIGHT, WIDTH, 4)
    light = (255 - ink[..., :3].astype(int)) * (255 - ink[..., 3:].astype(int)) / 255
    for bits, planar, compression in itertools.product(
        (8, 16), ("contig", "separate"), (None, "lzw")
    ):
        stored = (ink if bits == 8 else ink.astype(np.uint16) * 257).copy()
        stored = stored if planar == "contig" else planes(stored)
        content = tif(stored, photometric="separated", planarconfig=planar, compression=compression)
        wrong = bits == 16 and planar == "separate" and not compression
        name = f"TIFF CMYK {bits} {planar} {compression}"
        yield name, Variant(content, "planes" if wrong else light)
    content = with_tags(ink.tobytes(), t258=(8,) * 4, t262=5, t277=4, t332=2)
    yield "TIFF of other inks", Variant(content, "ink")
    smooth = np.indices((32, 32)).sum(0)[..., None] * np.array([4, 3, 2]) % 256
    smooth = np.sort(smooth.astype(np.uint8), axis=0)
    for photometric, sampling in (("rgb", None), ("ycbcr", (1, 1)), ("ycbcr", (2, 2))):
        content = jpeg_in_tif(smooth, photometric=photometric, subsampling=sampling)
        yield f"TIFF of JPEG {photometric} {sampling}", Variant(content, found(content))
    content = jpeg_in_tif(smooth[..., 0])
    yield "TIFF of JPEG in grey", Variant(content, found(content))
    levels = np.stack([smooth[..., 0], smooth[..., 0] // 8 + 112, smooth[..., 0] // 8 + 120], -1)
    luminance, blue, red = levels.astype(float).transpose(2, 0, 1)
    rgb = [
        luminance + 1.402 * (red - 128),
        luminance - 0.344136 * (blue - 128) - 0.714136 * (red - 128),
        luminance + 1.772 * (blue - 128),
    ]
    tags = {"t256": 32, "t257": 32, "t278": 32, "t258": (8, 8, 8), "t262": 6, "t277": 3}
    content = with_tags(levels.tobytes(), t530=(1, 1), **tags)
    yield "TIFF YCbCr", Variant(content, np.clip(np.stack(rgb, -1), 0, 255))
    content = with_tags(levels.tobytes()[:1536], t530=(2, 2), **tags)
    yield "TIFF YCbCr, subsampled", Variant(content, "YCbCr")
    for photometric in (9, 10, 4, 32803, 32844, 32845):
        content = with_tags(five.tobytes(), t258=(8,) * 3, t262=photometric, t277=3)
        yield f"TIFF photometric {photometric}", Variant(content, "a TIFF")
    for bits, photometric in (((16, 16, 16), 8), ((8, 8, 4), 2), ((5, 6, 5), 2)):
        content = with_tags(five.tobytes() * 2, t258=bits, t262=photometric, t277=3)
        yield f"TIFF of {bits} bits, photometric {photometric}", Variant(content, "a TIFF")
    content = with_tags(five.tobytes(), t322=1 << 15, t323=1 << 15, t324=1000, t259=8)
    yield "TIFF of a huge tile", Variant(content, "a TIFF")


ADAM7 = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)


def png_of(samples, bits, colour, *before, interlaced=False):
    """A PNG, by the specification of W3C."""
    passes = [samples]
    if interlaced:
        passes = [samples[y::down, x::right] for y, x, down, right in ADAM7]
    raw = b"".join(b"\0" + packed(row[None], bits) for part in passes for row in part)
    header = struct.pack(">IIBBBBB", *samples.shape[1::-1], bits, colour, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *before, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def _pngs():
    for interlaced, bits in itertools.product((False, True), (1, 2, 4, 8, 16)):
        how = f"{bits} bits{', interlaced' if interlaced else ''}"
        grey = numbers(bits, HEIGHT, WIDTH)
        content = png_of(grey, bits, 0, interlaced=interlaced)
        assert (imagecodecs.png_decode(content) == (grey if bits > 4 else eight(grey, bits))).all()
        yield f"PNG grey {how}", Variant(content, eight(grey, bits))
        shade = {1: 0, 2: 1, 4: 7}.get(bits, grey[0, 0])
        clear = (b"tRNS", struct.pack(">H", shade))
        content = png_of(grey, bits, 0, clear, interlaced=interlaced)
        expected = np.where(grey == shade, 255, eight(grey, bits))
        yield f"PNG grey with a clear shade {how}", Variant(content, expected)
        if bits <= 8:
            table = numbers(8, 1 << bits, 3, seed=1)
            palette = (b"PLTE", table.tobytes())
            content = png_of(grey, bits, 3, palette, interlaced=interlaced)
            yield f"PNG palette {how}", Variant(content, table[grey])
            alpha = numbers(8, 1 << bits, seed=2)
            content = png_of(
                grey, bits, 3, palette, (b"tRNS", alpha.tobytes()), interlaced=interlaced
            )
            expected = on_white(table[grey].astype(int), alpha[grey])
            yield f"PNG palette with alpha {how}", Variant(content, expected)
        if bits < 8:
            continue
        rgb = numbers(bits, HEIGHT, WIDTH, 3)
        rgb[2] = rgb[0, 0]
        content = png_of(rgb, bits, 2, interlaced=interlaced)
        assert (imagecodecs.png_decode(content) == rgb).all()
        yield f"PNG RGB {how}", Variant(content, eight(rgb, bits))
        clear = (b"tRNS", struct.pack(">HHH", *rgb[0, 0]))
        content = png_of(rgb, bits, 2, clear, interlaced=interlaced)
        expected = np.where((rgb == rgb[0, 0]).all(-1, keepdims=True), 255, eight(rgb, bits))
        told = "with an alpha channel" if bits == 16 else expected
        yield f"PNG RGB with a clear colour {how}", Variant(content, told)
        four = numbers(bits, HEIGHT, WIDTH, 4)
        content = png_of(four, bits, 6, interlaced=interlaced)
        assert (imagecodecs.png_decode(content) == four).all()
        shown = eight(four, bits)
        yield f"PNG RGBA {how}", Variant(content, on_white(shown[..., :3], shown[..., 3]))
        both = four[..., 2:]
        content = png_of(both, bits, 4, interlaced=interlaced)
        expected = on_white(shown[..., 2], shown[..., 3])
        yield f"PNG grey with alpha {how}", Variant(content, expected)


def bmp_of(data, bits, *, compression=0, after=b"", height=HEIGHT, size=40, colours=0, masks=()):
    """A BMP, by the specification of Microsoft."""
    if size == 12:
        header = struct.pack("<IHHHH", size, WIDTH, height, 1, bits)
    else:
        header = struct.pack(
            "<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, len(data), 0, 0, colours, 0
        )
        header = struct.pack("<I", size) + header[4:] + struct.pack(f"<{len(masks)}I", *masks)
        header = header.ljust(size, b"\0")
    offset = 14 + len(header) + len(after)
    return struct.pack("<2sIHHI", b"BM", offset + len(data), 0, 0, offset) + header + after + data


def _lines(samples, bits):
    """Rows from the last to the first, each to four whole bytes."""
    rows = (packed(row[None], bits) for row in samples[::-1])
    return b"".join(row.ljust(-(-len(row) // 4) * 4, b"\0") for row in rows)


def _bmps():
    rgb = numbers(8, HEIGHT, WIDTH, 3)
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    yield "BMP 24 bits", Variant(bmp_of(_lines(bgr, 8), 24), rgb.astype(int))
    content = bmp_of(_lines(bgr[::-1], 8), 24, height=-HEIGHT)
    yield "BMP 24 bits, from the top", Variant(content, rgb.astype(int))
    yield "BMP 24 bits of OS/2", Variant(bmp_of(_lines(bgr, 8), 24, size=12), rgb.astype(int))
    for size in (52, 56, 108, 124):
        content = bmp_of(_lines(bgr, 8), 24, size=size)
        yield f"BMP 24 bits, header of {size}", Variant(content, rgb.astype(int))
    for bits, padding in itertools.product((1, 4, 8), (4, 3)):
        places = numbers(bits, HEIGHT, WIDTH)
        table = numbers(8, 1 << bits, 3, seed=1)
        table_bytes = np.pad(table[:, ::-1], ((0, 0), (0, padding - 3))).tobytes()
        content = bmp_of(
            _lines(places, bits), bits, after=table_bytes, size=40 if padding == 4 else 12
        )
        name = f"BMP palette {bits} bits{'' if padding == 4 else ' of OS/2'}"
        yield name, Variant(content, table[places].astype(int))
        few = places % (2 if bits == 1 else 2 ** (bits - 1))
        content = bmp_of(
            _lines(few, bits),
            bits,
            after=table_bytes[: 4 << (bits - 1 or 1)],
            colours=2 ** (bits - 1) if bits > 1 else 2,
        )
        if padding == 4:
            yield f"BMP palette {bits} bits, few colours", Variant(content, table[few].astype(int))
    for bits, count in ((4, 16), (8, 256), (8, 2), (4, 2), (8, 16), (1, 2), (8, 200)):
        places = (numbers(bits, HEIGHT, WIDTH).astype(int) % count).astype(np.uint8)
        steps = np.array([0, 255]) if count == 2 else np.arange(count)
        after = np.pad(np.repeat(steps[:, None], 3, 1), ((0, 0), (0, 1))).astype(np.uint8).tobytes()
        content = bmp_of(_lines(places, bits), bits, after=after, colours=count)
        # Pillow takes a short palette does not fit for pixels of fewer bits than there are.
        told = (
            "palette does not fit" if (bits, count) in ((4, 16), (8, 2), (4, 2)) else steps[places]
        )
        yield f"BMP {bits} bits, {count} greys", Variant(content, told)
    four = numbers(8, HEIGHT, WIDTH, 4)
    bgra = np.ascontiguousarray(four[..., [2, 1, 0, 3]])
    yield "BMP 32 bits", Variant(bmp_of(_lines(bgra, 8), 32), four[..., :3].astype(int))
    blank = bgra * np.array([1, 1, 1, 0], np.uint8)
    yield "BMP 32 bits, alpha 0", Variant(bmp_of(_lines(blank, 8), 32), four[..., :3].astype(int))
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    shown = on_white(four[..., :3].astype(int), four[..., 3])
    for size in (56, 108, 124):
        content = bmp_of(_lines(bgra, 8), 32, compression=3, masks=masks, size=size)
        yield f"BMP 32 bits with alpha, header of {size}", Variant(content, shown)
        content = bmp_of(_lines(blank, 8), 32, compression=3, masks=masks, size=size)
        expected = four[..., :3].astype(int)
        yield f"BMP 32 bits with alpha 0, header of {size}", Variant(content, expected)
    content = bmp_of(_lines(bgra, 8), 32, compression=3, after=struct.pack("<3I", *masks[:3]))
    yield "BMP 32 bits with masks", Variant(content, four[..., :3].astype(int))
    content = bmp_of(_lines(blank, 8), 32, compression=3, size=56, masks=(0, 0, 0, 0))
    yield "BMP 32 bits with no masks", Variant(content, four[..., :3].astype(int))
    deep = numbers(16, HEIGHT, WIDTH)
    for masks, widths in (
        ((0x7C00, 0x3E0, 0x1F), (5, 5, 5)),
        ((0xF800, 0x7E0, 0x1F), (5, 6, 5)),
        ((0xF00, 0xF0, 0xF), (4, 4, 4)),
    ):
        expected = np.stack(
            [
                eight(deep >> (mask & -mask).bit_length() - 1 & (1 << width) - 1, width)
                for mask, width in zip(masks, widths, strict=True)
            ],
            axis=-1,
        )
        data = b"".join(row.astype("<u2").tobytes() for row in deep[::-1])
        content = bmp_of(data, 16, compression=3, after=struct.pack("<3I", *masks))
        told = "a BMP" if widths[0] == 4 else expected
        yield f"BMP 16 bits {widths}", Variant(content, told)
        if widths == (5, 5, 5):
            yield "BMP 16 bits", Variant(bmp_of(data, 16), expected)
    content = bmp_of(
        _lines(bgra, 8), 32, compression=3, after=struct.pack("<3I", 0x3FF00000, 0xFFC00, 0x3FF)
    )
    yield "BMP 32 bits of 10, 10 and 10", Variant(content, "a BMP")
    table = numbers(8, 256, 3, seed=1)
    after = np.pad(table[:, ::-1], ((0, 0), (0, 1))).tobytes()
    places = np.repeat(numbers(8, HEIGHT, WIDTH // 4), 4, axis=1)
    runs = b"".join(
        b"".join(bytes([4, place]) for place in row[::4].tolist()) + b"\0\0" for row in places[::-1]
    )
    content = bmp_of(runs + b"\0\1", 8, compression=1, after=after)
    yield "BMP in runs", Variant(content, table[places].astype(int))
    nibbles = places % 16
    runs = b"".join(
        b"".join(bytes([4, place * 17]) for place in row[::4].tolist()) + b"\0\0"
        for row in nibbles[::-1]
    )
    content = bmp_of(runs + b"\0\1", 4, compression=2, after=after[:64])
    yield "BMP in runs of 4 bits", Variant(content, table[nibbles].astype(int))


def _partial():
    """Images whose white is a lower value than the last of 16 bits, which is for grey alone."""
    for bits in (8, 10, 12, 14):
        white = (1 << bits) - 1
        grey = numbers(bits, HEIGHT, WIDTH).astype(np.uint16)
        for name, content in (
            ("PNG", png_of(grey, 16, 0)),
            ("TIFF", tif(grey)),
            ("TIFF >", tif(grey, byteorder=">")),
            ("TIFF lzw", tif(grey, compression="lzw", predictor=2)),
            ("TIFF, white is 0,", tif(white - grey, photometric="miniswhite")),
        ):
            variant = Variant(content, eight(grey, bits), {"white": white})
            yield f"{name} of {bits} bits in 16", variant
    four = numbers(12, HEIGHT, WIDTH, 4)
    rgb = np.ascontiguousarray(four[..., :3])
    for name, content in (
        ("PNG RGB", png_of(rgb, 16, 2)),
        ("PNG RGBA", png_of(four, 16, 6)),
        ("PNG grey with alpha", png_of(four[..., 2:], 16, 4)),
        ("TIFF RGB", tif(rgb, photometric="rgb")),
        ("TIFF RGB, lzw, >", tif(rgb, photometric="rgb", compression="lzw", byteorder=">")),
        ("TIFF CMYK", tif(four, photometric="separated")),
    ):
        yield f"{name} of 12 bits in 16", Variant(content, "data.white", {"white": 4095})
    rgb = numbers(8, HEIGHT, WIDTH, 3)
    plain = Variant(png_of(rgb, 8, 2), rgb.astype(int), {"white": 4095})
    yield "PNG of 8 bits, white of 16 chosen", plain
    deep = with_tags(packed(numbers(12, HEIGHT, WIDTH), 12), t258=12)
    expected = eight(numbers(12, HEIGHT, WIDTH), 12)
    yield "TIFF of 12 bits, white of 16 chosen", Variant(deep, expected, {"white": 1023})
    above = np.full((HEIGHT, WIDTH), 60_000, np.uint16)
    white = Variant(tif(above), np.full((HEIGHT, WIDTH), 255), {"white": 4095})
    yield "TIFF with values above white", white


VARIANTS = {
    name: variant
    for group in (_grey_tiffs, _colour_tiffs, _pngs, _bmps, _partial)
    for name, variant in group()
}
