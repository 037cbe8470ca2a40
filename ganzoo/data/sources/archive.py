"""Images in an archive."""

import io
import zipfile
from typing import IO

import numpy as np

from ganzoo.data.config import ArchiveConfig
from ganzoo.data.sources import tars, zips
from ganzoo.data.sources.labels import classes_and_notes, without_wrapping
from ganzoo.data.sources.looking import content_key, stamp_of
from ganzoo.data.sources.members import Member, compression_of, unpacked
from ganzoo.data.sources.own import ImageFiles, absolute, check_image_size, file_status
from ganzoo.resolve.paths import READERS
from ganzoo.terminal import printable


class Archive(ImageFiles):
    """The images in a .zip or .tar, with classes as in a folder.

    A zip and an uncompressed tar are read in place, by a table of where each image lies. A
    compressed tar is unpacked once, into one file in ganzoo's cache. No name in the archive is ever
    that of a file on disk. Links, and what has a name that leads out, cannot be read.
    """

    def __init__(self, config: ArchiveConfig) -> None:
        path = absolute(config.source)
        status = file_status(config.source)
        self._file = path
        if zipfile.is_zipfile(path):
            found = zips.zip_contents(path)
        else:
            opener = compression_of(path)
            if opener is not None:
                self._file = unpacked(path, opener, f"{content_key(path)}.tar")
            found = tars.tar_contents(self._file, path)
        names = sorted(found.members, key=lambda name: name.split("/"))
        outside = sorted(found.outside)
        self._members: list[Member] = [
            *(found.members[name] for name in names),
            *(found.outside[name] for name in outside),
        ]
        inner = without_wrapping(names)
        others = list(found.others)
        (class_names, labels), self.notes = classes_and_notes(
            config.source, names, inner, others, packed=True
        )
        lists = [name for name in others if name.lower().endswith(READERS["manifest"])]
        if lists and not class_names:
            told = f"{printable(lists[0])} in it may list labels; unpack it and give that file"
            self.notes += (f"{config.source}: {told}",)
        stamp = stamp_of(status)
        super().__init__(
            config,
            names + outside,
            # What is in no folder of the archive makes no class, and counts with the first.
            (class_names, np.pad(labels, (0, len(outside)))),
            [(*stamp, member.offset, member.size) for member in self._members],
            alike=inner + outside,
            others=others,
        )

    def opened(self, row: int) -> IO[bytes]:
        """Read an image into memory."""
        member = self._members[row]
        check_image_size(member.size)
        with open(self._file, "rb") as file:
            return io.BytesIO(member.read(file))

    def called(self, row: int) -> str:
        """Return what errors call an image, whose name may be absolute."""
        return printable(f"{self.place}/{self.names[row]}")
