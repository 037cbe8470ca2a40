"""A foreign checkpoint as plain data, read by a process of its own.

See `ganzoo.importing.reader` for that process. What it prints is checked here as strictly as if the
checkpoint itself had written it: of a tensor only places in the file are taken over, and they must
lie in it.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, WeightsError
from ganzoo.importing.reader import bounds

_START = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from ganzoo.importing.reader.main import main; main(sys.argv[2])"
)

_DTYPES = {
    name: getattr(torch, name)
    for name in (
        *("float64", "float32", "float16", "bfloat16", "complex64", "complex128"),
        *("int64", "int32", "int16", "int8", "uint8", "bool"),
    )
}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that lies in a file.

    Attributes:
        file: The file.
        dtype: The type of its numbers.
        start: Where its first byte lies.
        shape: Its shape.
        strides: How many numbers lie between neighbours of each axis.
    """

    file: Mapped = field(repr=False)
    dtype: torch.dtype
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def load(self) -> Tensor:
        """Return the tensor; its memory is that of the file, and is not to be changed."""
        if not math.prod(self.shape):
            return torch.empty(self.shape, dtype=self.dtype)
        reach = sum(step * (n - 1) for n, step in zip(self.shape, self.strides, strict=True))
        width = self.dtype.itemsize
        flat = torch.frombuffer(
            self.file.content, dtype=torch.uint8, count=width * (reach + 1), offset=self.start
        )
        if self.start % width:  # as in a plain pickle, where tensors lie as they come
            flat = flat.clone()
        return flat.view(self.dtype).as_strided(self.shape, self.strides)


@dataclass(frozen=True)
class Foreign:
    """An object of a class that means nothing here, as a record of what its file says of it.

    Attributes:
        name: What it would have been made by, as ``package.module.Class``.
        arguments: What that would have been given.
        states: What would have been set as its state.
        items: What would have been appended to it, where it is like a list.
        pairs: What would have been set in it, where it is like a dictionary.
    """

    name: str
    arguments: list[Any]
    states: list[Any]
    items: list[Any]
    pairs: list[list[Any]]


@dataclass(frozen=True)
class Opaque:
    """What is left out: a name, bytes, a long text, a dictionary whose keys are not texts."""

    kind: str
    what: Any


class Mapped:
    """A file in memory; changes to it do not reach the disk."""

    def __init__(self, path: Path, size: int) -> None:
        with path.open("rb") as opened:
            # Copied on writing: torch has no tensors of memory that must not be written.
            self.content = mmap.mmap(opened.fileno(), size, access=mmap.ACCESS_COPY)


class Document:
    """One checkpoint.

    Attributes:
        path: The file.
        kind: Its container: ``zip``, ``old stream``, ``pickle`` or ``safetensors``.
        root: What it holds: numbers, texts, lists and dictionaries, `StoredTensor`, `Foreign` and
            `Opaque`.
        names: What unpickling it would have imported.
        size: Of the file in bytes.
        digest: Its SHA-256.
    """

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            WeightsError: It is not a checkpoint, damaged, or has what no checkpoint has.
            GanzooError: It cannot be read.
        """
        self.path = path
        try:
            before = path.stat()
            if not stat.S_ISREG(before.st_mode):  # a pipe or a device may never end
                raise WeightsError(f"{path} is not a file")
            path.open("rb").close()  # or it is the other process that may not read it
            self.size = before.st_size
            hashing = _Hashing(path)
            answer = _ask(path)
            self._file = Mapped(path, self.size)
            self.digest = hashing.result()
            changed = _version(before) != _version(path.stat())
        except OSError as error:
            raise GanzooError(f"{path} cannot be read: {error.strerror or error}") from error
        except ValueError:  # of a mapping that is larger than the file
            changed = True
        if changed:
            raise WeightsError(f"{path} changed while it was read; wait until it is complete")
        try:
            self.kind, self.names = str(answer["kind"]), [str(name) for name in answer["names"]]
            self._tensors = [self._stored(*place) for place in answer["tensors"]]
            self.root = self._value(answer["root"])
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise WeightsError(f"{path}: the reader's answer is not what it should be") from error

    def _stored(self, dtype: str, start: int, shape: list[int], strides: list[int]) -> StoredTensor:
        numbers = [start, *shape, *strides]
        if not all(type(n) is int and n >= 0 for n in numbers) or len(shape) != len(strides):
            raise WeightsError(f"{self.path}: the reader's answer is not what it should be")
        stored = StoredTensor(self._file, _DTYPES[dtype], start, tuple(shape), tuple(strides))
        reach = sum(step * (n - 1) for n, step in zip(shape, strides, strict=True))
        if math.prod(shape) and start + stored.dtype.itemsize * (reach + 1) > self.size:
            raise WeightsError(f"{self.path}: a tensor reaches past the end of the file")
        return stored

    def _value(self, plain: Any) -> Any:
        if not isinstance(plain, list):
            return plain
        kind, *rest = plain
        match kind:
            case "list":
                return [self._value(item) for item in rest[0]]
            case "mapping":
                return {key: self._value(item) for key, item in rest[0].items()}
            case "tensor":
                return self._tensors[rest[0]]
            case "object":
                name, arguments, states, items, pairs = rest
                return Foreign(
                    name,
                    [self._value(item) for item in arguments],
                    [self._value(state) for state in states],
                    [self._value(item) for item in items],
                    [[self._value(key), self._value(item)] for key, item in pairs],
                )
        return Opaque(kind, rest[0] if len(rest) == 1 else tuple(rest))

    @cached_property
    def facts(self) -> Any:
        """What the file says beside its tensors: the same values, with nothing else in them."""
        return _facts(self.root)


def _facts(value: Any) -> Any:
    if isinstance(value, dict):
        plain = {key: _facts(item) for key, item in value.items()}
        return {key: item for key, item in plain.items() if item is not None} or None
    if isinstance(value, list):
        return [_facts(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) else None


def _version(status: os.stat_result) -> tuple[int, ...]:
    """What differs between two versions of a file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class _Hashing(threading.Thread):
    """Computes a file's SHA-256 while the other process reads it."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path, self._digest = path, ""
        self._error: OSError | None = None
        self.start()

    def run(self) -> None:
        try:
            with self._path.open("rb") as file:
                self._digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self._error = error

    def result(self) -> str:
        self.join()
        if self._error is not None:
            raise self._error
        return self._digest


def _ask(path: Path) -> dict[str, Any]:
    """Let another process read a file, and return what it prints.

    Raises:
        WeightsError: It refuses the file, or needs more memory or time than it may.
    """
    package = Path(__file__).parents[2]
    # Isolated, without site-packages: nothing but Python's own library and the reader can be found.
    command = [sys.executable, "-I", "-S", "-c", _START, str(package), str(path)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=bounds.SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"{path}: reading it takes over {bounds.SECONDS} seconds") from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise WeightsError(
            f"{path}: reading it takes more memory or time than any checkpoint does"
        ) from None
    if "refused" in answer:
        raise WeightsError(f"{path} cannot be imported: {answer['refused']}")
    return answer
