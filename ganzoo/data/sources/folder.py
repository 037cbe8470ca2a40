"""Images in a folder."""

import itertools
import os
import stat
from collections.abc import Iterator
from typing import IO

from ganzoo.data.config import FolderConfig
from ganzoo.data.sources.filenames import is_clutter, is_image
from ganzoo.data.sources.labels import classes_and_notes, without_wrapping
from ganzoo.data.sources.looking import Stamp, stamp_of
from ganzoo.data.sources.manifest import lists_images
from ganzoo.data.sources.own import ImageFiles, absolute, open_file
from ganzoo.errors import DataError
from ganzoo.resolve.paths import READERS, taken
from ganzoo.terminal import printable

MOST_LISTS = 10
"""Of so many files beside the images it is reported that they can be read as lists."""


class Folder(ImageFiles):
    """The images below a folder; if they all lie in sub-folders, those are the classes.

    A single sub-folder around everything is looked through. Hidden files and folders, whose names
    begin with a dot, and the clutter of systems are passed over. Links to files are followed, and
    those to folders that are neither in this one nor around it.
    """

    def __init__(self, config: FolderConfig) -> None:
        self._root = absolute(config.source)
        if not os.path.isdir(self._root):
            if os.path.exists(self._root):
                raise DataError(
                    f"data.source: {config.source} is not a folder, and its ending is unknown; "
                    f"{taken()}"
                )
            raise DataError(f"data.source: {config.source} does not exist")
        try:
            found = dict(sorted(files_below(self._root), key=lambda file: file[0].split("/")))
        except OSError as error:
            raise DataError(
                f"data.source: {printable(str(error.filename))} cannot be read ({error.strerror})"
            ) from error
        names = [name for name in found if is_image(name)]
        inner, others = without_wrapping(names), [name for name in found if not is_image(name)]
        classes, self.notes = classes_and_notes(config.source, names, inner, others, packed=False)
        stamps = [found[name] for name in names]
        super().__init__(config, names, classes, stamps, alike=inner, others=others)
        lists = (name for name in others if name.lower().endswith(READERS["manifest"]))
        readable = (name for name in lists if lists_images(os.path.join(self._root, name)))
        self.lists = tuple(itertools.islice(readable, MOST_LISTS))
        if self.lists and not self.class_names:
            place = printable(os.path.join(config.source, self.lists[0]))
            self.notes += (f"{place} lists images, perhaps with labels; to use it: data={place}",)

    def opened(self, row: int) -> IO[bytes]:
        """Open an image's file."""
        return open_file(os.path.join(self._root, self.names[row]))


def files_below(root: str) -> Iterator[tuple[str, Stamp]]:
    """Find what lies below a folder: the paths in it, and their stamps.

    What is clutter is not entered, and has a ``/`` at its end if it is a folder.
    """
    real = os.path.realpath(root)
    waiting, seen = [""], {_identity(os.stat(root))}
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                name = f"{folder}/{entry.name}" if folder else entry.name
                status = _status(entry)
                # A link that is left leads nowhere, which is told when it is opened.
                if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                    yield name, stamp_of(status)
                elif stat.S_ISDIR(status.st_mode) and is_clutter(entry.name):
                    yield f"{name}/", stamp_of(status)
                elif stat.S_ISDIR(status.st_mode) and _identity(status) not in seen:
                    if entry.is_symlink() and _is_related(os.path.realpath(entry.path), real):
                        continue
                    seen.add(_identity(status))
                    waiting.append(name)


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    """Tell what a name leads to, or the link itself where it leads nowhere or to itself."""
    try:
        return entry.stat()
    except OSError:
        return entry.stat(follow_symlinks=False)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_related(one: str, other: str) -> bool:
    """Tell whether one of two folders is in the other, or both are the same."""
    return os.path.commonpath([one, other]) in (one, other)
