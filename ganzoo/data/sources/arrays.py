"""Images and vectors in NumPy's files."""

import functools
import hashlib
import lzma
import math
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Item
from ganzoo.data.config import ArraysConfig
from ganzoo.data.depth import shades
from ganzoo.data.sources.columns import LABELS, find_column, folded, left_over
from ganzoo.data.sources.labels import Classes, by_label, label_of, look_alikes, places_of
from ganzoo.data.sources.looking import content_key
from ganzoo.data.sources.members import unpacked
from ganzoo.data.sources.own import Source, absolute, chosen_white, file_status
from ganzoo.data.sources.pixels import CHANNELS, channels_first, without_alpha
from ganzoo.errors import DataError, brief

SAMPLES = ("images", "image", "x", "samples", "data", "arr0", "imgs", "features")
NAMES = ("classnames", "labelnames", "targetnames", "categories", "classes")
"""How arrays are usually called, as `folded` returns it."""

LONGEST_LABEL = 4096
"""Bytes; arrays of longer texts are refused before they are unpacked."""

DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)

MOST_NAMES = 100_000
"""Names of classes."""

ROWS = 1024
"""How many vectors are looked at at once."""

TO_BYTES = (
    "convert them from [0, 1] with (255 * x).round().astype('uint8'), or from [-1, 1] with "
    "(127.5 * (x + 1)).round().astype('uint8')"
)


@contextmanager
def _opened(member: str, path: str) -> Iterator[IO[bytes]]:
    """Open what a .npz holds under a name."""
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        yield file


class Arrays(Source):
    """Samples in a .npz or .npy: images of uint8 or uint16, or vectors of floating-point numbers.

    Images are (N, H, W), (N, H, W, C) or (N, C, H, W) of 1, 3 or 4 channels; where channels could
    be first or last, they are last. uint16 is brought to 8 bits by ``data.white``. Vectors are
    (N, D), and are shifted and scaled to a mean of 0 and a variance of 1. In a .npz there may be
    labels, integers or texts, (N,), and the names of the classes that integers stand for. Nothing
    is unpickled.

    What a .npz holds is unpacked once, into ganzoo's cache, so that it need not be in memory.
    """

    def __init__(self, config: ArraysConfig) -> None:
        file_status(config.source)
        self._config, self._path = config, absolute(config.source)
        self.adopt(config)
        self._told = f"data.source: {config.source}"
        try:
            self._samples, labels, names = self._read()
        except (OSError, ValueError, EOFError, RuntimeError, *DAMAGES) as error:
            objects = any(word in str(error) for word in ("pickle", "Python objects"))
            cause = "it holds Python objects" if objects else brief(error)
            raise DataError(
                f"{self._told} cannot be read ({cause}); save arrays of numbers with numpy.savez"
            ) from error
        if not self._samples.ndim or not len(self._samples):
            raise DataError(f"{self._told} holds no samples")
        self.kind = "vectors" if self._samples.ndim == 2 else "images"
        self.shape = self._vectors() if self.kind == "vectors" else self._images()
        if self.kind == "images" and self._samples.ndim == 3 and labels is None:
            self._check_count()
        self.class_names, self.labels = self._classes(labels, names)
        self.notes += tuple(look_alikes("labels", self.class_names))
        self.names = [f"sample {row}" for row in range(len(self._samples))]
        self.sizes = np.tile(self.shape[:0:-1], (len(self.names), 1))
        self.bad = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Be opened anew in another process, rather than sent there."""
        return type(self), (self._config,)

    def read(self, index: int) -> Item:
        """Return one image, uint8 (H, W) or (H, W, C), or one vector, float32 (D,)."""
        sample, label = self._samples[index], int(self.labels[index])
        if self.kind == "vectors":
            return Item(np.asarray(sample, dtype=np.float32), label)
        if self._first:
            sample = sample.transpose(1, 2, 0)
        if sample.dtype != np.uint8:
            sample = shades(self.white)[sample]
        pixels, name = np.ascontiguousarray(sample), self.names[index]
        return Item(without_alpha(pixels, name, self.shape[0], self.background), label)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of the file, and of what is read of it."""
        config, key = self._config, content_key(self._path)
        chosen: list[Any] = [key, config.samples, self.shape, self.background, self.class_names]
        chosen += chosen_white(self.white)
        digest = hashlib.blake2b(repr(chosen).encode(), digest_size=16)
        digest.update(self.labels.tobytes())
        return f"arrays-{digest.hexdigest()}"

    def _read(self) -> tuple[NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]:
        """Find the samples, their labels and the names of their classes."""
        config = self._config
        if not zipfile.is_zipfile(self._path):
            for field in ("samples", "labels"):
                if getattr(config, field):
                    raise DataError(
                        f"data.{field} applies to .npz files only, and {config.source} is not one"
                    )
            return _mapped(self._path), None, None
        with zipfile.ZipFile(self._path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            known = list(members)
            chosen = self._key(known, "samples", SAMPLES)
            if chosen is None and len(known) == 1:
                chosen = known[0]
            if chosen is None:
                raise DataError(
                    f"{self._told} holds none of the arrays {', '.join(SAMPLES[:5])}; its arrays "
                    f"are: {brief(', '.join(known)) or 'none'}; name the array of samples with "
                    "data.samples"
                )
            _header_in(archive, members[chosen])
            kept = f"{content_key(self._path)}-{zlib.crc32(chosen.encode()):08x}.npy"
            opener = functools.partial(_opened, members[chosen])
            samples = _mapped(unpacked(self._path, opener, kept))
            shape = samples.shape[:1] or (0,)
            usual = [name for name in LABELS if name not in NAMES]
            usual += ["arr1"] if folded(chosen) == "arr0" else []
            others = [name for name in known if name != chosen]
            label = self._key(known, "labels", usual)
            names = find_column([name for name in others if name != label], None, NAMES)
            none = self._config.labels == ""
            if names and not label and not none and _header_in(archive, members[names])[0] == shape:
                label, names = names, None
            if not none:
                unused = [name for name in others if name not in (label, names)]
                self.notes = left_over(config.source, "arrays", unused, label, "data.labels")
            read = [
                None if key is None else self._small(archive, members[key], most)
                for key, most in ((label, shape[0]), (label and names, MOST_NAMES))
            ]
        return samples, read[0], read[1]

    def _small(self, archive: zipfile.ZipFile, name: str, most: int) -> NDArray[Any]:
        """Unpack labels, or names of classes, once their header says that they are few."""
        shape, dtype = _header_in(archive, name)
        if math.prod(shape) > most or dtype.itemsize > LONGEST_LABEL:
            raise DataError(
                f"{self._told}: {brief(name)} holds {dtype} of the shape {brief(shape)}; labels "
                "must be integers or texts, one for each sample"
            )
        with archive.open(name) as file:
            values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return values

    def _key(self, known: list[str], field: str, usual: Iterable[str]) -> str | None:
        """Find the array that a field of the config names, or else a usual one."""
        chosen = getattr(self._config, field)
        found = find_column(known, chosen, usual)
        if chosen and found is None:
            raise DataError(
                f"data.{field}: {self._config.source} has no array {chosen!r}; its arrays are: "
                f"{brief(', '.join(known)) or 'none'}"
            )
        return found

    def _images(self) -> tuple[int, int, int]:
        if self._samples.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
            raise DataError(
                f"{self._told} holds images of {self._samples.dtype}, but they must be uint8 or "
                f"uint16; {TO_BYTES}"
            )
        shape = self._samples.shape
        if 0 in shape:
            raise DataError(f"{self._told} holds an array of shape {shape}, which is empty")
        try:
            self._first = channels_first(shape[1:])
        except DataError as error:
            raise DataError(f"{self._told} holds an array of the shape {shape}; {error}") from None
        height, width, *last = shape[2:] if self._first else shape[1:]
        count = shape[1] if self._first else last[0] if last else 1
        return self._config.channels or (1 if count == 1 else 3), int(height), int(width)

    def _check_count(self) -> None:
        """Refuse one image that would be taken for many, or report that it may be one."""
        shape = self._samples.shape
        if shape[2] in CHANNELS:
            raise DataError(
                f"{self._told} holds an array of the ambiguous shape {shape}; save x[None] for one "
                f"image, or x[..., None] for {shape[0]} grey images that are {shape[2]} pixels wide"
            )
        if shape[0] in CHANNELS[1:]:
            self.notes += (
                f"{self._config.source} of the shape {shape} is read as {shape[0]} grey images; "
                f"if it is one image of {shape[0]} channels, save x[None]",
            )

    def _vectors(self) -> tuple[int]:
        """Find mean and standard deviation of each coordinate.

        Raises:
            DataError: They are no floating-point numbers, or one is not finite.
        """
        rows, length = self._samples.shape
        if self._samples.dtype.kind != "f" or not length:
            raise DataError(
                f"{self._told} holds {self._samples.dtype} of the shape {(rows, length)}; vectors "
                "are floating-point, and images are uint8 of the shape (N, H, W) or (N, H, W, C)"
            )
        total, squares = np.zeros(length), np.zeros(length)
        first = self._samples[0].astype(np.float64)
        for start in range(0, rows, ROWS):
            part = self._samples[start : start + ROWS].astype(np.float32).astype(np.float64)
            faults = ~np.isfinite(part).all(axis=1)
            if faults.any():
                raise DataError(
                    f"{self._told}: vector {start + int(faults.argmax())} holds a number that is "
                    "not finite"
                )
            part -= first  # so that squares of a distant mean take no digits away
            total += part.sum(axis=0)
            squares += (part**2).sum(axis=0)
        mean = total / rows
        std = np.sqrt(np.maximum(squares / rows - mean**2, 0))
        self.shift = tuple((mean + first).tolist())
        self.scale = tuple(np.where(std > 0, std, 1.0).tolist())
        return (int(length),)

    def _classes(self, labels: NDArray[Any] | None, names: NDArray[Any] | None) -> Classes:
        count, source = len(self._samples), self._config.source
        if labels is None:
            return (), np.zeros(count, dtype=np.int64)
        if labels.shape not in ((count,), (count, 1)) or labels.dtype.kind not in "biufUS":
            raise DataError(
                f"{self._told} holds {count} samples, and labels of {labels.dtype} of the shape "
                f"{labels.shape}; labels must be integers or texts, one for each sample"
            )
        values = labels.reshape(count).tolist()
        if names is None or labels.dtype.kind in "US":
            return by_label(source, values)
        return places_of(source, values, [label_of(name) or "" for name in names.ravel().tolist()])


def _mapped(path: str) -> NDArray[Any]:
    """Map a .npy into memory, once its header is known to be of it."""
    with open(path, "rb") as file:
        _header_of(file, os.path.getsize(path))
    return np.lib.format.open_memmap(path, mode="r")


def _header_in(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    info = archive.getinfo(name)
    with archive.open(info) as file:
        return _header_of(file, info.file_size)


def _header_of(file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the shape and dtype in the header of a .npy of so many bytes, and nothing more.

    Raises:
        ValueError: It is damaged, or claims more than there is.
    """
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_2_0
        if version == (1, 0):
            read = np.lib.format.read_array_header_1_0
        shape, _, dtype = read(file)
    except (TypeError, SyntaxError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"its header is damaged: {brief(error)}") from None
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValueError(f"its header gives the shape {brief(shape)}")
    if dtype.hasobject:
        raise ValueError("Python objects")
    if not dtype.itemsize or math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"its header gives the shape {brief(shape)}, and it has {size:,} bytes")
    return shape, dtype
