"""What checkpoints come in: torch's zip, torch's old stream, a plain pickle, safetensors."""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from typing import Any

from ganzoo.importing.reader import python_names, torch_zips
from ganzoo.importing.reader.bounds import HEADER
from ganzoo.importing.reader.resolving import Plain, Resolver
from ganzoo.importing.reader.storages import OF_STORAGES, SIZES, FoundTensors, Storage
from ganzoo.importing.reader.stream import Budget, Stream
from ganzoo.importing.reader.values import (
    CUT_OFF,
    ByteSpan,
    Items,
    Name,
    Persistent,
    RefusedError,
    StreamValue,
)

OLD_STREAM = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")
"""How torch's files before 1.6 start, and its storages within pickles still do."""

_OLD_PROTOCOL = 1001

_SAFETENSORS = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64",
    "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


class CheckpointFile:
    """A checkpoint, mapped.

    Args:
        data: Its bytes.

    Attributes:
        tensors: What was found in it.
        names: What the file would have imported.
    """

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.tensors = FoundTensors(len(data))
        self.budget = Budget()
        self.keyed: dict[str, Storage] = {}
        self.within: dict[int, Storage] = {}

    @property
    def names(self) -> list[str]:
        """What unpickling the file would import."""
        return sorted(self.budget.names)

    def read(self, kind: str) -> Plain:
        """Return what a file of a kind of `ganzoo.importing.reader.kinds` holds, as plain data.

        Raises:
            RefusedError: It is damaged, or has what no checkpoint has.
        """
        readers = {
            "zip": self._zip,
            "old stream": self._old_stream,
            "pickle": self._pickle,
            "safetensors": self._safetensors,
        }
        return readers[kind]()

    def _zip(self) -> Plain:
        archive = torch_zips.open_archive(self.data)
        stream = Stream(
            self.data, archive.stream.start, archive.stream.stop, self.budget, persistent=True
        )
        root = stream.follow()
        if stream.place != archive.stream.stop:
            raise RefusedError("it has bytes behind the end of its stream")

        def storage_of(identity: tuple[StreamValue, ...]) -> Storage:
            storage, key = self._identified(identity), self._string(identity[2])
            place = archive.storages.get(key)
            if place is None:
                raise RefusedError(f"the storage {key[:60]!r} is missing in it")
            if place.stop - place.start != storage.count * SIZES[storage.dtype]:
                raise RefusedError(
                    f"the storage {key[:60]!r} has another size than its tensors say"
                )
            storage.start = place.start
            return storage

        return Resolver(self.data, self.tensors, storage_of, None).plain(root)

    def _pickle(self) -> Plain:
        stream = Stream(self.data, 0, len(self.data), self.budget, persistent=False)
        root = stream.follow()
        if stream.place != len(self.data):
            raise RefusedError("it has bytes behind the end of its stream")

        def no_storage(identity: tuple[StreamValue, ...]) -> Storage:
            raise RefusedError("a tensor has no storage")

        return Resolver(self.data, self.tensors, no_storage, self._storage_in).plain(root)

    def _old_stream(self) -> Plain:
        root = self._old_streams(0, len(self.data))
        storages = self._identified, self._storage_in
        return Resolver(self.data, self.tensors, *storages).plain(root)

    def _old_streams(self, start: int, stop: int) -> StreamValue:
        """The value of the fourth stream, whose storages stand behind it."""
        values: list[StreamValue] = []
        for _ in range(4):
            stream = Stream(self.data, start, stop, self.budget, persistent=len(values) == 3)
            values.append(stream.follow())
            start = stream.place
        if values[1] != _OLD_PROTOCOL:
            raise RefusedError("it is of another version of torch's old format")
        for reference in stream.referred:
            self._identified(reference.identity)
        self._place_storages(start, stop)
        return values[3]

    def _storage_in(self, span: ByteSpan) -> Storage:
        """The storage in bytes that are a file of torch's old format themselves."""
        known = self.within.get(span.start)
        if known is not None:
            return known
        if bytes(self.data[span.start : span.start + len(OLD_STREAM)]) != OLD_STREAM:
            raise RefusedError("a storage in it is not as torch writes them")
        inner = CheckpointFile(self.data[: span.stop])
        inner.budget = self.budget
        value = inner._old_streams(span.start, span.stop)
        if not isinstance(value, Persistent):
            raise RefusedError("a storage in it is not as torch writes them")
        self.within[span.start] = inner._identified(value.identity)
        return self.within[span.start]

    def _place_storages(self, start: int, stop: int) -> None:
        """Find the storages behind an old stream: a list of their keys, then each of them."""
        stream = Stream(self.data, start, stop, self.budget, persistent=False)
        keys = stream.follow()
        place = stream.place
        if not isinstance(keys, Items):
            raise RefusedError("it does not list its storages")
        seen = set()
        for key in keys.items:
            key = self._string(key)
            storage = self.keyed.get(key)
            if key in seen:
                raise RefusedError(f"it lists the storage {key[:60]!r} twice")
            seen.add(key)
            if storage is None:
                # Its type is not known, nor where the next one is.
                raise RefusedError(f"it lists the storage {key[:60]!r}, which nothing refers to")
            if stop - place < 8:
                raise RefusedError(f"a storage reaches past its end: {CUT_OFF}")
            (count,) = struct.unpack_from("<q", self.data, place)
            if count != storage.count:
                raise RefusedError(
                    f"the storage {key[:60]!r} has another size than its tensors say"
                )
            storage.start = place + 8
            place = storage.start + count * SIZES[storage.dtype]
            if place > stop:
                raise RefusedError(f"a storage reaches past its end: {CUT_OFF}")
        if place != stop:
            raise RefusedError("it has bytes behind the end of its storages")

    def _identified(self, identity: tuple[StreamValue, ...]) -> Storage:
        """The storage that a persistent reference describes, the same for each one of its key."""
        if len(identity) < 5 or self._string(identity[0]) != "storage":
            raise RefusedError("it refers to something that is not a storage")
        kind, key, count = identity[1], self._string(identity[2]), identity[4]
        dtype = OF_STORAGES.get(kind.name, "") if isinstance(kind, Name) else ""
        if not dtype or python_names.spelled(kind).partition(".")[0] != "torch":
            raise RefusedError("a storage holds numbers of a type that networks do not have")
        if type(count) is not int or not 0 <= count < 2**60:
            raise RefusedError(f"the storage {key[:60]!r} has no size")
        if len(identity) > 5 and identity[5] is not None:
            raise RefusedError("a storage is a part of another, as torch wrote before 0.4")
        storage = self.keyed.setdefault(key, Storage(dtype, count))
        if (storage.dtype, storage.count) != (dtype, count):
            raise RefusedError(f"the storage {key[:60]!r} is described in two ways")
        return storage

    def _string(self, value: StreamValue) -> str:
        if isinstance(value, ByteSpan) and value.text and value.stop - value.start < 1000:
            return str(self.data[value.start : value.stop], "latin-1")
        if not isinstance(value, str):
            raise RefusedError("it names a storage by something that is not a text")
        return value

    def _safetensors(self) -> Plain:
        (length,) = struct.unpack_from("<Q", self.data)
        if length > len(self.data) - 8:
            raise RefusedError(f"its header reaches past its end: {CUT_OFF}")
        if length > HEADER:
            raise RefusedError(f"its header has {length:,} bytes, and at most {HEADER:,} are read")
        try:
            text = str(self.data[8 : 8 + length], "utf-8")
            header = json.loads(text, object_pairs_hook=_unique)
        except (ValueError, RecursionError):
            raise RefusedError("its header is not JSON") from None
        if not isinstance(header, dict):
            raise RefusedError("its header is not a mapping")
        header.pop("__metadata__", None)
        mapping, start = {}, 8 + length
        spans = [(start, start)]
        for key, entry in header.items():
            if not key.isprintable():
                raise RefusedError(f"its header has the name {key[:60]!r}")
            storage, shape = _header_entry(entry, start)
            mapping[key] = ["tensor", self.tensors.whole(storage, shape)]
            spans.append((storage.start, storage.start + storage.count * SIZES[storage.dtype]))
        spans.append((len(self.data), len(self.data)))
        if any(stop != first for (_, stop), (first, _) in pairwise(sorted(spans))):
            raise RefusedError(f"its tensors do not fill it one after another: {CUT_OFF}")
        return ["mapping", mapping]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RefusedError("its header holds a name twice")
    return made


def _header_entry(entry: Any, start: int) -> tuple[Storage, object]:
    """The storage and the shape of a tensor, as the header of a safetensors file says."""
    try:
        dtype, shape, (first, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        width = SIZES[_SAFETENSORS[dtype]]
    except (KeyError, TypeError, ValueError):
        raise RefusedError("its header describes a tensor as the format does not") from None
    whole = type(first) is int and type(stop) is int and isinstance(shape, list)
    if not whole or not 0 <= first <= stop or (stop - first) % width:
        raise RefusedError("its header describes a tensor as the format does not")
    return Storage(_SAFETENSORS[dtype], (stop - first) // width, start + first), tuple(shape)
