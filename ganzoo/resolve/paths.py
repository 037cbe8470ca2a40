"""Which dataset plugin reads a path, or a repository of the Hub."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.config import DataConfig

READERS: dict[str, tuple[str, ...]] = {
    "folder": (),
    "archive": (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
    "manifest": (".csv", ".tsv", ".jsonl", ".ndjson"),
    "arrays": (".npz", ".npy"),
}
"""The plugins that read paths, and the endings by which each knows its files."""

HUB = "hf://"
"""What the names of the Hub's repositories begin with."""

HUB_READER = "repository"
"""The plugin that reads them."""

UNNAMED = (*READERS, HUB_READER)
"""The plugins that are chosen by what a source leads to, and not by their own names."""


def is_path(source: str) -> bool:
    """Tell a path from a name: it has a separator, or begins with ``.`` or ``~``."""
    if is_on_hub(source):
        return False
    return "/" in source or "\\" in source or source.startswith((".", "~"))


def is_on_hub(source: str) -> bool:
    """Tell whether a source is a repository of the Hub."""
    return source.startswith(HUB)


def short_name(source: str) -> str:
    """Return what a source is called in the names of files: without its place, or revision."""
    if is_on_hub(source):
        source = source.partition("@")[0]
    return Path(source).name


def public_name(source: str) -> str:
    """Return what strangers may be told of a source: the place of a path on this machine not."""
    return source if is_on_hub(source) else Path(source).name


def title_of(data: DataConfig, pinned: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what strangers may be told of data: of several parts, the names of all.

    Args:
        data: The data.
        pinned: What a part is read from exactly, by the field that says so.
    """
    places = {**data.read_from, **pinned}
    return " and ".join(public_name(place) for place in places.values())


def shown_path(path: Path) -> str:
    """Return a path as people are shown it: from the working folder where it lies in there."""
    with contextlib.suppress(ValueError, OSError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def reader_of(path: str) -> str:
    """Tell which plugin reads what is at a path; ``folder`` where nothing says another one."""
    if not os.path.isdir(os.path.expanduser(path)):
        for reader, endings in READERS.items():
            if path.lower().endswith(endings):
                return reader
    return "folder"


def dataset_name(source: str) -> str:
    """Tell which dataset plugin reads a source: the named one, or that for what it leads to."""
    if is_on_hub(source):
        return HUB_READER
    return reader_of(source) if is_path(source) else source


def taken() -> str:
    """Tell all that a path may lead to, for the end of an error message."""
    kinds = [f"an {name}" if name[0] in "aeiou" else f"a {name}" for name in READERS]
    told = [
        f"{kind} ({', '.join(endings)})" if endings else f"{kind} of images"
        for kind, endings in zip(kinds, READERS.values(), strict=True)
    ]
    return f"data is {', '.join(told[:-1])} or {told[-1].removeprefix('an ')}"
