"""What the names of files say of a folder or an archive: classes, and what is doubtful."""

import os
import re
from collections import Counter
from collections.abc import Sequence

from ganzoo.data.sources.classes import Classes, by_folder, look_alikes
from ganzoo.data.sources.names import kind_of
from ganzoo.errors import brief
from ganzoo.terminal import printable

COMPANIONS = (".cls", ".txt", ".json", ".xml", ".caption")
"""Endings of files that may hold the label of the image beside them."""

PARTS = re.compile(
    r"(train|training|test|testing|val|valid|validation|dev|images?|imgs?|masks?|labels?"
    r"|annotations?|segmentations?)([-_ ]?(set|data|split|images?|imgs?|masks?|[0-9]{4}|[ab]))?",
    re.IGNORECASE,
)
"""Folders that are named as a split of a data set, or as one of its layers."""


def classes_and_notes(
    source: str, names: Sequence[str], inner: Sequence[str], others: Sequence[str], *, packed: bool
) -> tuple[Classes, tuple[str, ...]]:
    """Return the classes of images by their folders, with notes on what is doubtful.

    Args:
        source: What errors call the folder or archive.
        names: The images' paths in it, with ``/`` between their parts.
        inner: The same below the folders that hold everything.
        others: Files that are passed over.
        packed: Whether the source is an archive.

    Raises:
        DataError: See `by_folder`.
    """
    classes, notes = by_folder(source, inner), _doubts(source, names, inner, packed)
    stems = {os.path.splitext(name)[0] for name in names}
    kinds = [kind_of(name) for name in others if os.path.splitext(name)[0] in stems]
    beside = Counter(kind for kind in kinds if kind in COMPANIONS)
    if beside:
        told = ", ".join(f"{kind} {count:,}" for kind, count in beside.most_common())
        notes.append(f"{source}: files beside the images are not used: {told}")
    return classes, tuple(map(printable, notes))


def _doubts(source: str, names: Sequence[str], inner: Sequence[str], packed: bool) -> list[str]:
    """Return sentences on sub-folders that hardly are classes."""
    folders = {tuple(name.split("/")[:-1][:2]) for name in inner}
    tops = sorted({parts[0] for parts in folders if parts})
    doubts = look_alikes("sub-folders", tops)
    parts = [top for top in tops if PARTS.fullmatch(top.strip())]
    if len(parts) > 1 or any(pair[0] in parts for pair in folders if len(pair) > 1):
        best = min(parts, key=lambda top: (not top.lower().startswith(("train", "im")), top))
        place = f"{names[0][: len(names[0]) - len(inner[0])]}{best}"
        cure = f"unpack it and give its folder {place}"
        if not packed:
            cure = f"give one folder, such as data={os.path.join(source, place)}"
        doubts.append(
            f"{source}: the sub-folders {brief(', '.join(tops), 60)} become classes, but "
            f"{' and '.join(parts[:4])} {'are names' if len(parts) > 1 else 'is a name'} of splits "
            f"or layers of a data set; {cure}"
        )
    return doubts
