"""What archives hold, and unpacking them where they cannot be read in place."""

import bz2
import gzip
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from ganzoo.aside import aside
from ganzoo.data.cache import CACHE_VARIABLE, cache_folder
from ganzoo.data.cache.places import check_place, leads_out, remove
from ganzoo.data.progress import progress
from ganzoo.data.sources.filenames import clutter_of, is_image
from ganzoo.errors import DataError, brief
from ganzoo.terminal import printable

Opener = Callable[[str], AbstractContextManager[Any]]
"""Opens a file for reading what it unpacks to."""

CHUNK = 1 << 20
"""Bytes that are unpacked at once."""

UNPACKED_AT_LEAST = 1 << 30
UNPACKED_TIMES = 100
"""What may be unpacked: a GiB, and a hundred times the file itself; images hardly shrink."""


class Member(Protocol):
    """Where in an archive's file an image lies."""

    @property
    def offset(self) -> int:
        """Where in the file it begins."""

    @property
    def size(self) -> int:
        """How many bytes it unpacks to, as the archive says."""

    def read(self, file: IO[bytes]) -> bytes:
        """Read it, and no more than its size; of errors the message is the cause alone."""


LINK = "it is a link; pack the file itself instead"
OUTSIDE = "its name leads out of the archive"


@dataclass(frozen=True, slots=True)
class Refused:
    """An image by its name, which is not even tried: reading it tells the cause."""

    cause: str
    offset: int = 0
    size: int = 0

    def read(self, file: IO[bytes]) -> bytes:
        """Tell why it is not read."""
        raise DataError(self.cause)


@dataclass
class Contents:
    """The images of an archive, by their names; of several with one name the last counts.

    Those outside have a name that leads out of the archive. Others are passed over; of those in
    clutter the folder alone.
    """

    members: dict[str, Member] = field(default_factory=dict)
    outside: dict[str, Member] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)

    def add(self, name: str, member: Member) -> None:
        """Add a file, as one of the images if it is one by its name."""
        parts = [part for part in name.split("/") if part != "."]
        plain = "/".join(part for part in parts if part not in ("", ".."))
        if not is_image(plain):
            self.others[clutter_of(plain) or plain] = None
        elif ".." in parts or re.fullmatch("([A-Za-z]:)?", parts[0]):
            self.outside[name] = Refused(OUTSIDE)
        else:
            self.members["/".join(part for part in parts if part)] = member


def compression_of(path: str) -> Opener | None:
    """Return what opens a compressed file, which is told by its first bytes; None for others."""
    with open(path, "rb") as file:
        begin = file.read(6)
    known: dict[bytes, Opener] = {
        b"\x1f\x8b": gzip.GzipFile,
        b"BZh": bz2.BZ2File,
        b"\xfd7zXZ\x00": lzma.LZMAFile,
    }
    return next((opener for magic, opener in known.items() if begin.startswith(magic)), None)


def unpacked(packed: str, opener: Opener, name: str) -> str:
    """Return the path of what a file unpacks to, in ganzoo's cache; it is made where there is none.

    Its name ends with its size, which a truncated copy does not have.

    Raises:
        DataError: It is damaged, unpacks to too much, or there is no room for it.
    """
    folder, (stem, ending) = cache_folder() / "archives", os.path.splitext(name)
    most = UNPACKED_AT_LEAST + UNPACKED_TIMES * os.path.getsize(packed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_place(folder)
        for kept in folder.glob(f"{stem}-*{ending}"):
            good = kept.is_file() and kept.stem == f"{stem}-{kept.stat().st_size}"
            if good and not leads_out(kept):
                return str(kept)
            remove(kept)
        with (
            aside(folder / name, lambda: target) as whole,
            whole.open("wb") as copy,
            progress(f"unpacking {printable(packed)}, MB") as report,
        ):
            for chunk in _chunks(packed, opener):
                if copy.tell() + len(chunk) > most:
                    raise DataError(
                        f"data.source: {printable(packed)} unpacks to more than {most:,} bytes, "
                        "far more than images need; if you trust it, unpack it yourself and "
                        "give the folder"
                    )
                copy.write(chunk)
                report(1)
            target = folder / f"{stem}-{copy.tell()}{ending}"
    except OSError as error:
        raise DataError(
            f"data.source: {printable(packed)} cannot be unpacked into {folder} "
            f"({error.strerror or error}); free some space there, or set {CACHE_VARIABLE} to "
            "another folder"
        ) from error
    return str(target)


def damaged(path: str, error: Exception) -> DataError:
    """Tell that an archive cannot be read."""
    return DataError(
        f"data.source: {printable(path)} is damaged or not an archive ({brief(error)}); "
        "download or pack it again"
    )


def _chunks(path: str, opener: Opener) -> Iterator[bytes]:
    try:
        with opener(path) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise damaged(path, error) from error
