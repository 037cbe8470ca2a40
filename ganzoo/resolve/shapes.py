"""Fitting the shapes and classes of an architecture to the data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.config import DataConfig
from ganzoo.resolve.merge import Values
from ganzoo.resolve.validation import check_shape, validate
from ganzoo.spec import Architecture, Shape

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.data.fields import Field


def _changes(source: str, native: Shape, shape: Shape) -> list[str]:
    """Tell what becomes of images that the networks do not take as they are."""
    notes = []
    if shape[1:] != native[1:]:
        notes.append(f"images of {source} are resized to {shape[1]}x{shape[2]}")
    if shape[0] == 1 < native[0]:
        colored = json.dumps([3, *shape[1:]], separators=(",", ":"))
        notes.append(
            f"the colours of {source} become grey (architecture.sample_shape={colored} keeps them)"
        )
    elif shape[0] != native[0]:
        notes.append(f"images of {source} are converted from {native[0]} to {shape[0]} channels")
    return notes


def fitted(
    spec: Architecture,
    config: Mapping[str, Any],
    data: DataConfig,
    dataset: Dataset,
    fields: Mapping[str, Field],
) -> tuple[Values, list[str]]:
    """Take from the data what the user left out of the architecture's shapes and classes.

    Args:
        spec: The architecture.
        config: The run's config.
        data: Its section ``data``.
        dataset: The data.
        fields: The field of the data that each shape of the architecture is of.
    """
    values = config["architecture"]
    left_out = {key for key in (*fields, "num_classes") if values.get(key) is None}
    result = {key: value for key, value in values.items() if key not in left_out}
    draft = validate(spec.config, result, "architecture", config)
    traits = spec.traits(draft)
    notes: list[str] = []
    for key, field in fields.items():
        shape: Shape = getattr(draft, key)
        native = field.shape
        if key in left_out:
            if data.image_size and field.kind.planar:
                shape = (native[0], data.image_size, data.image_size)
                check_shape("data.image_size", spec.name, traits, shape)
            else:
                shape = traits.fit(native) or native
                check_shape(f"data.source {data.source}", spec.name, traits, shape)
            result[key] = list(shape)
        if field.kind.planar and len(shape) == 3:
            notes += [n for n in _changes(data.source, native, shape) if n not in notes]
    if "num_classes" in left_out:
        result["num_classes"] = len(dataset.class_names) if traits.labels else 0
        if result["num_classes"]:
            notes.append(
                f"the networks are conditional on the {result['num_classes']} classes of "
                f"{data.source} (architecture.num_classes=0 turns this off)"
            )
        elif dataset.class_names:
            notes.append(f"{spec.name} does not take labels: those of {data.source} are not used")
    return result, notes
