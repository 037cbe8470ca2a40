"""A first look at every image: the hash of its content, and its header.

What was found is remembered in an index on disk, so that only new and changed files are read when
the same source is opened again.
"""

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ganzoo.aside import aside
from ganzoo.data.cache import cache_folder
from ganzoo.data.decoding import GREY_MODES, look
from ganzoo.data.progress import progress
from ganzoo.errors import DataError
from ganzoo.terminal import printable

VERSION = 2
"""Of the index, and of what a look finds."""

DIGEST_BYTES = 16
BLOCK = 256
THREADS = 8
"""Files are waited for, on a slow disk, rather than computed with."""

SETTLED_NS = 2_000_000_000
"""A file that changed so shortly before a look may change again without another time of change."""

_decoding = threading.Lock()
"""Pillow's filters of warnings are of the whole process."""


@dataclass
class Looks:
    """What was found, a row for each image.

    Attributes:
        stamps: int64 (N, K): what tells that a file is still the same; its second and third column
            are times of change in nanoseconds.
        digests: uint8 (N, 16), hashes of the contents; 0 where a file cannot be read.
        sizes: int32 (N, 2), width and height; 0 where it is no image that can be decoded.
        grey: bool (N,).
        causes: Why an image cannot be decoded, by its row.
    """

    stamps: NDArray[np.int64]
    digests: NDArray[np.uint8]
    sizes: NDArray[np.int32]
    grey: NDArray[np.bool_]
    causes: dict[int, str]

    @classmethod
    def none(cls, stamps: NDArray[np.int64]) -> "Looks":
        """Nothing was looked at yet."""
        count = len(stamps)
        return cls(
            stamps,
            np.zeros((count, DIGEST_BYTES), dtype=np.uint8),
            np.zeros((count, 2), dtype=np.int32),
            np.zeros(count, dtype=np.bool_),
            {},
        )


Stamp = tuple[int, int, int, int]


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what changes whenever a file does, in all likelihood: size, times, inode."""
    inode = status.st_ino & (2**63 - 1)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode


def look_at(
    source: str,
    names: Sequence[str],
    stamps: NDArray[np.int64],
    opened: Callable[[int], IO[bytes]],
) -> Looks:
    """Look at every image that changed since the last time; several threads open them."""
    index, began = _index_of(source), time.time_ns()
    looks = Looks.none(stamps)
    todo = _recall(index, names, looks)
    if not len(todo):
        return looks
    unread: list[int] = []
    firsts: dict[str, int] = {}
    same = np.array([firsts.setdefault(names[row], row) for row in todo.tolist()], dtype=np.int64)
    rows = todo[same == todo]  # a file that is named twice is read once

    def look_at_block(rows: NDArray[np.int64]) -> int:
        for row in rows.tolist():
            try:
                with opened(row) as file:
                    looks.digests[row] = np.frombuffer(digest_of(file), dtype=np.uint8)
                    file.seek(0)
                    with _decoding:
                        header = look(file, "")
                    looks.sizes[row], looks.grey[row] = header.size, header.mode in GREY_MODES
            except DataError as error:
                looks.causes[row] = str(error).removeprefix(": ")
            except OSError as error:
                looks.causes[row] = printable(error.strerror or str(error))
                unread.append(row)  # which another try may change, and a stamp would not tell
        return len(rows)

    blocks = np.array_split(rows, -(-len(rows) // BLOCK))
    with (
        progress(f"looking at the images of {printable(source)}", len(rows)) as report,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        for count in pool.map(look_at_block, blocks):
            report(count)
    for found in (looks.digests, looks.sizes, looks.grey):
        found[todo] = found[same]
    if looks.causes:
        causes = looks.causes
        copies = zip(todo.tolist(), same.tolist(), strict=True)
        looks.causes |= {row: causes[first] for row, first in copies if first in causes}
    changing = _changing(stamps, began)
    changing[todo[np.isin(same, unread)]] = True
    _remember(index, source, names, looks, changing)
    return looks


def digest_of(file: IO[bytes]) -> bytes:
    """Hash what a file holds from here on."""
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    while chunk := file.read(1 << 18):
        digest.update(chunk)
    return digest.digest()


def content_key(path: str) -> str:
    """Return the hash of a file's content, which is read again only where the file changed."""
    looks = Looks.none(np.array([stamp_of(os.stat(path))], dtype=np.int64))
    index, began = _index_of(f"{path}/"), time.time_ns()
    if len(_recall(index, [""], looks)):
        with open(path, "rb") as file:
            looks.digests[0] = np.frombuffer(digest_of(file), dtype=np.uint8)
        _remember(index, path, [""], looks, _changing(looks.stamps, began))
    return looks.digests.tobytes().hex()


def _changing(stamps: NDArray[np.int64], now: int) -> NDArray[np.bool_]:
    changing: NDArray[np.bool_] = stamps[:, 1:3].max(axis=1) > now - SETTLED_NS
    return changing


def _index_of(source: str) -> Path:
    key = hashlib.blake2b(os.fsencode(source), digest_size=DIGEST_BYTES).hexdigest()
    return cache_folder() / "index" / f"{key}.npz"


def _recall(path: Path, names: Sequence[str], looks: Looks) -> NDArray[np.int64]:
    """Fill in what an index knows of files that are still the same; return the rows of others."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if int(arrays["version"]) != VERSION:
                return np.arange(len(names))
            rows = {name: row for row, name in enumerate(_listed(arrays["names"]))}
            places = np.array([rows.get(name, -1) for name in names], dtype=np.int64)
            same = (places >= 0) & (arrays["stamps"][places] == looks.stamps).all(axis=1)
            found = {field: getattr(looks, field)[same] for field in ("digests", "sizes", "grey")}
            for field, values in found.items():
                values[:] = arrays[field][places[same]]
            causes = _listed(arrays["causes"])
            refused = {row: causes[places[row]] for row in np.flatnonzero(same).tolist()}
    except Exception:  # none is there, or it is damaged: everything can be found again
        return np.arange(len(names))
    for field, values in found.items():
        getattr(looks, field)[same] = values
    looks.causes |= {row: cause for row, cause in refused.items() if cause}
    return np.flatnonzero(~same)


def _remember(
    path: Path, source: str, names: Sequence[str], looks: Looks, changing: NDArray[np.bool_]
) -> None:
    """Write an index, whole or not at all; what may still be changing is looked at again."""
    stamps = np.where(changing[:, None], -1, looks.stamps)
    with contextlib.suppress(OSError):  # it only saves time
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside(path) as whole, whole.open("wb") as file:
            np.savez(
                file,
                version=VERSION,
                source=_listing([source]),  # for people, see ganzoo.data.cache.entries
                names=_listing(names),
                stamps=stamps,
                digests=looks.digests,
                sizes=looks.sizes,
                grey=looks.grey,
                causes=_listing([looks.causes.get(row, "") for row in range(len(names))]),
            )


def _listing(texts: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)


def _listed(array: NDArray[np.uint8]) -> list[str]:
    texts: list[str] = json.loads(array.tobytes())
    return texts
