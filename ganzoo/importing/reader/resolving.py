"""From what a stream says to plain data: the values that JSON has, and tensors as places."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from ganzoo.importing.reader import numpy_arrays, python_names
from ganzoo.importing.reader.bounds import DEPTH, SHOWN_TEXT, TEXT, VALUES
from ganzoo.importing.reader.storages import FoundTensors, Storage
from ganzoo.importing.reader.values import (
    ByteSpan,
    Call,
    Items,
    KeyedPairs,
    Name,
    Pair,
    Persistent,
    RefusedError,
    StreamValue,
)

Plain = Any
"""None, a number, a text, or a list that starts with what it is:

=======================================  =====================================================
``["list", items]``                      a list, tuple or set
``["mapping", {key: value}]``            a dictionary whose keys are texts
``["other mapping", length]``            another dictionary; what is in it is left out
``["tensor", number]``                   a tensor, by its number
``["object", name, arguments, states,    what a call would have made, whose function means nothing
items, [[key, value]]]``                 here
``["name", name]``                       the name of something in a module
``["bytes", length]``                    bytes, which are left out
``["text", length, digest]``             a text that is too long
=======================================  =====================================================
"""


class Resolver:
    """Turns the values of streams into plain data.

    Args:
        data: The file.
        tensors: Where tensors are added.
        storage_of: Returns the storage that a persistent reference means.
        storage_in: Returns the storage that bytes in the file hold; None within such bytes.
    """

    def __init__(
        self,
        data: memoryview,
        tensors: FoundTensors,
        storage_of: Callable[[tuple[StreamValue, ...]], Storage],
        storage_in: Callable[[ByteSpan], Storage] | None,
    ) -> None:
        self.data, self.tensors = data, tensors
        self.storage_of, self.storage_in = storage_of, storage_in
        self.values = self.text = self.deepest = 0
        # By identity, with the value itself so that its identity stays its own; the numbers are how
        # many values it holds, how many characters, and how deep they are nested.
        self.resolved: dict[int, tuple[StreamValue, Plain, int, int, int]] = {}
        self.under_way: set[int] = set()
        self.storages: dict[int, tuple[StreamValue, Storage]] = {}

    def plain(self, value: StreamValue, depth: int = 0) -> Plain:
        """Return a value as plain data.

        Raises:
            RefusedError: It holds itself, is nested too deep, is larger than a checkpoint's, or
                holds a tensor that is not in the file.
        """
        if value is None or isinstance(value, (bool, int, float)):
            self._count(1, 0)
            return value
        if isinstance(value, str) and len(value) <= SHOWN_TEXT:
            return self._text(value)
        known = self.resolved.get(id(value))
        if known is not None:
            _, plain, values, text, height = known
            self._reach(depth + height)
            self._count(values, text)
            return plain
        if id(value) in self.under_way:
            raise RefusedError("a value holds itself")
        before = self.values, self.text, self.deepest
        self.deepest = depth
        self._reach(depth)
        self._count(1, 0)
        self.under_way.add(id(value))
        plain = self._one(value, depth + 1)
        self.under_way.discard(id(value))
        size = self.values - before[0], self.text - before[1], self.deepest - depth
        self.resolved[id(value)] = (value, plain, *size)
        self.deepest = max(self.deepest, before[2])
        return plain

    def _reach(self, depth: int) -> None:
        if depth > DEPTH:
            raise RefusedError(f"its values are nested over {DEPTH} deep")
        self.deepest = max(self.deepest, depth)

    def _count(self, values: int, text: int) -> None:
        self.values += values
        self.text += text
        if self.values > VALUES or self.text > TEXT:
            raise RefusedError(f"it holds more than {VALUES:,} values, or {TEXT:,} characters")

    def _text(self, text: str) -> Plain:
        if len(text) > SHOWN_TEXT:
            self._count(1, 100)
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            return ["text", len(text), digest]
        self._count(1, len(text))
        return text

    def _one(self, value: StreamValue, depth: int) -> Plain:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Items):
            return self._list(value.items, depth)
        if isinstance(value, tuple):
            return self._list(value, depth)
        if isinstance(value, KeyedPairs):
            return self._mapping(value.pairs, depth)
        if isinstance(value, ByteSpan):
            if value.text:
                return self._text(str(self.data[value.start : value.stop], "latin-1"))
            return ["bytes", value.stop - value.start]
        if isinstance(value, Name):
            return ["name", self._text(python_names.spelled(value))]
        if isinstance(value, Persistent):
            self._storage(value)
            return ["name", "a storage"]
        assert isinstance(value, Call)
        return self._call(value, depth)

    def _list(self, items: list[StreamValue] | tuple[StreamValue, ...], depth: int) -> Plain:
        return ["list", [self.plain(item, depth) for item in items]]

    def _mapping(self, pairs: list[Pair], depth: int) -> Plain:
        mapping: dict[str, Plain] = {}
        texts = True
        for key, value in pairs:
            text = self._key(key)
            if text is None:
                texts = False
                self.plain(value, depth)  # is left out, and checked all the same
                continue
            if text in mapping:
                raise RefusedError(f"a dictionary holds {text[:100]!r} twice")
            mapping[text] = self.plain(value, depth)
        return ["mapping", mapping] if texts else ["other mapping", len(pairs)]

    def _key(self, key: StreamValue) -> str | None:
        """The text of a key; None for one that is something else, or cannot be printed."""
        if isinstance(key, ByteSpan) and key.text:
            self._count(0, key.stop - key.start)
            key = str(self.data[key.start : key.stop], "latin-1")
        elif isinstance(key, str):
            self._count(0, len(key))
        else:
            return None
        return key if key.isprintable() else None

    # Calls

    def _call(self, call: Call, depth: int) -> Plain:
        name, arguments = python_names.spelled(call.function), call.arguments
        if name == python_names.TYPED_TENSOR and len(arguments) == 4:
            # A tensor of a class of its own, or with attributes: the call is in the call.
            function, _, inner, _ = arguments
            if isinstance(function, Name) and isinstance(inner, tuple):
                name, arguments = python_names.spelled(function), inner
        if name in (python_names.TENSOR, python_names.OLD_TENSOR) and len(arguments) >= 4:
            storage, offset, shape, strides = arguments[:4]
            shape, strides = self._sizes(shape), self._sizes(strides)
            return ["tensor", self.tensors.add(self._storage(storage), offset, shape, strides)]
        if name in (python_names.PARAMETER, python_names.PARAMETER_WITH_STATE) and arguments:
            return self.plain(arguments[0], depth)
        if name in python_names.MAPPINGS:
            return self._mapping(self._initial_pairs(arguments) + call.pairs, depth)
        if name in python_names.ATTRIBUTES and len(call.states) == 1:
            return self.plain(call.states[0], depth)
        if name in python_names.SEQUENCES and len(arguments) <= 1:
            given = arguments[0] if arguments else ()
            items = given.items if isinstance(given, Items) else given
            if isinstance(items, tuple | list):
                return self._list([*items, *call.items], depth)
        if name == python_names.DEVICE:
            return self._text(":".join(str(p) for p in arguments if isinstance(p, (str, int))))
        if name in numpy_arrays.MAKERS:
            made = numpy_arrays.resolve_array(call, name, self.data, self.tensors)
            if made is not None:
                if isinstance(made, list) and made[0] == "list":
                    self._count(len(made[1]), 0)
                return made
        return [
            "object",
            self._text(name),
            [self.plain(item, depth) for item in arguments],
            [self.plain(state, depth) for state in call.states],
            [self.plain(item, depth) for item in call.items],
            [[self.plain(key, depth), self.plain(item, depth)] for key, item in call.pairs],
        ]

    def _initial_pairs(self, arguments: tuple[StreamValue, ...]) -> list[Pair]:
        """What a dictionary is made from, where that is a list of pairs or another dictionary."""
        given = arguments[-1] if arguments else None
        if isinstance(given, KeyedPairs):
            return [*given.pairs]
        if isinstance(given, Items):
            self._count(len(given.items), 0)
            items = [item.items if isinstance(item, Items) else item for item in given.items]
            return [tuple(i) for i in items if isinstance(i, tuple | list) and len(i) == 2]
        return []

    def _sizes(self, value: StreamValue) -> StreamValue:
        """The numbers of a shape, which may be a ``torch.Size``."""
        if isinstance(value, Call) and python_names.spelled(value.function) == "torch.Size":
            value = value.arguments[0] if value.arguments else ()
        return tuple(value.items) if isinstance(value, Items) else value

    def _storage(self, value: StreamValue) -> Storage:
        known = self.storages.get(id(value))
        if known is not None:
            return known[1]
        if isinstance(value, Persistent):
            storage = self.storage_of(value.identity)
        elif (
            isinstance(value, Call)
            and python_names.spelled(value.function) == python_names.STORAGE_BYTES
            and len(value.arguments) == 1
            and self.storage_in is not None
        ):
            given = value.arguments[0]
            if not isinstance(given, ByteSpan):
                raise RefusedError(
                    "its numbers are spelled out as text, as pickle's protocol 2 does; save it "
                    "again with protocol 4"
                )
            storage = self.storage_in(given)
        else:
            raise RefusedError("a tensor has no storage")
        self.storages[id(value)] = (value, storage)
        return storage
