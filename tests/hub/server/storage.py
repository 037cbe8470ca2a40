"""Where the bytes of large files lie, by their SHA-256."""

import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.hub.server.content import Content, sha256
from tests.hub.server.messages import HubError

PART = 8 << 20
"""Objects above this are sent in parts of this size."""

RECORD = 48
VERIFICATION, METADATA = 1 << 31, 1 << 30


class Store:
    """Objects of LFS, held in memory; what the client stores by xet lies in a folder.

    Args:
        xet: Whether there is such a folder.
    """

    def __init__(self, xet: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ganzoo-hub-")) if xet else None
        self._objects: dict[str, Content] = {}
        self._parts: dict[str, dict[int, bytes]] = {}

    def __contains__(self, oid: str) -> bool:
        return oid in self._objects

    def __getitem__(self, oid: str) -> Content:
        return self._objects[oid]

    def add(self, content: Content) -> str:
        """Keep a content; return its name."""
        oid = sha256(content)
        self._objects[oid] = content
        return oid

    def receive(self, oid: str, content: bytes) -> None:
        """Keep what a client sent, if it is what it says."""
        if sha256(content) != oid:
            raise HubError(400, "The content's SHA-256 is not that of the object")
        self._objects[oid] = content

    def receive_part(self, oid: str, number: int, content: bytes) -> None:
        """Keep a part until all have come."""
        self._parts.setdefault(oid, {})[number] = content

    def complete(self, oid: str, numbers: list[int]) -> None:
        """Put an object together from its parts; again, if the client has not heard of it."""
        if oid in self._objects:
            return
        parts = self._parts.pop(oid, {})
        if not numbers or numbers != sorted(parts):
            raise HubError(400, "Parts are missing")
        self.receive(oid, b"".join(parts[number] for number in numbers))

    def xet_hash(self, oid: str) -> str | None:
        """Return the name in xet of a file that the client has stored so."""
        if self.folder is None:
            return None
        shards = (self.folder / "xet" / "xorbs" / "shards").glob("*.mdb")
        files = (names for shard in shards for names in _files(shard.read_bytes()))
        return next((name for name, digest in files if digest == oid), None)

    def remove(self) -> None:
        """Remove the folder."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def _files(shard: bytes) -> Iterator[tuple[str, str]]:
    """Give the xet name and the SHA-256 of each file in a shard.

    A shard is a table of records of one size. After a header, each file has a record with its name,
    flags and number of segments; a record for each segment; where a flag says so, as many again
    that verify them; and where another does, one that starts with the SHA-256. A name of ones ends
    the table.
    """
    at = RECORD
    while at + RECORD <= len(shard) and shard[at : at + 32] != b"\xff" * 32:
        flags, segments = struct.unpack_from("<II", shard, at + 32)
        end = at + RECORD * (1 + segments * (2 if flags & VERIFICATION else 1))
        if flags & METADATA:
            yield _hex(shard[at : at + 32]), _hex(shard[end : end + 32])
            end += RECORD
        at = end


def _hex(name: bytes) -> str:
    """Write a name as xet does: four little-endian numbers."""
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", name))
