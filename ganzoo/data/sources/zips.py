"""Zip archives, read in place."""

import contextlib
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

from ganzoo.data.sources.members import LINK, Contents, Refused, damaged
from ganzoo.errors import DataError

LOCAL_HEADER = struct.Struct("<4s5HLLLHH")
ENCRYPTED, UTF8 = 0x1, 0x800
UNIX, LINKED = 3, 0o12
"""The system that a member comes from, and the kind of file that a link is there."""


@dataclass(frozen=True, slots=True)
class Zipped:
    """An image in a zip archive, by what the archive says of it; at the offset is its header."""

    offset: int
    size: int
    packed: int
    method: int
    check: int
    encrypted: bool

    def read(self, file: IO[bytes]) -> bytes:
        """Read it, and no more than its size."""
        if self.encrypted:
            raise DataError("it is encrypted; unpack the archive with its password")
        file.seek(self.offset)
        header = file.read(LOCAL_HEADER.size)
        if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
            raise DataError("the archive is damaged: an entry is not where the index says")
        *_, name, extra = LOCAL_HEADER.unpack(header)
        file.seek(name + extra, 1)
        if self.method == zipfile.ZIP_STORED:
            content = file.read(self.size)
        elif self.method == zipfile.ZIP_DEFLATED:
            try:
                # Packed bytes may be announced that no archive of this size can have.
                content = zlib.decompressobj(-15).decompress(file.read(self._most()), self.size)
            except zlib.error:
                raise DataError("the archive is damaged: it cannot be unpacked") from None
        else:
            raise DataError("it is packed in an unusual way; pack the archive with deflate")
        if len(content) != self.size or zlib.crc32(content) != self.check:
            raise DataError("the archive is damaged: its checksum differs")
        return content

    def _most(self) -> int:
        """What deflate may need for its size, if it does not compress at all."""
        return min(self.packed, self.size + self.size // 1000 + 64)


def zip_contents(path: str) -> Contents:
    """Find the images in a zip archive."""
    found = Contents()
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = _name(info)
                if info.create_system == UNIX and info.external_attr >> 28 == LINKED:
                    found.add(name, Refused(LINK))
                elif not info.is_dir():
                    member = Zipped(
                        info.header_offset,
                        info.file_size,
                        info.compress_size,
                        info.compress_type,
                        info.CRC,
                        bool(info.flag_bits & ENCRYPTED),
                    )
                    found.add(name, member)
    except (zipfile.BadZipFile, OSError, ValueError, struct.error) as error:
        raise damaged(path, error) from error
    return found


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a member, as UTF-8 also where the archive does not say so, with slashes."""
    name = info.orig_filename
    if not info.flag_bits & UTF8:
        with contextlib.suppress(UnicodeError):  # else it is in what the format began with
            name = name.encode("cp437").decode()
    return name.partition("\0")[0].replace("\\", "/")
