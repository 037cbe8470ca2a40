"""What the classes of some samples are, by the folders that they lie in or by their labels."""

import itertools
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import DataError

Labels = NDArray[np.int64]


def without_wrapping(names: Sequence[str]) -> list[str]:
    """Look through the folders that hold everything: their names are taken off."""
    parts = [name.split("/") for name in names]
    folders = [part[:-1] for part in parts]
    # What the first and the last have in common, all between them have.
    ends = zip(min(folders, default=[]), max(folders, default=[]), strict=False)
    depth = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], ends))
    return ["/".join(part[depth:]) for part in parts]


def by_folder(source: str, names: Sequence[str]) -> tuple[tuple[str, ...], Labels]:
    """Tell the classes of pictures in a folder, which are its sub-folders if there are several.

    Args:
        source: What errors call the folder.
        names: The pictures' paths in it, with ``/`` between their parts.

    Returns:
        The names of the classes, in their order; and each picture's label.

    Raises:
        DataError: Pictures lie both in the folder and in its sub-folders, or a class has a name
            that is no readable text.
    """
    folders = [name.partition("/")[0] if "/" in name else "" for name in names]
    classes = sorted(set(folders))
    if classes == [""]:
        return (), np.zeros(len(names), dtype=np.int64)
    if "" in classes:
        raise DataError(
            f"data.source: pictures lie both in {source} itself and in its sub-folder "
            f"{classes[1]!r}; put all into sub-folders (one a class), or none"
        )
    return _named(classes, folders, f"the sub-folder {{}} of {source}")


def by_label(source: str, labels: Sequence[int | str]) -> tuple[tuple[str, ...], Labels]:
    """Tell the classes of samples by their labels, which are names or integers.

    Integers are in the order of their values, and names in that of the alphabet. A single label
    tells nothing apart.

    Args:
        source: What errors call that which has the labels.
        labels: A label for each sample.

    Returns:
        The names of the classes, in their order; and the place of each sample's among them.

    Raises:
        DataError: A label is no readable text.
    """
    texts = [str(label) for label in labels]
    distinct = set(texts)
    if len(distinct) < 2:
        return (), np.zeros(len(texts), dtype=np.int64)
    numbers = all(re.fullmatch(r"-?[0-9]{1,18}", text) for text in distinct)
    classes = sorted(distinct, key=lambda text: (int(text) if numbers else 0, text))
    return _named(classes, texts, f"the label {{}} of {source}")


def named(
    source: str, labels: Sequence[int], names: Sequence[str]
) -> tuple[tuple[str, ...], Labels]:
    """Take integers for places among given names of classes.

    Args:
        source: What errors call that which has the labels.
        labels: A label for each sample.
        names: Of the classes.

    Raises:
        DataError: A label is beyond the names, or these are not distinct, readable texts.
    """
    for row, label in enumerate(labels):
        if not 0 <= label < len(names):
            raise DataError(
                f"data.source: {source}: the label of sample {row} is {label}, and there are names "
                f"for {len(names)} classes, from 0 on"
            )
    if len(names) < 2:
        return by_label(source, labels)
    if len(set(names)) < len(names):
        raise DataError(f"data.source: {source}: two classes have the same name")
    return _named(names, [names[label] for label in labels], f"the class {{}} of {source}")


def _named(
    classes: Sequence[str], texts: Sequence[str], what: str
) -> tuple[tuple[str, ...], Labels]:
    for name in classes:
        if not name.isprintable() or not name.strip():
            raise DataError(
                f"data.source: {what.format(repr(name))} names a class, and its name is not "
                "readable text; rename it"
            )
    places = {name: place for place, name in enumerate(classes)}
    return tuple(classes), np.array([places[text] for text in texts], dtype=np.int64)
