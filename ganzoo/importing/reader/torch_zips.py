"""Torch's zip archives: stored entries, one of them the stream, and one for each storage."""

from __future__ import annotations

import codecs
import io
import struct
import zipfile
from dataclasses import dataclass
from itertools import pairwise

from ganzoo.importing.reader.bounds import ENTRIES
from ganzoo.importing.reader.values import CUT_OFF, RefusedError

_LOCAL = b"PK\x03\x04"
_LOCAL_LENGTH = 30

codecs.lookup(
    "cp437"
)  # of names without a flag; what is imported is imported before a file is open


@dataclass(frozen=True)
class TorchArchive:
    """Where the parts of an archive stand in the file.

    Attributes:
        stream: The bytes of the stream.
        storages: The bytes of each storage, by its key.
    """

    stream: range
    storages: dict[str, range]


def open_archive(data: memoryview) -> TorchArchive:
    """Find the parts of an archive, and check that they are where both of its lists say.

    Raises:
        RefusedError: It is damaged, not one of torch's, compressed, encrypted, or holds an entry
            twice.
    """
    try:
        with zipfile.ZipFile(_Mapped(data)) as archive:
            entries, end = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError):
        raise RefusedError(f"it is not a whole zip archive: {CUT_OFF}") from None
    if len(entries) > ENTRIES:
        raise RefusedError(f"it has {len(entries):,} entries, and at most {ENTRIES:,} are read")
    if not any(_is_stream(entry.filename) for entry in entries):
        if entries and all(entry.filename.endswith(".npy") for entry in entries):
            raise RefusedError("it is an archive of NumPy's arrays; import a network's state_dict")
        raise RefusedError("it is a zip archive of files; unpack it, and import one of them")
    places: dict[str, range] = {}
    spans = []
    for entry in entries:
        if entry.filename in places:
            raise RefusedError(f"it has the entry {entry.filename[:60]!r} twice")
        place = places[entry.filename] = _place(data, entry)
        spans.append((entry.header_offset, place.stop))
    spans = [*sorted(spans), (end, end)]
    if any(start < stop for (_, stop), (start, _) in pairwise(spans)):
        raise RefusedError("two of its entries overlap")
    if spans[0][0]:
        raise RefusedError("it has bytes before its first entry")
    streams = [name for name in places if _is_stream(name)]
    if len(streams) > 1:
        raise RefusedError("it has more than one stream")
    root = streams[0].removesuffix("data.pkl")
    if f"{root}constants.pkl" in places or any(name.startswith(f"{root}code/") for name in places):
        raise RefusedError("it is a TorchScript archive, which holds programs; save its state_dict")
    order = places.get(f"{root}byteorder", range(0))
    if bytes(data[order.start : order.stop]) not in (b"", b"little"):
        raise RefusedError("its numbers are big-endian; save it again on a usual machine")
    before = f"{root}data/"
    storages = {n.removeprefix(before): p for n, p in places.items() if n.startswith(before)}
    return TorchArchive(places[streams[0]], storages)


def _is_stream(name: str) -> bool:
    return name.rpartition("/")[2] == "data.pkl"


def _place(data: memoryview, entry: zipfile.ZipInfo) -> range:
    """The bytes of an entry, as its own header and the archive's list say."""
    shown = repr(entry.filename[:60])
    if entry.flag_bits & 0x1:
        raise RefusedError(f"its entry {shown} is encrypted")
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise RefusedError(f"its entry {shown} is compressed, which torch never does")
    start = entry.header_offset
    header = bytes(data[start : start + _LOCAL_LENGTH])
    if len(header) < _LOCAL_LENGTH or header[:4] != _LOCAL:
        raise RefusedError(f"its entry {shown} is not where its list says")
    length = int.from_bytes(header[26:28], "little")
    name = bytes(data[start + _LOCAL_LENGTH : start + _LOCAL_LENGTH + length])
    flags, method = struct.unpack_from("<HH", header, 6)
    if flags & 0x1 or method != zipfile.ZIP_STORED:
        raise RefusedError(f"its entry {shown} is stored in another way than its list says")
    if name != entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"):
        raise RefusedError(f"its entry {shown} has another name in its own header")
    first = start + _LOCAL_LENGTH + length + int.from_bytes(header[28:30], "little")
    if first + entry.file_size > len(data):
        raise RefusedError(f"its entry {shown} reaches past its end: {CUT_OFF}")
    return range(first, first + entry.file_size)


class _Mapped(io.RawIOBase):
    """A file in memory that is read without a copy of it."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.place = data, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = (0, self.place, len(self.data))[whence]
        if base + offset < 0:
            raise OSError("before the start")
        self.place = base + offset
        return self.place

    def tell(self) -> int:
        return self.place

    def read(self, size: int | None = -1) -> bytes:
        stop = len(self.data) if size is None or size < 0 else self.place + size
        part = bytes(self.data[self.place : stop])
        self.place += len(part)
        return part
