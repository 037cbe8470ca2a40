"""What files hold: bytes, or so many zeros that nobody should hold them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

PIECE = 1 << 16
HASHED = 1 << 28
"""Zeros beyond this have made-up hashes: real ones take about as long as sending them."""


@dataclass(frozen=True)
class Zeros:
    """A file of zero bytes that are made while they are sent."""

    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> "Zeros":
        return Zeros(len(range(*part.indices(self.size))))

    def __bytes__(self) -> bytes:
        return bytes(self.size)


@dataclass(frozen=True)
class Symlink:
    """A symbolic link in git, which the Hub serves as a small file with the target as its text."""

    target: str


Content = bytes | Zeros


def pieces(content: Content) -> Iterator[bytes]:
    """Give a content's bytes, a piece at a time."""
    for start in range(0, len(content), PIECE):
        yield bytes(content[start : start + PIECE])


def sha256(content: Content) -> str:
    """Return the name of a content in the storage of large files."""
    return _digest("sha256", b"", content)


def git_oid(content: Content) -> str:
    """Return the name of a content in git."""
    return _digest("sha1", b"blob %d\0" % len(content), content)


def _digest(name: str, head: bytes, content: Content) -> str:
    state = hashlib.new(name, head)
    if isinstance(content, Zeros) and content.size > HASHED:
        state.update(b"%d zeros" % content.size)
    else:
        for piece in pieces(content):
            state.update(piece)
    return state.hexdigest()
