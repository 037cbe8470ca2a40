"""NumPy's scalars, arrays and types, as streams spell them; NumPy itself is not imported."""

from __future__ import annotations

import math
import struct
from typing import Any

from ganzoo.importing.reader import python_names
from ganzoo.importing.reader.bounds import ARRAY_NUMBERS
from ganzoo.importing.reader.storages import SIZES, FoundTensors, Storage, counts
from ganzoo.importing.reader.values import ByteSpan, Call, RefusedError, StreamValue

MAKERS = {
    python_names.NUMPY_SCALAR,
    python_names.NUMPY_ARRAY,
    python_names.NUMPY_BUFFER,
    python_names.TEXT_AS_BYTES,
}
"""The calls that `resolve_array` knows."""

SHORT = 100_000
"""Bytes that are looked at as numbers here; longer ones are left where they are."""

_TYPES = {
    "f8": ("float64", "d"), "f4": ("float32", "f"), "f2": ("float16", "e"),
    "i8": ("int64", "q"), "i4": ("int32", "i"), "i2": ("int16", "h"), "i1": ("int8", "b"),
    "u1": ("uint8", "B"), "b1": ("bool", "?"),
}  # fmt: skip
"""By NumPy's code: the type as torch calls it, and the code of Python's ``struct``."""

_UNSIGNED = {"u8": "Q", "u4": "I", "u2": "H"}
"""Types that torch's weights do not have; scalars may."""


def resolve_array(call: Call, name: str, data: memoryview, tensors: FoundTensors) -> Any:
    """Return a number, a tensor's place or a short array's numbers.

    Returns:
        Plain data as `ganzoo.importing.reader.resolving.Plain`; None where the call is kept as it
        is.

    Raises:
        RefusedError: It is an array of Python's objects, or does not lie in the file.
    """
    if name == python_names.TEXT_AS_BYTES:
        content = _content(call, data)
        return None if content is None else ["bytes", len(content)]
    arguments = call.arguments
    if name == python_names.NUMPY_SCALAR:
        return _scalar(arguments, data)
    if name == python_names.NUMPY_ARRAY:
        state = call.states[0] if len(call.states) == 1 else None
        if not isinstance(state, tuple) or len(state) != 5:
            return None
        shape, dtype, fortran, content = state[1], _code(state[2]), state[3], state[4]
    else:
        if len(arguments) != 4:
            return None
        content, dtype, shape = arguments[0], _code(arguments[1]), arguments[2]
        fortran = arguments[3] == "F"
    if dtype == "O":
        raise RefusedError("it holds a NumPy array of Python objects")
    if dtype not in _TYPES:
        return None
    kind, code = _TYPES[dtype]
    count = math.prod(counts(shape))
    if isinstance(content, ByteSpan):
        if content.stop - content.start != count * SIZES[kind]:
            raise RefusedError("a NumPy array has not as many numbers as its shape says")
        storage = Storage(kind, count, content.start)
        return ["tensor", tensors.whole(storage, shape, fortran=fortran is True)]
    short = _content(content, data)
    if short is None or len(short) != count * SIZES[kind] or count > ARRAY_NUMBERS:
        return None
    return ["list", list(struct.unpack(f"<{count}{code}", short))]


def _scalar(arguments: tuple[StreamValue, ...], data: memoryview) -> int | float | bool | None:
    if len(arguments) != 2:
        return None
    dtype, content = _code(arguments[0]), _content(arguments[1], data)
    code = _TYPES[dtype][1] if dtype in _TYPES else _UNSIGNED.get(dtype)
    if code is None or content is None or len(content) != struct.calcsize(f"<{code}"):
        return None
    number: int | float | bool = struct.unpack(f"<{code}", content)[0]
    return number


def _code(value: StreamValue) -> str:
    """NumPy's code of a type, empty where it is another than those of numbers, or big-endian."""
    if not isinstance(value, Call):
        return ""
    name = python_names.spelled(value.function)
    if name.startswith("numpy.dtypes.") and not value.arguments:
        # As numpy.dtypes.Float64DType.
        word = name.removeprefix("numpy.dtypes.").removesuffix("DType").lower()
        return {kind: code for code, (kind, _) in _TYPES.items()}.get(word, "")
    if name != python_names.NUMPY_DTYPE or not value.arguments:
        return ""
    for state in value.states:
        if isinstance(state, tuple) and len(state) > 1 and state[1] == ">":
            return ""
    code = value.arguments[0]
    if isinstance(code, str) and code.startswith("O"):
        return "O"
    return code if isinstance(code, str) else ""


def _content(value: StreamValue, data: memoryview) -> bytes | None:
    """The bytes that a value stands for: as they are, or spelled as text as protocol 2 does."""
    if isinstance(value, ByteSpan):
        return bytes(data[value.start : value.stop]) if value.stop - value.start <= SHORT else None
    if (
        isinstance(value, Call)
        and python_names.spelled(value.function) == python_names.TEXT_AS_BYTES
    ):
        text = value.arguments[0] if value.arguments else None
        if isinstance(text, str) and len(text) <= SHORT and value.arguments[1:] == ("latin1",):
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError:
                return None
    return None
