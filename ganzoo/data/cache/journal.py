"""What is decoded of a store, written down so that the next process goes on from there."""

import json
import os
import zlib
from pathlib import Path
from typing import Any

from ganzoo.data.cache.task import Bad


class Journal:
    """Chunks that are on disk, some a line, after a line that tells what they are chunks of.

    A line has its own checksum and is written after the data it stands for, so that it can be
    believed even after the machine went down. One that is torn or damaged does not count, nor do
    those after it; nor do any if the first tells of other facts.

    Attributes:
        done: For each chunk that is on disk, its samples that cannot be read.
    """

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.done: dict[int, Bad] = {}
        self._file = path.open("a+b")
        self._file.seek(0)
        lines, good = self._file.readlines(), 0
        if lines and _parsed(lines[0]) == facts:
            for line in lines:
                chunks = _parsed(line)
                if chunks is None:
                    break
                for chunk, bad in chunks if good else ():
                    self.done[chunk] = [(row, cause) for row, cause in bad]
                good += len(line)
        self._file.truncate(good)
        if not good:
            self._append(facts)

    def add(self, chunks: dict[int, Bad]) -> None:
        """Write that some chunks are on disk."""
        self._append(list(chunks.items()))
        self.done |= chunks

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, value: Any) -> None:
        text = json.dumps(value).encode()
        self._file.write(b"%08x %s\n" % (zlib.crc32(text), text))
        self._file.flush()
        os.fsync(self._file.fileno())


def _parsed(line: bytes) -> Any:
    """Return what a line says; None where it is torn or damaged."""
    check, _, text = line.partition(b" ")
    whole = line.endswith(b"\n") and check == b"%08x" % zlib.crc32(text[:-1])
    return json.loads(text) if whole else None
