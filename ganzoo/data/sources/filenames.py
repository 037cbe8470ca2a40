"""Names of files: which are images', and how a person is shown one."""

import os

from ganzoo.data.decoding import EXTENSIONS

CLUTTER = (
    "__macosx",
    "@eadir",
    "@__thumb",
    "@recycle",
    "#recycle",
    "$recycle.bin",
    "lost+found",
    "system volume information",
    "thumbs.db",
    "desktop.ini",
)
"""What systems put beside a user's files, in lower case; and all whose names begin with a dot."""


def is_clutter(part: str) -> bool:
    """Report whether a file or folder is passed over with all that it holds."""
    return part.startswith(".") or part.casefold() in CLUTTER


def clutter_of(name: str) -> str | None:
    """Return the part of a path, with ``/`` between its parts, up to what is passed over."""
    parts = name.split("/")
    place = next((place for place, part in enumerate(parts) if is_clutter(part)), None)
    if place is None:
        return None
    return "/".join(parts[: place + 1]) + ("/" if place + 1 < len(parts) else "")


def is_image(name: str) -> bool:
    """Report whether a path, with ``/`` between its parts, is that of an image that counts."""
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return bool(stem) and f"{dot}{ending}".lower() in EXTENSIONS and clutter_of(name) is None


def file_kind(name: str) -> str:
    """Return how a report counts what was passed over: by its ending, or by its usual name."""
    folder, last = name.endswith("/"), name.rstrip("/").rpartition("/")[2]
    if folder:
        return f"{last}/"
    if is_clutter(last):
        return last if last.casefold() in (*CLUTTER, ".ds_store") else "hidden"
    return os.path.splitext(last)[1].lower()
