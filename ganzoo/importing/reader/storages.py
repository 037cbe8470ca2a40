"""Storages and tensors, as places in the file that are checked against its size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ganzoo.importing.reader.bounds import DIMENSIONS, NUMBERS
from ganzoo.importing.reader.values import CUT_OFF, RefusedError

SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "complex64": 8, "complex128": 16,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip
"""Bytes of a number."""

OF_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}
"""The type of the numbers in torch's storages."""


TensorView = tuple[int, tuple[int, ...], tuple[int, ...]]


@dataclass(eq=False)
class Storage:
    """Numbers of one type that stand in the file one after another.

    Attributes:
        dtype: Their type, as torch calls it.
        count: How many.
        start: Where the first byte stands; -1 until that is known.
        views: The tensors that were found in it, as (offset, shape, strides).
        held: How many numbers those have together.
    """

    dtype: str
    count: int
    start: int = -1
    views: set[TensorView] = field(default_factory=set)
    held: int = 0


class FoundTensors:
    """The tensors of a file, in the order in which they are found."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.found: list[tuple[Storage, TensorView]] = []

    def add(self, storage: Storage, offset: object, shape: object, strides: object) -> int:
        """Add a view of a storage, and return its number.

        Raises:
            RefusedError: It reaches out of its storage, holds a number twice, or its storage is too
                small for all that was found in it.
        """
        if type(offset) is not int or offset < 0:
            raise RefusedError("a tensor starts nowhere")
        sizes, steps = counts(shape), counts(strides)
        if len(sizes) != len(steps):
            raise RefusedError(f"a tensor has {len(sizes)} sizes and {len(steps)} strides")
        reach, count = 0, 1
        # From the closest numbers to the farthest: none may be met twice.
        for step, size in sorted(zip(steps, sizes, strict=True)):
            count *= size
            if size > 1:
                if step <= reach and 0 not in sizes:
                    raise RefusedError(f"a tensor of shape {list(sizes)} holds a number twice")
                reach += step * (size - 1)
        if count and offset + reach >= storage.count:
            raise RefusedError("a tensor reaches past the end of its storage")
        view = (offset, sizes, steps)
        if view not in storage.views:
            storage.views.add(view)
            storage.held += count
        if storage.held > storage.count:
            raise RefusedError("tensors overlap: they hold more numbers than their storage")
        self.found.append((storage, view))
        return len(self.found) - 1

    def whole(self, storage: Storage, shape: object, *, fortran: bool = False) -> int:
        """Add a storage as one tensor; its last index runs fastest, or the first (`fortran`)."""
        sizes = counts(shape)
        steps, step = [], 1
        for size in sizes if fortran else reversed(sizes):
            steps.append(step)
            step *= max(size, 1)
        if math.prod(sizes) != storage.count:
            raise RefusedError(f"a tensor of shape {list(sizes)} does not have as many numbers")
        return self.add(storage, 0, sizes, tuple(steps if fortran else reversed(steps)))

    def places(self) -> list[list[object]]:
        """Return for each tensor its type, first byte, shape and strides, all within the file.

        Raises:
            RefusedError: A storage does not lie in the file.
        """
        places: list[list[object]] = []
        for storage, (offset, shape, strides) in self.found:
            width = SIZES[storage.dtype]
            if storage.start < 0 or storage.start + width * storage.count > self.size:
                raise RefusedError(f"a storage reaches past its end: {CUT_OFF}")
            first = storage.start + width * offset
            places.append([storage.dtype, first, list(shape), list(strides)])
        return places


def counts(values: object) -> tuple[int, ...]:
    """Check sizes or strides, which are whole numbers that are not negative.

    Raises:
        RefusedError: They are something else, or too many, or too large together.
    """
    if not isinstance(values, tuple) or not all(type(n) is int and n >= 0 for n in values):
        raise RefusedError("a tensor has a shape that is not made of whole numbers")
    if len(values) > DIMENSIONS:
        raise RefusedError(f"a tensor has {len(values):,} sizes, and at most {DIMENSIONS} are read")
    if max(values, default=0) > NUMBERS or math.prod(max(n, 1) for n in values) > NUMBERS:
        raise RefusedError("a tensor has a larger shape than any")
    return values
