"""What columns and arrays of files and labels are usually called, and which are left over."""

import unicodedata
from collections.abc import Iterable

from ganzoo.errors import brief

FILES = (
    *(f"{what}{part}" for part in ("", "name", "path") for what in ("file", "image", "img")),
    "path",
    "imagefile",
    "imagefilename",
    "image",
    "photo",
    "files",
    "images",
    "imageid",
)
"""Usual names of columns of files, as `folded` returns them, the likeliest first."""

LABELS = (
    *(f"{what}{part}" for part in ("", "name", "text") for what in ("label", "class", "category")),
    "labels",
    "classes",
    "categories",
    "target",
    "targets",
    "targetname",
    "classlabel",
    *(
        f"{what}{part}"
        for part in ("id", "idx", "index")
        for what in ("label", "class", "category")
    ),
    "targetid",
    "y",
)
"""The same of labels."""


def folded(name: str) -> str:
    """Return a name without case, blanks and punctuation: ``Class ID`` is ``class_id``."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in text if letter.isalnum())


def find_column(names: Iterable[str], chosen: str | None, usual: Iterable[str]) -> str | None:
    """Find the column that a user chose (``""`` for none), or else a usual one, as `folded`."""
    exact = list(names)
    known = {folded(name): name for name in reversed(exact)}
    if chosen is not None:
        return chosen if chosen in exact else known.get(folded(chosen) or "\0")
    return next((known[name] for name in usual if name in known), None)


def left_over(
    source: str, what: str, unused: Iterable[str], label: str | None, cure: str
) -> tuple[str, ...]:
    """Return a note on columns or arrays that are not used, where labels are, and the cure."""
    names = brief(", ".join(name for name in unused if name.strip()), 300)
    if not names:
        return ()
    if label is not None:
        return (f"{source}: labels are read from {brief(label)}; {what} not used: {names}",)
    return (
        f"{source}: no labels are read, because none of its {what} has a usual name for labels; "
        f"{what} not used: {names}; choose one with {cure}",
    )
