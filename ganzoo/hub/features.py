"""Which columns of a dataset hold images and labels, and what the classes are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datasets import ClassLabel, Image, Value  # type: ignore[import-untyped]

from ganzoo.data.sources.columns import LABELS, find_column
from ganzoo.data.sources.labels import Classes, by_label, places_of
from ganzoo.errors import DataError, brief

ColumnTypes = Mapping[str, Any]
"""What each column of a dataset holds."""


def image_column(features: ColumnTypes, chosen: str | None, source: str) -> str:
    """Find the column of the images.

    Raises:
        DataError: There is none, or several.
    """
    known = [name for name, feature in features.items() if isinstance(feature, Image)]
    if chosen is None:
        if len(known) == 1:
            return known[0]
        if known:
            raise DataError(
                f"data.source: {source} has several columns of images ({_listed(known)}); choose "
                "one with data.image"
            )
        raise DataError(
            f"data.source: {source} has no column of images for data.image; its "
            f"columns are {_listed(features)}"
        )
    if chosen not in known:
        raise DataError(
            f"data.image: {brief(repr(chosen))} is not an image column of {source}; "
            f"{f'those are {_listed(known)}' if known else f'its columns are {_listed(features)}'}"
        )
    return chosen


def label_column(features: ColumnTypes, chosen: str | None, source: str) -> str | None:
    """Find the column of the labels; None for none. Arguments and errors as of the images."""
    known = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    if chosen == "":
        return None
    if chosen is None:
        if len(known) > 1:
            raise DataError(
                f"data.source: {source} has several columns of classes ({_listed(known)}); choose "
                'one with data.label, or none with data.label=""'
            )
        told = [name for name in features if _tells_classes(features[name])]
        return known[0] if known else find_column(told, None, LABELS)
    if chosen not in features:
        raise DataError(
            f"data.label: {brief(repr(chosen))} is not a column of {source}; its columns are "
            f"{_listed(features)}"
        )
    if not isinstance(features[chosen], ClassLabel) and not _tells_classes(features[chosen]):
        raise DataError(
            f"data.label: the column {brief(repr(chosen))} of {source} holds neither "
            "classes nor texts nor integers; name another one"
        )
    return chosen


def classes_of(feature: Any, labels: Sequence[Any], source: str) -> Classes:
    """Tell the classes, and the label of every row.

    Raises:
        DataError: A row has no label, or one that is none of the classes.
    """
    if None in labels:
        raise DataError(
            f"data.source: {source}: row {labels.index(None)} has no label; choose another column "
            'with data.label, or none with data.label=""'
        )
    if isinstance(feature, ClassLabel):
        return places_of(source, labels, feature.names)
    return by_label(source, labels)


def _tells_classes(feature: Any) -> bool:
    kinds = ("string", "large_string", "bool", "int", "uint")
    return isinstance(feature, Value) and feature.dtype.startswith(kinds)


def _listed(names: Iterable[str]) -> str:
    return brief(", ".join(names))
