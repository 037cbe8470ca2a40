"""The one reader of labels: the classes of samples by folders or labels, and what is doubtful."""

import itertools
import math
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.sources.filenames import file_kind
from ganzoo.errors import DataError, brief
from ganzoo.terminal import printable

ClassNumbers = NDArray[np.int64]

Classes = tuple[tuple[str, ...], ClassNumbers]
"""The names of the classes, in their order; and the place of each sample's among them."""

COMPANIONS = (".cls", ".txt", ".json", ".xml", ".caption")
"""Endings of files that may hold the label of the image beside them."""

PARTS = re.compile(
    r"(train|training|test|testing|val|valid|validation|dev|images?|imgs?|masks?|labels?"
    r"|annotations?|segmentations?)([-_ ]?(set|data|split|images?|imgs?|masks?|[0-9]{4}|[ab]))?",
    re.IGNORECASE,
)
"""Folders that are named as a split of a data set, or as one of its layers."""


def without_wrapping(names: Sequence[str]) -> list[str]:
    """Look through the folders that hold everything: their names are taken off."""
    parts = [name.split("/") for name in names]
    folders = [part[:-1] for part in parts]
    # What the first and the last have in common, all between them have.
    ends = zip(min(folders, default=[]), max(folders, default=[]), strict=False)
    depth = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], ends))
    return ["/".join(part[depth:]) for part in parts]


def cleaned(text: str) -> str:
    """Return the form in which names of classes are kept: NFC, without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def label_of(value: Any) -> str | None:
    """Return the name of a class that a label stands for; None where there is no label.

    Raises:
        DataError: It is neither a text nor a whole number; the message is the cause alone.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            raise DataError(f"the label {brief(repr(value), 60)} is not UTF-8 text") from None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None if math.isnan(value) else value
    if value is None:
        return None
    if not isinstance(value, str | int):
        raise DataError(f"its label is {brief(repr(value), 60)}; use a name or an integer")
    return cleaned(str(value)) or None


def classes_and_notes(
    source: str, names: Sequence[str], inner: Sequence[str], others: Sequence[str], *, packed: bool
) -> tuple[Classes, tuple[str, ...]]:
    """Return the classes of images by their folders, with notes on what is doubtful.

    Of the images there are the paths, and those below the folders that hold everything.
    """
    classes, notes = _by_folder(source, inner), _doubts(source, names, inner, packed)
    stems = {os.path.splitext(name)[0] for name in names}
    kinds = [file_kind(name) for name in others if os.path.splitext(name)[0] in stems]
    beside = Counter(kind for kind in kinds if kind in COMPANIONS)
    if beside:
        told = ", ".join(f"{kind} {count:,}" for kind, count in beside.most_common())
        notes.append(f"{source}: other files are not used: {told}")
    return classes, tuple(map(printable, notes))


def by_label(source: str, labels: Sequence[Any]) -> Classes:
    """Return the classes of samples by their labels, which are names or whole numbers.

    A single label tells nothing apart. One that is no readable text, or is missing, is an error.
    """
    return _classes(source, labels, "the label")


def places_of(source: str, labels: Sequence[Any], names: Sequence[str]) -> Classes:
    """Take whole numbers for places among given names of classes, which are distinct texts."""
    for row, label in enumerate(labels):
        if not 0 <= label < len(names) or label != int(label):
            raise DataError(
                f"data.source: {source}: sample {row} has the label {label}, but there are "
                f"names for {len(names)} classes, counted from 0"
            )
    if len(names) < 2:
        return by_label(source, labels)
    names = [cleaned(name) for name in names]
    if len(set(names)) < len(names):
        raise DataError(f"data.source: {source}: two classes have the same name")
    _check_readable(source, names, "the class")
    return tuple(names), np.array([int(label) for label in labels], dtype=np.int64)


def ordered(names: Iterable[str]) -> list[str]:
    """Sort names of classes: by value where all are numbers, and else as texts."""
    distinct = set(names)
    numbers = all(re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", name) for name in distinct)
    return sorted(distinct, key=lambda name: (Decimal(name) if numbers else 0, name))


def look_alikes(what: str, names: Iterable[str]) -> list[str]:
    """Return sentences on names that differ by their case, a blank or their Unicode form alone."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        groups[unicodedata.normalize("NFKC", name).strip().casefold()].append(name)
    return [
        f"the {what} {' and '.join(ascii(name) for name in alike[:4])} differ only in case, spaces "
        "or Unicode form, and count as "
        + ("one class" if len(set(map(cleaned, alike))) == 1 else "different classes")
        for alike in groups.values()
        if len(alike) > 1
    ][:5]


def _by_folder(source: str, names: Sequence[str]) -> Classes:
    """Return the classes of images, which are the sub-folders that they lie in."""
    folders = [name.partition("/")[0] if "/" in name else "" for name in names]
    distinct = sorted(set(folders))
    if distinct[:1] == [""]:
        if len(distinct) == 1:
            return (), np.zeros(len(names), dtype=np.int64)
        raise DataError(
            f"data.source: images are both in {source} itself and in its sub-folder "
            f"{distinct[1]!r}; put all of them into sub-folders (one for each class), or none"
        )
    return _classes(source, folders, "the sub-folder")


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
            f"{' and '.join(parts[:4])} {'look' if len(parts) > 1 else 'looks'} like splits or "
            f"layers of a dataset; {cure}"
        )
    return doubts


def _classes(source: str, labels: Sequence[Any], what: str) -> Classes:
    texts: dict[Hashable, str] = {}
    for label in dict.fromkeys(labels):  # each distinct one once
        try:
            text = label_of(label)
        except DataError as error:
            raise DataError(f"data.source: {source}: {error}") from None
        texts[label] = "" if text is None else text
    if all(re.fullmatch(r"-?[0-9]{1,18}(\.0{1,18})?", text) for text in texts.values()):
        texts = {label: text.partition(".")[0] for label, text in texts.items()}
    names = ordered(texts.values())
    if len(names) < 2:
        return (), np.zeros(len(labels), dtype=np.int64)
    _check_readable(source, names, what)
    places = {name: place for place, name in enumerate(names)}
    codes = {label: places[text] for label, text in texts.items()}
    return tuple(names), np.fromiter(map(codes.__getitem__, labels), np.int64, len(labels))


def _check_readable(source: str, names: Iterable[str], what: str) -> None:
    for name in names:
        if not name.isprintable() or not name:
            raise DataError(
                f"data.source: {what} {name!r} of {source} names a class, but its name is not "
                "readable text; rename it"
            )
