"""Digests of what is kept in the cache, so that a changed bit is noticed."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ganzoo.data.cache.places import META, leads_out
from ganzoo.errors import brief

ALWAYS_BYTES = 64 << 20
"""Files up to this size are hashed whenever they are opened, in a tenth of a second; larger ones
where their size or time of change differs from what was recorded."""


def record(path: Path) -> dict[str, Any]:
    """Return a file's size, time of change and digest, for a meta.json."""
    status = path.stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": _digest(path)}


def folder_fault(folder: Path, *, full: bool = False) -> str:
    """Return what is wrong with a folder whose meta.json records its files; empty for nothing.

    Args:
        folder: The folder.
        full: Whether to hash its files, however large they are.
    """
    try:
        files = json.loads((folder / META).read_bytes())["files"]
        causes = {name: _fault(folder / name, files[name], full) for name in files}
    except Exception as error:  # which damage may raise in many ways
        return brief(f"{type(error).__name__}: {error}")
    return "; ".join(f"{name}: {cause}" for name, cause in causes.items() if cause)


def _fault(path: Path, recorded: dict[str, Any], full: bool) -> str:
    if leads_out(path):
        return "it is a link that leads out of the cache"
    status = path.stat()
    if status.st_size != recorded["bytes"]:
        return f"it has {status.st_size:,} bytes instead of {recorded['bytes']:,}"
    moved = status.st_mtime_ns != recorded["mtime_ns"]
    if (full or moved or status.st_size <= ALWAYS_BYTES) and _digest(path) != recorded["sha256"]:
        return "its content has changed"
    if moved:  # as after a copy: whoever opens it next need not hash it
        os.utime(path, ns=(status.st_atime_ns, recorded["mtime_ns"]))
    return ""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
