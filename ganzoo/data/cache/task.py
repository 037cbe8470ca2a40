"""The work of decoding: rows of samples, in chunks that any process can do in any order."""

import io
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Dataset
from ganzoo.data.cache.places import LABELS, SAMPLES
from ganzoo.data.fields import KINDS, Kind
from ganzoo.errors import DataError
from ganzoo.spec import Shape

CHUNK_ROWS, CHUNK_BYTES = 256, 8_000_000
"""At most, of a chunk."""

Bad = list[tuple[int, str]]
"""Numbers of samples that cannot be read, with causes that name them."""


def npy_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return what stands before the numbers in a file of NumPy's format."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype.str, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


@dataclass(frozen=True)
class Task:
    """A dataset to decode into a folder.

    Files are written, and not mapped: a full disk is then an error and not a deadly signal, and
    what is written does not count as memory of the process.
    """

    dataset: Dataset
    shape: Shape
    folder: Path

    @cached_property
    def count(self) -> int:
        """The number of samples of the dataset."""
        return len(self.dataset)

    @property
    def kind(self) -> Kind:
        """What its samples are."""
        return KINDS[self.dataset.kind]

    @cached_property
    def row(self) -> tuple[np.dtype[Any], tuple[int, ...]]:
        """The type and shape of a row: uint8 (H, W, C) or float32 (D,)."""
        return self.kind.row(self.shape)

    @cached_property
    def row_bytes(self) -> dict[str, int]:
        """The size of a row in each file."""
        dtype, shape = self.row
        return {SAMPLES: dtype.itemsize * math.prod(shape), LABELS: 8}

    @cached_property
    def chunk_rows(self) -> int:
        """How many samples a chunk has; the last may have fewer."""
        return max(1, min(CHUNK_ROWS, CHUNK_BYTES // self.row_bytes[SAMPLES]))

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.count // self.chunk_rows)

    def rows(self, chunk: int) -> range:
        """Return the numbers of the samples of a chunk."""
        start = chunk * self.chunk_rows
        return range(start, min(start + self.chunk_rows, self.count))

    def headers(self, count: int) -> dict[str, bytes]:
        """Return the beginnings of both files for so many samples."""
        dtype, shape = self.row
        return {
            SAMPLES: npy_header(dtype, (count, *shape)),
            LABELS: npy_header(np.dtype(np.int64), (count,)),
        }

    def reach(self, name: str) -> int:
        """Return how many rows a file holds by its size."""
        size = (self.folder / name).stat().st_size
        return (size - len(self.headers(self.count)[name])) // self.row_bytes[name]

    def decode(self, chunk: int) -> Bad:
        """Decode a chunk into its place in the files; rows that cannot be read are left 0."""
        rows = self.rows(chunk)
        dtype, shape = self.row
        fit, background = self.dataset.fit, self.dataset.background
        samples = np.zeros((len(rows), *shape), dtype)
        labels = np.zeros(len(rows), np.int64)
        bad = []
        for place, index in enumerate(rows):
            try:
                sample, labels[place] = self.dataset.read(index)
            except DataError as error:
                bad.append((index, str(error)))
                continue
            samples[place] = self.kind.brought(sample, self.shape, fit, background)
        self._write(SAMPLES, rows.start, samples)
        self._write(LABELS, rows.start, labels)
        return bad

    def _write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        with (self.folder / name).open("r+b", buffering=0) as file:
            file.seek(len(self.headers(self.count)[name]) + start * self.row_bytes[name])
            left = rows.data.cast("B")
            while left:  # a system may write a part
                left = left[file.write(left) :]
