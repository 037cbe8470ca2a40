"""What is decoded of a store, written down so that the next process goes on from there."""

import json
import os
from pathlib import Path
from typing import Any

from ganzoo.data.cache.task import Bad


class Journal:
    """Chunks that are on disk, some a line, after a line that tells what they are chunks of.

    A line is written after the data it stands for, so that it can be believed even after the
    machine went down. One that is torn or damaged does not count, nor do those after it.

    Args:
        path: The file; it is made where there is none.
        facts: What has to be the same for it to be of any use.

    Attributes:
        done: For each chunk that is on disk, its samples that cannot be read.
        fits: Whether the file was there before, and of the same facts.
    """

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.done: dict[int, Bad] = {}
        self._file = path.open("a+b")
        self._file.seek(0)
        lines = self._file.readlines()
        self.fits = bool(lines) and _parsed(lines[0]) == facts
        self._count, self._rows = facts["count"], facts["rows"]
        good = len(lines[0]) if self.fits else 0
        for line in lines[1:] if self.fits else []:
            try:
                self.done |= dict(map(self._checked, _parsed(line)))
            except (TypeError, ValueError):  # torn or damaged: what it stands for is decoded again
                break
            good += len(line)
        self._file.truncate(good)
        if not self.fits:
            self._append(facts)

    def add(self, chunks: dict[int, Bad]) -> None:
        """Write that some chunks are on disk."""
        self._append(list(chunks.items()))
        self.done |= chunks

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _checked(self, entry: Any) -> tuple[int, Bad]:
        chunk, bad = entry
        start = chunk * self._rows
        rows = range(start, min(start + self._rows, self._count))
        if type(chunk) is not int or not rows or chunk < 0:
            raise ValueError("no such chunk")
        for index, cause in bad:
            if type(index) is not int or index not in rows or not isinstance(cause, str):
                raise ValueError("no such sample")
        return chunk, [(index, cause) for index, cause in bad]

    def _append(self, value: Any) -> None:
        self._file.write(json.dumps(value).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _parsed(line: bytes) -> Any:
    """Return what a line says; None where it is torn."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
