"""What the names of files say of a folder or an archive: classes, doubts, and labels beside."""

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from ganzoo.data.sources.classes import Classes, by_folder, by_label, look_alikes
from ganzoo.data.sources.names import kind_of, stem_of
from ganzoo.errors import DataError, brief
from ganzoo.terminal import printable

LABEL_ENDING = ".cls"
"""Of the file beside an image that holds its label, as in the shards of WebDataset."""

LONGEST_LABEL = 1024
"""Bytes of such a file."""

COMPANIONS = (LABEL_ENDING, ".txt", ".json", ".xml", ".caption")
"""Endings of files that may hold the label of the image beside them."""

PARTS = re.compile(
    r"(train|training|test|testing|val|valid|validation|dev|images?|imgs?|masks?|labels?"
    r"|annotations?|segmentations?)([-_ ]?(set|data|split|images?|imgs?|masks?|[0-9]{4}|[ab]))?",
    re.IGNORECASE,
)
"""Folders that are named as a split of a data set, or as one of its layers."""


def classes_and_notes(
    source: str,
    names: Sequence[str],
    inner: Sequence[str],
    others: Sequence[str],
    read: Mapping[str, Callable[[], bytes]],
    *,
    packed: bool = False,
) -> tuple[Classes, tuple[str, ...]]:
    """Return the classes of images by their folders or the labels beside them, with notes.

    Args:
        source: What errors call the folder or archive.
        names: The images' paths in it, with ``/`` between their parts.
        inner: The same below the folders that hold everything.
        others: Files that are passed over.
        read: Reads the first bytes of files with labels, by their names.
        packed: Whether the source is an archive.

    Raises:
        DataError: See `by_folder` and `by_label`.
    """
    stems, labels = {stem_of(name) for name in names}, {stem_of(name): name for name in read}
    beside = Counter(
        kind_of(name) for name in others if kind_of(name) in COMPANIONS and stem_of(name) in stems
    )
    if stems and stems <= labels.keys():
        del beside[LABEL_ENDING]
        texts = [_label(source, labels[stem_of(name)], read) for name in names]
        classes = by_label(source, texts)
        notes = [f"{source}: labels are read from the {LABEL_ENDING} files beside the images"]
    else:
        classes = by_folder(source, inner)
        notes = _doubts(source, names, inner, packed)
    if beside:
        told = ", ".join(f"{kind} {count:,}" for kind, count in beside.most_common())
        notes.append(f"{source}: files beside the images are not used: {told}")
    return classes, tuple(map(printable, notes))


def _label(source: str, name: str, read: Mapping[str, Callable[[], bytes]]) -> str:
    try:
        content = read[name]()
        if len(content) <= LONGEST_LABEL and (text := content.decode("utf-8").strip()):
            return text
        cause = "it is empty, or too long for a label"
    except UnicodeDecodeError:
        cause = "it is not UTF-8 text"
    except (OSError, DataError) as error:
        cause = brief(error)
    raise DataError(f"data.source: {source}: {printable(name)}: {cause}")


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
    for top in tops:
        within = sorted(pair[1] for pair in folders if pair[0] == top and len(pair) > 1)
        if len(splits := [name for name in within if PARTS.fullmatch(name.strip())]) > 1:
            doubts.append(
                f"{source}: the sub-folder {top} holds {' and '.join(splits[:4])}, which are read "
                "as one class; if these are splits or layers, keep one of them"
            )
            break
    return doubts
