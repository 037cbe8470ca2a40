"""What lies in the cache, and taking it out of there."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors import safe_open

from ganzoo import locks
from ganzoo.data.cache.digests import folder_fault
from ganzoo.data.cache.places import LOCK, META, STORES, UNFINISHED, cache_folder, remove
from ganzoo.errors import RequestError

MADE_AGAIN = frozenset({STORES, "archives", "index", "statistics"})
"""Sub-folders of what is made again when it is needed; others hold downloads and a user's files."""


@dataclass(frozen=True)
class Entry:
    """Something in the cache, named by its path there, and of the kind of its sub-folder.

    A store of another version is ``old``: it is not read any more.
    """

    name: str
    kind: str
    what: str
    size: int
    used: float
    state: Literal["finished", "unfinished", "old"]
    path: Path

    @property
    def made_again(self) -> bool:
        """Whether ganzoo makes it again when it is needed."""
        return self.kind in MADE_AGAIN


def entries() -> list[Entry]:
    """Return all that lies in the cache, by name."""
    found = []
    for folder in _children(cache_folder()):
        if folder.is_dir():
            for path in _children(folder):
                if not path.name.endswith(LOCK):
                    with contextlib.suppress(FileNotFoundError):  # just evicted by another process
                        found.append(_entry(folder.name, path))
    return found


def entry_named(name: str) -> Entry:
    """Return the entry of a name, or of the beginning of one; refuse none or several."""
    known = entries()
    found = [entry for entry in known if entry.name == name]
    found = found or [entry for entry in known if entry.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise RequestError(
            f"{name!r} matches {len(found)} entries of the cache; write more of the name"
        )
    raise RequestError(
        f"there is no {name!r} in the cache {cache_folder()}; `ganzoo data cache` lists what is"
    )


def evict(entry: Entry) -> None:
    """Take an entry out of the cache, unless it is in use."""

    def in_use() -> None:
        raise RequestError(f"{entry.name} is in use by another process and is kept")

    path = entry.path
    if entry.kind == STORES and entry.state == "finished":
        with (path / META).open("rb") as file:
            if not locks.take(file):
                in_use()
            # Aside first, so that nobody opens half of it.
            aside = path.with_name(f".{path.name}-evicted{UNFINISHED}")
            path.rename(aside)
            shutil.rmtree(aside)
    elif path.name.endswith(UNFINISHED):
        with locks.alone(path.with_name(path.name.removesuffix(UNFINISHED) + LOCK), in_use):
            shutil.rmtree(path)
    else:
        remove(path)


def verify() -> tuple[int, dict[Entry, str]]:
    """Check every store in full, and return how many there are and what is wrong with which."""
    kept = [entry for entry in entries() if entry.kind == STORES and entry.state == "finished"]
    faults = {entry: folder_fault(entry.path, full=True) for entry in kept}
    return len(kept), {entry: cause for entry, cause in faults.items() if cause}


def what_of(kind: str, path: Path) -> str:
    """Tell what a file of a sub-folder is; one that is damaged is told by its kind."""
    tell, usual = KINDS.get(kind, (None, ""))
    if tell is not None:
        with contextlib.suppress(Exception):  # which a file that is damaged may raise in many ways
            return tell(path)
    return usual


def _index(path: Path) -> str:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        count, names = len(arrays["grey"]), json.loads(arrays["names"].tobytes())
        (source,) = json.loads(arrays["source"].tobytes())
    if names == [""]:
        return f"the hash of {source}"
    return f"what was found in {count:,} image{'s' if count > 1 else ''} of {source}"


def _statistics(path: Path) -> str:
    with safe_open(path, framework="numpy") as file:
        count, length = int(file.get_tensor("count")), file.get_slice("mean").get_shape()[0]
        told = f"{length:,} features of {count:,} samples"
        what = (file.metadata() or {}).get("what")
    return f"{what}: {told}" if what else told


KINDS: dict[str, tuple[Callable[[Path], str] | None, str]] = {
    "index": (_index, "what was found in images"),
    "statistics": (_statistics, "what an extractor saw"),
    "archives": (None, "a file, unpacked"),
    "repositories": (None, "a dataset repository of the Hub"),
    "torchvision": (None, "files of torchvision"),
    "extractors": (None, "weights of an extractor"),
}
"""By sub-folder what tells of a file, and what is said of one that does not tell."""


def _entry(kind: str, path: Path) -> Entry:
    name = f"{kind}/{path.name}"
    files = [path, *(path.rglob("*") if path.is_dir() else ())]
    facts = [file.lstat() for file in files]
    size = sum(fact.st_size for file, fact in zip(files, facts, strict=True) if not file.is_dir())
    used = max(fact.st_mtime for fact in facts)
    if kind != STORES:
        return Entry(name, kind, what_of(kind, path), size, used, "finished", path)
    if path.name.endswith(UNFINISHED):
        return Entry(name, kind, "a store that is not finished", size, used, "unfinished", path)
    try:
        what = _told((path / META).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Entry(name, kind, "a store of another version", size, used, "old", path)
    return Entry(name, kind, what, size, (path / META).stat().st_mtime, "finished", path)


def _told(text: str) -> str:
    """Tell what a store is, by its meta.json."""
    meta = json.loads(text)
    skipped = f", {len(meta['skipped'])} skipped" if meta["skipped"] else ""
    return f"{meta['name']}, {'x'.join(map(str, meta['shape']))}, {meta['samples']:,}{skipped}"


def _children(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        yield from sorted(folder.iterdir())
