"""What a stream makes: inert records of what it says, which nothing is looked up or done for.

Every record belongs to one file, and is resolved when the stream has ended. None is a dictionary or
a set, so that no key is ever hashed while a stream is followed.
"""

from typing import Any

StreamValue = Any
"""None, a number, a text, a tuple of values, or one of the records below."""

CUT_OFF = "it was cut off or damaged; download it again"
"""The end of a sentence on a file that is shorter than it says."""


Pair = tuple[StreamValue, StreamValue]


class RefusedError(Exception):
    """The file is not read further; the message is the end of a sentence about it."""


class ByteSpan:
    """Bytes that stand in the file, as places; `text` where the stream says so, as Python 2 did."""

    __slots__ = ("start", "stop", "text")

    def __init__(self, start: int, stop: int, *, text: bool = False) -> None:
        self.start, self.stop, self.text = start, stop, text


class Name:
    """The name of something in a module."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Items:
    """A list or a set, which a stream may lengthen."""

    __slots__ = ("items",)

    def __init__(self, items: list[StreamValue]) -> None:
        self.items = items


class KeyedPairs:
    """A dictionary, as the pairs that were set, in their order."""

    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[Pair] = []


class Call:
    """A call that unpickling would have made, and what it would have done with the result.

    Attributes:
        function: What would have been called.
        arguments: What it would have been given.
        states: What would have been set as the state of the result.
        items: What would have been appended to it.
        pairs: What would have been set in it.
    """

    __slots__ = ("arguments", "function", "items", "pairs", "states")

    def __init__(self, function: Name, arguments: tuple[StreamValue, ...]) -> None:
        self.function, self.arguments = function, arguments
        self.states: list[StreamValue] = []
        self.items: list[StreamValue] = []
        self.pairs: list[Pair] = []


class Persistent:
    """A reference to what the container keeps outside the stream: a storage."""

    __slots__ = ("identity",)

    def __init__(self, identity: tuple[StreamValue, ...]) -> None:
        self.identity = identity
