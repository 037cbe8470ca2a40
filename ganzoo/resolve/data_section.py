"""The section ``data`` of a config, the dataset that it means, and what networks read of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import registry
from ganzoo.config import DataConfig
from ganzoo.errors import ConfigError, PluginError
from ganzoo.resolve.paths import HUB_READER, READERS, dataset_name, is_on_hub, is_path
from ganzoo.resolve.validation import shown, validate
from ganzoo.spec import DatasetSpec

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset


def data_config(values: Mapping[str, Any], within: Mapping[str, Any] | None = None) -> DataConfig:
    """Check the section ``data``, of a run's config if there is one, against its dataset.

    Raises:
        ConfigError: The source is unknown, or a value is not allowed.
    """
    source = values.get("source")
    if not isinstance(source, str) or not source:
        raise ConfigError(
            f"data.source: {shown(source)} is not allowed; it must be a dataset's name or a path"
        )
    try:
        spec = registry.get(DatasetSpec, dataset_name(source))
    except PluginError as error:
        if Path(source).exists():
            what = "folder" if Path(source).is_dir() else "file"
            raise ConfigError(
                f"data.source: there is no dataset {source!r}; for the {what} of that name write "
                f"./{source}"
            ) from None
        raise ConfigError(
            f"data.source: {error}; a path has a / in it, as ./images, a repository of the Hub "
            "is hf://owner/name, and a dataset from Python is registered first, with "
            "ganzoo.register_dataset"
        ) from error
    if source in READERS:
        raise ConfigError(
            f"data.source: {source!r} reads a path; give the path itself, as ./images"
        )
    if source == HUB_READER:
        raise ConfigError(
            f"data.source: {source!r} reads repositories of the Hugging Face Hub; name one, as "
            "hf://owner/name"
        )
    if is_path(source):
        # So that a run goes on from wherever it is resumed.
        values = {**values, "source": os.path.abspath(os.path.expanduser(source))}
    return validate(spec.config, values, "data", within)


def section_of(data: str | Mapping[str, Any], reads: Sequence[str]) -> Mapping[str, Any]:
    """Complete a section ``data``, or what stands for it, by what networks read.

    For those that read several fields, a path is that of images which hold all of them, and a
    section without a source is of the dataset that has these fields.
    """
    values = data if isinstance(data, Mapping) else {"source": data}
    source = values.get("source")
    if "sample" in reads or not (names := datasets_with(reads)):
        return values
    if source is None:
        return {"source": names[0], **values}
    if isinstance(source, str) and (is_path(source) or is_on_hub(source)):
        for name in names:
            if "path" in registry.get(DatasetSpec, name).config.model_fields:
                return {**values, "source": name, "path": source}
    return values


def check_fields(architecture: str, reads: Sequence[str], data: DatasetSpec) -> None:
    """Check that data has the fields that an architecture is trained on.

    Raises:
        ConfigError: It has others.
    """
    missing = [field for field in reads if field not in data.fields]
    if missing:
        there, names = " and ".join(data.fields), datasets_with(reads)
        such = f", such as data={names[0]} (see ganzoo info {names[0]})" if names else ""
        raise ConfigError(
            f"data.source: {data.name} holds {there}, and {architecture} is trained on "
            f"{' and '.join(reads)}; choose an architecture whose objective reads {there}, or "
            f"other data{'' if 'sample' in reads else such}"
        )


def datasets_with(reads: Iterable[str]) -> list[str]:
    """Return the datasets, by name, that have some fields."""
    found = []
    for name in registry.names("datasets"):
        with suppress(PluginError):  # of one that does not load
            if {*reads} <= {*registry.get(DatasetSpec, name).fields}:
                found.append(name)
    return found


def open_dataset(config: DataConfig) -> Dataset:
    """Open the source that a resolved config names.

    Raises:
        ganzoo.errors.DataError: It cannot be read.
    """
    dataset: Dataset = registry.instantiate("datasets", dataset_name(config.source), config)
    return dataset
