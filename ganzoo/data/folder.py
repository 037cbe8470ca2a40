"""Pictures in a folder of one's own."""

import functools
import hashlib
import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ganzoo.data.base import Dataset, Item
from ganzoo.data.config import FolderConfig
from ganzoo.errors import DataError

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""The endings by which pictures are known; other files are passed over."""

DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
GREY_MODES = frozenset({"1", "L", "LA"}) | DEEP_MODES
UNBOUNDED_MODES = frozenset({"I", "F"})
NAMED_AT_MOST = 5


class Folder(Dataset):
    """The pictures below a folder; if they all lie in sub-folders, those are the classes.

    Hidden files and folders, whose names begin with a dot, are passed over.

    Raises:
        DataError: There is no such folder, it holds no pictures or files that are none,
            pictures lie both in it and in its sub-folders, or a class has an unreadable name.
    """

    def __init__(self, config: FolderConfig) -> None:
        # Unlike the method of a path, this leaves an unknown user's ~name as it is.
        self.root = Path(os.path.expanduser(config.source))
        if not self.root.is_dir():
            what = "is not a folder" if self.root.exists() else "does not exist"
            raise DataError(f"data.source: {config.source} {what}")
        self.files = sorted(
            path
            for path in self.root.rglob("*")
            if path.suffix.lower() in EXTENSIONS
            and not any(part.startswith(".") for part in path.relative_to(self.root).parts)
            and path.is_file()
        )
        if not self.files:
            raise DataError(
                f"data.source: {config.source} holds no pictures ({', '.join(sorted(EXTENSIONS))})"
            )
        classes = sorted({self._class_of(path) for path in self.files})
        if len(classes) > 1 and "" in classes:
            raise DataError(
                f"data.source: pictures lie both in {config.source} itself and in its sub-folder "
                f"{classes[1]!r}; put all into sub-folders (one a class), or none"
            )
        for name in classes:
            if not name.isprintable():
                raise DataError(
                    f"data.source: the sub-folder {name!r} of {config.source} names a class, and "
                    "its name is not readable text; rename it"
                )
        # A single sub-folder tells nothing apart.
        self.class_names = tuple(classes) if len(classes) > 1 else ()
        side, grey = self._look()
        channels = config.channels or (1 if grey else 3)
        self._mode = "L" if channels == 1 else "RGB"
        self.shape = (channels, side, side)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> Item:
        """Return one picture, uint8 (H, W) or (H, W, 3), upright, transparency put on white."""
        path = self.files[index]
        try:
            with _strictly_opened(path) as image:
                picture = _on_white(_to_8_bits(ImageOps.exif_transpose(image))).convert(self._mode)
        except Exception as error:
            raise DataError(f"{path}: {_cause(error)}") from error
        label = self.class_names.index(self._class_of(path)) if self.class_names else 0
        return Item(np.asarray(picture), label)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of every file's name and content."""
        digest = hashlib.blake2b(self._mode.encode(), digest_size=16)
        for path in self.files:
            digest.update(str(path.relative_to(self.root)).encode(errors="surrogateescape"))
            digest.update(hashlib.blake2b(path.read_bytes()).digest())
        return f"folder-{digest.hexdigest()}"

    def _class_of(self, path: Path) -> str:
        parts = path.relative_to(self.root).parts
        return parts[0] if len(parts) > 1 else ""

    def _look(self) -> tuple[int, bool]:
        """Read every header: the smallest side of all pictures, and whether all are grey."""
        smallest, grey, bad = 1 << 30, True, []
        for path in self.files:
            try:
                with _strictly_opened(path) as image:
                    if image.mode in UNBOUNDED_MODES:
                        raise ValueError("its pixels are of 32 bits; save it with 8 or 16")
                    smallest = min(smallest, *image.size)
                    grey = grey and image.mode in GREY_MODES
            except Exception as error:
                bad.append(f"{path}: {_cause(error)}")
        if bad:
            raise DataError(complaint(bad, len(self.files)))
        return smallest, grey


def complaint(bad: list[str], total: int) -> str:
    """Name the first few of the files that cannot be read."""
    more = f" and {len(bad) - NAMED_AT_MOST} more" if len(bad) > NAMED_AT_MOST else ""
    return (
        f"{len(bad)} of {total} pictures cannot be read: {', '.join(bad[:NAMED_AT_MOST])}{more}; "
        "remove or replace them"
    )


def _strictly_opened(path: Path) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow only warns of a picture that is large enough to be an attack.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(path)


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
