"""Datasets of Python, as those of torch."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo import registry
from ganzoo.data.base import Item
from ganzoo.data.config import PythonConfig
from ganzoo.data.progress import progress
from ganzoo.data.sources.labels import Classes, by_label, label_of, look_alikes, places_of
from ganzoo.data.sources.own import Source
from ganzoo.data.sources.pixels import as_file, channels_first, to_bytes, without_alpha
from ganzoo.errors import ConfigError, DataError, brief
from ganzoo.resolve.paths import is_path
from ganzoo.spec import DatasetSpec


class MapStyle(Protocol):
    """What `torch.utils.data.Dataset` has that tells its samples by their places."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def __getitem__(self, index: int, /) -> Any:
        """Return an image, or an image and its label."""


Data = str | os.PathLike[str] | MapStyle
"""What may be given as data from Python: a dataset's name, a path, or a dataset itself."""


def register_dataset(
    name: str,
    dataset: MapStyle,
    class_names: Sequence[str] | None = None,
    *,
    override: bool = False,
) -> None:
    """Let configs name a dataset of Python as their ``data.source``, in this process.

    Args:
        name: The name.
        dataset: A map-style `torch.utils.data.Dataset`, or anything else with a length and samples
            by their places. A sample is an image, or an image and its label: a PIL image; uint8
            ``(H, W)``, ``(H, W, C)`` or ``(C, H, W)``; or floats in [0, 1], as torchvision's
            ``ToTensor`` makes them. Labels are integers or texts.
        class_names: Names of the classes that integers stand for; the dataset's attribute
            ``classes`` where left out.
        override: Take the place of a dataset that has the name already.

    Raises:
        ConfigError: It is no such dataset.
        ganzoo.errors.PluginError: The name is taken, or not allowed.
    """
    if not _is_map_style(dataset):
        raise ConfigError(
            f"data: a {type(dataset).__name__} has no length or no index; give a map-style "
            "dataset, a path or a dataset's name"
        )
    names = getattr(dataset, "classes", None) if class_names is None else class_names
    held = _Held(name, dataset, None if names is None else [str(item) for item in names])
    spec = DatasetSpec(
        name=name,
        summary=f"A {type(dataset).__name__} of Python, registered in this process.",
        config=PythonConfig,
        factory="ganzoo.data.sources.python:Python",
    )
    registry.register(spec, override=override)
    _held[name] = held


def with_source(data: Data) -> str:
    """Return what ``data.source`` takes for a path, a name, or a dataset, which is registered.

    A dataset gets the name ``python-`` with that of its class, which another of that class takes
    over.

    Raises:
        ConfigError: It is none of these.
    """
    if isinstance(data, str):
        return data
    if isinstance(data, os.PathLike):
        path = os.fspath(data)
        return path if is_path(path) else os.path.join(".", path)
    known = next((name for name, held in _held.items() if held.dataset is data), None)
    if known is not None and known in registry.names("datasets"):
        return known
    name = f"python-{type(data).__name__.strip('_').lower()}"
    register_dataset(name, data, override=True)
    return name


def with_data(values: Any) -> Any:
    """Do as `with_source` does for the section ``data`` of a config, or what stands for it."""
    if isinstance(values, Mapping):
        source = values.get("source")
        return values if source is None else {**values, "source": with_source(source)}
    return with_source(values)


def _is_map_style(data: object) -> bool:
    return all(hasattr(type(data), name) for name in ("__len__", "__getitem__")) and not isinstance(
        data, str | bytes | Mapping
    )


@dataclass(frozen=True)
class _Seen:
    """What one pass over a dataset found; sizes are (N, 2), and 0 where there is no image."""

    digest: str
    sizes: NDArray[np.int64]
    grey: bool
    labels: list[int | str | None]
    bad: dict[str, str]


@dataclass
class _Held:
    name: str
    dataset: MapStyle
    class_names: list[str] | None

    @cached_property
    def seen(self) -> _Seen:
        """Look at every sample, once for all that open it."""
        digest = hashlib.blake2b(digest_size=16)
        count = len(self.dataset)
        sizes, grey, bad = np.zeros((count, 2), dtype=np.int64), True, {}
        labels: list[int | str | None] = []
        with progress(f"looking at the samples of {self.name}", count) as report:
            for index in range(count):
                try:
                    image, label = self.read(index)
                    sizes[index] = image.shape[1], image.shape[0]
                    grey = grey and image.ndim == 2
                    digest.update(repr((image.shape, label)).encode())
                    digest.update(image.tobytes())
                except DataError as error:
                    label, bad[f"sample {index}"] = None, str(error)
                    digest.update(str(error).encode(errors="replace"))
                labels.append(label)
                report(1)
        return _Seen(digest.hexdigest(), sizes, grey, labels, bad)

    def read(self, index: int) -> tuple[NDArray[np.uint8], int | str | None]:
        """Read an image and its label; of errors the message is the cause alone."""
        try:
            sample = self.dataset[index]
        except Exception as error:  # whatever a stranger's code does
            raise DataError(f"{type(error).__name__}: {brief(error)}") from error
        label = None
        if isinstance(sample, tuple | list):
            if len(sample) != 2:
                raise DataError(
                    f"it has {len(sample)} parts; give an image, or an image and its label"
                )
            sample, label = sample[0], _label(sample[1])
        return _image(sample, f"sample {index}"), label


_held: dict[str, _Held] = {}


class Python(Source):
    """Images that a dataset of Python makes; it is read once when it is first opened.

    Raises:
        DataError: It has no images, makes others each time, or its labels are of several kinds.
    """

    def __init__(self, config: PythonConfig) -> None:
        held = self._held = _held[config.source]
        count = len(held.dataset)
        if not count:
            raise DataError(f"data.source: {config.source} has no samples")
        seen = held.seen
        self.sizes = seen.sizes
        self.bad, self.names = seen.bad, [f"sample {index}" for index in range(count)]
        if len(self.bad) == count:
            raise DataError(f"data.source: {config.source}: sample 0: {self.bad['sample 0']}")
        self._check_repeatable()
        readable = seen.sizes.all(axis=1)
        side = int(seen.sizes[readable].min())
        self.shape = (1 if seen.grey else 3, side, side)
        self.class_names, self.labels = self._classes(config.source)
        self.notes = (
            "the data is a Python dataset: to resume this run, first call "
            f"ganzoo.register_dataset({config.source!r}, ...), for example in a file that you "
            "load with --import",
            *look_alikes("labels", self.class_names),
        )

    def read(self, index: int) -> Item:
        """Return one image, uint8 (H, W) or (H, W, 3)."""
        try:
            image, _ = self._held.read(index)
        except DataError as error:
            raise DataError(f"{self.names[index]}: {error}") from error
        return Item(image, int(self.labels[index]))

    @property
    def fingerprint(self) -> str:
        """A hash of every image and label."""
        names = repr(self.class_names).encode()
        return f"python-{hashlib.blake2b(names, digest_size=4).hexdigest()}{self._held.seen.digest}"

    def _check_repeatable(self) -> None:
        index = next(index for index, name in enumerate(self.names) if name not in self.bad)
        if not np.array_equal(self._held.read(index)[0], self._held.read(index)[0]):
            raise DataError(
                f"data.source: {self._held.name}: sample {index} changes each time it is read; "
                "remove random transforms, because a run augments its images itself"
            )

    def _classes(self, source: str) -> Classes:
        given = [label for label in self._held.seen.labels if label is not None]
        if not given:
            return (), np.zeros(len(self), dtype=np.int64)
        if len({type(label) for label in given}) > 1 or len(given) + len(self.bad) < len(self):
            raise DataError(
                f"data.source: {source}: some labels are integers and others are text or "
                "missing; use one kind for all"
            )
        # What cannot be read is not trained on, whatever its label is said to be.
        labels: list[Any] = [given[0] if x is None else x for x in self._held.seen.labels]
        if self._held.class_names is not None and isinstance(given[0], int):
            return places_of(source, labels, self._held.class_names)
        return by_label(source, labels)


def _image(sample: Any, name: str) -> NDArray[np.uint8]:
    """Turn whatever a dataset gives as an image into uint8 (H, W) or (H, W, 3)."""
    if isinstance(sample, Image.Image):
        return np.asarray(sample) if sample.mode in ("L", "RGB") else as_file(sample, name)
    array = _array(sample)
    if array is None:
        raise DataError(f"it is a {type(sample).__name__}; give a PIL image, an array or a tensor")
    first = channels_first(array.shape)
    pixels = to_bytes(array.transpose(1, 2, 0) if first else array)
    return without_alpha(np.ascontiguousarray(pixels), name)


def _label(label: Any) -> int | str | None:
    array = _array(label)
    if array is not None and not array.ndim:
        label = array.item()
    text = label_of(label)
    return text if text is None or isinstance(label, str | bytes | bool) else int(label)


def _array(value: Any) -> NDArray[Any] | None:
    """Take an array or a tensor, wherever it is; torch need not be imported for that."""
    if hasattr(value, "detach"):
        return np.asarray(value.detach().cpu().numpy())
    return np.asarray(value) if isinstance(value, np.ndarray | np.generic) else None
