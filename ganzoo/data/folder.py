"""Pictures in a folder of one's own."""

import functools
import hashlib
import os
from pathlib import Path

from ganzoo.data.base import Dataset, Item
from ganzoo.data.config import FolderConfig
from ganzoo.data.decoding import EXTENSIONS, complaint, decode, look
from ganzoo.errors import DataError


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
        self.shape = (channels, side, side)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> Item:
        """Return one picture, uint8 (H, W) or (H, W, 3), upright, transparency put on white."""
        path = self.files[index]
        picture = decode(path, str(path), self.shape[0])
        label = self.class_names.index(self._class_of(path)) if self.class_names else 0
        return Item(picture, label)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of every file's name and content."""
        digest = hashlib.blake2b(str(self.shape[0]).encode(), digest_size=16)
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
                size, is_grey = look(path, str(path))
            except DataError as error:
                bad.append(str(error))
                continue
            smallest, grey = min(smallest, *size), grey and is_grey
        if bad:
            raise DataError(complaint(bad, len(self.files)))
        return smallest, grey
