"""Tar archives, read in place; compressed ones after they were unpacked once."""

import tarfile
from dataclasses import dataclass
from typing import IO

from ganzoo.data.sources.members import LINK, Contents, Refused, damaged
from ganzoo.errors import DataError


@dataclass(frozen=True, slots=True)
class Stored:
    """An image in a tar archive."""

    offset: int
    size: int

    def read(self, file: IO[bytes]) -> bytes:
        """Read it."""
        file.seek(self.offset)
        content = file.read(self.size)
        if len(content) != self.size:
            raise DataError("the archive is incomplete")
        return content


def tar_contents(path: str, shown: str) -> Contents:
    """Find the images in an uncompressed tar archive, which errors call by another path."""
    found, reached = Contents(), -1
    try:
        with tarfile.open(path, "r:", errors="surrogateescape") as archive:
            while (member := archive.next()) is not None:
                if archive.offset <= reached:
                    raise tarfile.ReadError("it leads back to its beginning")
                reached = archive.offset
                archive.members = []  # type: ignore[attr-defined]  # which would grow with the archive
                if member.isdir():
                    continue
                if member.isreg() and not member.issparse():
                    found.add(member.name, Stored(member.offset_data, member.size))
                elif member.issym() or member.islnk():
                    found.add(member.name, Refused(LINK))
                else:
                    found.add(member.name, Refused("it is sparse or not an ordinary file"))
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise damaged(shown, error) from error
    return found
