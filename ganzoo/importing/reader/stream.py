"""Following a pickle stream: the opcodes that checkpoints have, with nothing looked up or called.

The protocol is described in Python's own ``pickletools``. Of its 68 opcodes those are followed that
protocols 2 to 5 write; the others (classes made by name in the stream, extension codes, the text of
protocol 0) have no place in a checkpoint, and are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from ganzoo.importing.reader.bounds import DEPTH, INTEGER_BYTES, NAME, NAMES, OPCODES
from ganzoo.importing.reader.python_names import attribute, check_call
from ganzoo.importing.reader.values import (
    CUT_OFF,
    ByteSpan,
    Call,
    Items,
    KeyedPairs,
    Name,
    Persistent,
    RefusedError,
    StreamValue,
)

PROTOCOLS = range(2, 6)

_NOT_FOLLOWED = {
    b"P": "PERSID", b"I": "INT", b"L": "LONG", b"F": "FLOAT", b"S": "STRING", b"V": "UNICODE",
    b"g": "GET", b"p": "PUT", b"d": "DICT", b"l": "LIST", b"i": "INST", b"o": "OBJ", b"0": "POP",
    b"1": "POP_MARK", b"2": "DUP", b"\x82": "EXT1", b"\x83": "EXT2", b"\x84": "EXT4",
    b"\x97": "NEXT_BUFFER", b"\x98": "READONLY_BUFFER",
}  # fmt: skip


class Budget:
    """What all streams of a file have together.

    Attributes:
        opcodes: How many they may still have.
        names: What they would have imported.
    """

    def __init__(self) -> None:
        self.opcodes = OPCODES
        self.names: set[str] = set()


class Stream:
    """One stream, from its first byte to its STOP.

    Args:
        data: The file.
        start: Where the stream starts.
        stop: Where it must have ended.
        budget: Shared by all streams of the file.
        persistent: Whether its container keeps storages outside the stream.

    Attributes:
        referred: The references to storages, in their order.
    """

    def __init__(
        self, data: memoryview, start: int, stop: int, budget: Budget, *, persistent: bool
    ) -> None:
        self.data, self.place, self.stop = data, start, stop
        self.budget, self.persistent = budget, persistent
        self.stack: list[StreamValue] = []
        self.marked: list[list[StreamValue]] = []
        self.memo: dict[int, StreamValue] = {}
        self.referred: list[Persistent] = []
        self.followed = 0

    def follow(self) -> StreamValue:
        """Return the value that the stream makes; `place` is behind its STOP then.

        Raises:
            RefusedError: It is damaged, or has what no checkpoint has.
        """
        data, allowed = self.data, self.budget.opcodes
        while True:
            if self.place >= self.stop:
                raise RefusedError(f"it ends in the middle of a stream: {CUT_OFF}")
            code = data[self.place]
            self.place += 1
            self.followed += 1
            if self.followed > allowed:
                raise RefusedError(f"it has over {OPCODES:,} opcodes")
            if code == 0x2E:  # STOP
                break
            do = _OPCODES.get(code)
            if do is None:
                name = _NOT_FOLLOWED.get(bytes([code]), f"0x{code:02x}")
                raise RefusedError(f"it has the opcode {name}, which no checkpoint has")
            do(self)
        self.budget.opcodes -= self.followed
        if len(self.stack) != 1 or self.marked:
            raise RefusedError("its stream does not end with one value")
        return self.stack[0]

    # Bytes and lengths

    def _take(self, length: int) -> int:
        """Step over bytes, and return where they start."""
        start = self.place
        if length > self.stop - start:
            raise RefusedError(f"it names a length past its end: {CUT_OFF}")
        self.place += length
        return start

    def _number(self, form: str, size: int) -> int:
        number: int = struct.unpack_from(form, self.data, self._take(size))[0]
        if number < 0:
            raise RefusedError("it names a negative length")
        return number

    def _text(self, length: int) -> None:
        start = self._take(length)
        try:
            # As torch's own writer does, for texts that hold half of a pair of UTF-16.
            self._push(str(self.data[start : self.place], "utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            raise RefusedError("it has a text that is not UTF-8") from None

    def _bytes(self, length: int, *, text: bool = False) -> None:
        start = self._take(length)
        self._push(ByteSpan(start, self.place, text=text))

    def _line(self) -> str:
        """Step over one line, as GLOBAL has two."""
        end = min(self.place + NAME, self.stop)
        line = bytes(self.data[self.place : end]).partition(b"\n")
        if not line[1]:
            raise RefusedError("it has a name without an end")
        self.place += len(line[0]) + 1
        return line[0].decode("utf-8", "replace")

    # The stack and the memo

    def _push(self, value: StreamValue) -> None:
        self.stack.append(value)

    def _pop(self) -> StreamValue:
        if not self.stack:
            raise RefusedError("it takes a value from an empty stack")
        return self.stack.pop()

    def _top(self) -> StreamValue:
        if not self.stack:
            raise RefusedError("it takes a value from an empty stack")
        return self.stack[-1]

    def _mark(self) -> None:
        if len(self.marked) >= DEPTH:
            raise RefusedError(f"its values are nested over {DEPTH} deep")
        self.marked.append(self.stack)
        self.stack = []

    def _since_mark(self) -> list[StreamValue]:
        if not self.marked:
            raise RefusedError("it has the end of a list without its start")
        items, self.stack = self.stack, self.marked.pop()
        return items

    def _keep(self, index: int) -> None:
        if index > self.followed:  # so that the memo is never longer than the stream
            raise RefusedError(f"it has the memo index {index:,} after {self.followed:,} opcodes")
        self.memo[index] = self._top()

    def _recall(self, index: int) -> None:
        if index not in self.memo:
            raise RefusedError(f"it recalls the memo index {index:,}, which it never set")
        self._push(self.memo[index])

    # What values are made of

    def _integer(self, length: int) -> None:
        if length > INTEGER_BYTES:
            raise RefusedError(f"it has an integer of {length:,} bytes")
        start = self._take(length)
        self._push(int.from_bytes(self.data[start : self.place], "little", signed=True))

    def _binint(self) -> None:
        self._push(struct.unpack_from("<i", self.data, self._take(4))[0])

    def _binfloat(self) -> None:
        self._push(struct.unpack_from(">d", self.data, self._take(8))[0])

    def _tuple(self, length: int) -> None:
        items = [self._pop() for _ in range(length)]
        self._push(tuple(reversed(items)))

    def _append(self, items: list[StreamValue]) -> None:
        target = self._top()
        if not isinstance(target, (Items, Call)):
            raise RefusedError("it appends to what is not a list")
        target.items.extend(items)

    def _set(self, items: list[StreamValue]) -> None:
        target = self._top()
        if len(items) % 2 or not isinstance(target, (KeyedPairs, Call)):
            raise RefusedError("it sets items of what is not a dictionary")
        target.pairs.extend(zip(items[::2], items[1::2], strict=True))

    def _setitem(self) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    def _append_one(self) -> None:
        value = self._pop()
        self._append([value])

    def _global(self) -> None:
        module = self._line()
        self._named(module, self._line())

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._named(module, name)

    def _named(self, module: StreamValue, name: StreamValue) -> None:
        texts = [part for part in (module, name) if isinstance(part, str) and len(part) < NAME]
        words = [word for text in texts for word in text.split(".")]
        if len(texts) != 2 or not all(word.isidentifier() or word == "<locals>" for word in words):
            raise RefusedError("it names something that no module can hold")
        self._push(Name(*texts))
        self.budget.names.add(f"{module}.{name}")
        if len(self.budget.names) > NAMES:
            raise RefusedError(f"it has the names of over {NAMES:,} things in modules")

    def _call(self) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise RefusedError("it calls what has no name of its own")
        meant = attribute(function, arguments)
        if meant is not None:
            self._named(meant.module, meant.name)
            return
        check_call(function)
        self._push(Call(function, arguments))

    def _call_with_keywords(self) -> None:
        keywords = self._pop()
        if not isinstance(keywords, KeyedPairs):
            raise RefusedError("it calls something with keywords that are not a dictionary")
        self._call()
        if isinstance(self._top(), Call):
            self._top().states.append(keywords)

    def _build(self) -> None:
        state, target = self._pop(), self._top()
        if not isinstance(target, Call):
            raise RefusedError("it sets the state of what it did not make")
        target.states.append(state)

    def _refer(self) -> None:
        if not self.persistent:
            raise RefusedError("it refers to storages outside, and such a file has none")
        identity = self._pop()
        if not isinstance(identity, tuple):
            raise RefusedError("it refers to something that is not a storage")
        if len(identity) == 4 and isinstance(identity[1], Name):
            # ("module", class, file, source), as torch's old format has the class of a module.
            self._push(identity[1])
            return
        self.referred.append(Persistent(identity))
        self._push(self.referred[-1])

    def _protocol(self) -> None:
        if self.followed != 1:
            raise RefusedError("it names its protocol in the middle of a stream")
        if self._number("<B", 1) not in PROTOCOLS:
            raise RefusedError(
                "it is of a pickle protocol that no checkpoint has; those have 2 to 5"
            )

    def _frame(self) -> None:
        length = self._number("<Q", 8)
        if length > self.stop - self.place:
            raise RefusedError(f"it has a frame past its end: {CUT_OFF}")


_OPCODES: dict[int, Callable[[Stream], None]] = {
    0x80: Stream._protocol,
    0x95: Stream._frame,
    ord("("): Stream._mark,
    ord("N"): lambda s: s._push(None),
    0x88: lambda s: s._push(True),
    0x89: lambda s: s._push(False),
    ord("J"): Stream._binint,
    ord("K"): lambda s: s._push(s._number("<B", 1)),
    ord("M"): lambda s: s._push(s._number("<H", 2)),
    0x8A: lambda s: s._integer(s._number("<B", 1)),
    0x8B: lambda s: s._integer(s._number("<i", 4)),
    ord("G"): Stream._binfloat,
    0x8C: lambda s: s._text(s._number("<B", 1)),
    ord("X"): lambda s: s._text(s._number("<I", 4)),
    0x8D: lambda s: s._text(s._number("<Q", 8)),
    ord("U"): lambda s: s._bytes(s._number("<B", 1), text=True),
    ord("T"): lambda s: s._bytes(s._number("<i", 4), text=True),
    ord("C"): lambda s: s._bytes(s._number("<B", 1)),
    ord("B"): lambda s: s._bytes(s._number("<I", 4)),
    0x8E: lambda s: s._bytes(s._number("<Q", 8)),
    0x96: lambda s: s._bytes(s._number("<Q", 8)),
    ord("]"): lambda s: s._push(Items([])),
    0x8F: lambda s: s._push(Items([])),
    ord("}"): lambda s: s._push(KeyedPairs()),
    ord(")"): lambda s: s._push(()),
    0x85: lambda s: s._tuple(1),
    0x86: lambda s: s._tuple(2),
    0x87: lambda s: s._tuple(3),
    ord("t"): lambda s: s._push(tuple(s._since_mark())),
    0x91: lambda s: s._push(tuple(s._since_mark())),
    ord("a"): Stream._append_one,
    ord("e"): lambda s: s._append(s._since_mark()),
    0x90: lambda s: s._append(s._since_mark()),
    ord("s"): Stream._setitem,
    ord("u"): lambda s: s._set(s._since_mark()),
    ord("c"): Stream._global,
    0x93: Stream._stack_global,
    ord("R"): Stream._call,
    0x81: Stream._call,
    0x92: Stream._call_with_keywords,
    ord("b"): Stream._build,
    ord("Q"): Stream._refer,
    ord("h"): lambda s: s._recall(s._number("<B", 1)),
    ord("j"): lambda s: s._recall(s._number("<I", 4)),
    ord("q"): lambda s: s._keep(s._number("<B", 1)),
    ord("r"): lambda s: s._keep(s._number("<I", 4)),
    0x94: lambda s: s._keep(len(s.memo)),
}
