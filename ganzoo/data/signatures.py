"""Telling by its first bytes what a file is that is no image that can be read."""

import codecs

HEAD = 4096
"""How many bytes `verdict` should be given."""

READ = "PNG, JPEG, WebP, BMP, GIF or TIFF"
_CONVERT = "a format that cannot be read; convert it to PNG or JPEG"
_AGAIN = "not an image; get the file again"

# Where the bytes stand, the bytes, what they begin, and what to say of it.
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG", "a PNG", "its header is damaged or incomplete"),
    (0, b"\xff\xd8", "a JPEG", "its header is damaged or incomplete"),
    (8, b"WEBP", "a WebP", "its header is damaged or incomplete"),
    (0, b"BM", "a BMP", "its header is damaged, incomplete or of an unsupported kind"),
    (0, b"GIF8", "a GIF", "its header is damaged, incomplete or has no frame after it"),
    (0, b"II*\0", "a TIFF", "its header is damaged, incomplete or of an unsupported kind"),
    (0, b"MM\0*", "a TIFF", "its header is damaged, incomplete or of an unsupported kind"),
    (0, b"II+\0", "a BigTIFF", "its header is damaged or incomplete"),
    (0, b"version https://git-lfs", "a Git LFS pointer", "get the file itself with git lfs pull"),
    (0, b"\0\5\x16\7", "a resource fork of macOS", "not an image; remove it"),
    (0, b"PK\3\4", "a zip archive", "not an image; unpack it"),
    (0, b"\x1f\x8b", "gzip-compressed", "not an image; unpack it"),
    (0, b"%PDF", "a PDF document", "not an image; export its pages as PNG"),
    (0, b"8BPS", "a Photoshop document", _CONVERT),
    (0, b"\0\0\1\0", "a Windows icon", _CONVERT),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000", _CONVERT),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL", _CONVERT),
    (0, b"P5", "a PGM image", _CONVERT),
    (0, b"P6", "a PPM image", _CONVERT),
    *(
        (4, b"ftyp" + brand, "a HEIC image", _CONVERT)
        for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
    ),
    (4, b"ftypavi", "an AVIF image", _CONVERT),
    (4, b"ftyp", "an MP4 or QuickTime video", "not an image; export its frames as PNG"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM video", "not an image; export its frames as PNG"),
    (8, b"AVI ", "an AVI video", "not an image; export its frames as PNG"),
    (0, b"ID3", "a sound file", "not an image; remove it"),
    (0, b"\x93NUMPY", "a NumPy array", "not an image; save its images as PNG"),
    (0, b"\x89HDF", "an HDF5 file", "not an image; save its images as PNG"),
    *((0, bytes([0x80, n]), "a Python pickle", "not an image; remove it") for n in (2, 3, 4, 5)),
    (0, b"\x7fELF", "a program", "not an image; remove it"),
)


def verdict(head: bytes) -> str:
    """Say what a file is, by its first `HEAD` bytes, that no reader of images knows."""
    if not head:
        return f"it is empty; {_AGAIN.removeprefix('not an image; ')}"
    if not head.strip(b"\0"):
        return "it begins with nothing but zeros, as a copy that broke off; get the file again"
    for offset, magic, what, advice in _SIGNATURES:
        if head.startswith(magic, offset):
            return f"it is {what}, {advice}" if "header" not in advice else f"{what}, but {advice}"
    text = _text(head)
    if text is None:
        return f"it is not in a known image format ({READ})"
    start = text.lstrip("\ufeff \t\r\n").lower()
    if "<svg" in start:
        return "it is an SVG drawing, which cannot be read; export it as PNG"
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<script")):
        return f"it is an HTML page, as failed downloads often are, {_AGAIN}"
    if start.startswith("<?xml"):
        return f"it is an XML document, {_AGAIN}"
    return f"it is text, {_AGAIN}"


def _text(head: bytes) -> str | None:
    """Return what stands in text of UTF-8, which the end of the head may have cut; else None."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    printable = sum(c.isprintable() or c in "\t\r\n\ufeff" for c in text)
    return text if printable == len(text) else None
