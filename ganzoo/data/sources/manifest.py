"""Pictures that a file lists."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

from ganzoo.data.config import ManifestConfig
from ganzoo.data.sources.base import Pictures, absolute, file_status, open_file
from ganzoo.data.sources.classes import by_label
from ganzoo.data.sources.looking import Stamp, stamp_of
from ganzoo.data.sources.names import printable
from ganzoo.errors import DataError, brief

FILE_COLUMNS = ("file", "path", "image")
LABEL_COLUMNS = ("label", "class")

GONE: Stamp = (0, 2**63 - 1, 0, 0)
"""Of a file that is not there: as if it changed in times to come, it is looked at every time."""

LONGEST = 4096
"""A longer path leads to no file; of such a one so much is told."""


class Row(NamedTuple):
    """A picture that is listed, with the line that it stands in."""

    line: int
    file: str
    label: int | str | None


class Manifest(Pictures):
    """Pictures that a .csv or .jsonl lists, with or without labels, in its order.

    Paths are relative to the folder that the file lies in. Labels are names or integers. A picture
    that is not there is one that cannot be read.

    Raises:
        DataError: There is no such file, a line of it is not understood (the message has its
            number), or no picture that it names is there.
    """

    def __init__(self, config: ManifestConfig) -> None:
        file_status(config.source)
        path = absolute(config.source)
        self._folder = os.path.dirname(path)
        rows = list(_rows(config, path))
        labels = [row.label for row in rows if row.label is not None]
        if labels and len(labels) < len(rows):
            line = next(row.line for row in rows if row.label is None)
            raise DataError(
                f"data.source: {config.source}, line {line}: it has no label, and other lines "
                "have; give every line one, or none"
            )
        self._paths = [os.path.join(self._folder, row.file) for row in rows]
        self._listed = [f"line {row.line} of {os.path.basename(path)}" for row in rows]
        if rows and all(map(_is_missing, self._paths)):
            raise DataError(
                f"data.source: {config.source}: no file that it names is there; relative paths are "
                f"looked for in {printable(self._folder)}, where it lies, and so the first is "
                f"{self.called(0)}; move it to where its paths begin, or correct them"
            )
        super().__init__(
            config,
            [row.file for row in rows],
            by_label(config.source, labels or [0] * len(rows)),
            [_stamp(path) for path in self._paths],
        )

    def opened(self, row: int) -> IO[bytes]:
        """Open a picture's file."""
        return open_file(self._paths[row])

    def called(self, row: int) -> str:
        """Return what errors call a picture: its path, and the line that names it."""
        return printable(f"{self._paths[row][:LONGEST]} ({self._listed[row]})")


def _is_missing(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _stamp(path: str) -> Stamp:
    """Return the stamp of a file; why there is none is told when it is opened."""
    try:
        return stamp_of(os.stat(path))
    except (OSError, ValueError):
        return GONE


def _rows(config: ManifestConfig, path: str) -> Iterator[Row]:
    """Read what a manifest lists.

    Raises:
        DataError: A line is not understood.
    """
    line, read = 0, _csv_lines if path.lower().endswith(".csv") else _json_lines
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            for line, values in read(file):
                picture = _key(values, config.file_column, FILE_COLUMNS, "file_column")
                if picture is None:
                    raise ValueError(
                        f"it has no {' or '.join(FILE_COLUMNS)} but {_told(values)}; name what has "
                        "the files with data.file_column"
                    )
                kind = _key(values, config.label_column, LABEL_COLUMNS, "label_column")
                file_name = values[picture]
                if not isinstance(file_name, str) or not file_name:
                    raise ValueError(f"its {picture} is {brief(repr(file_name), 60)}, and no path")
                yield Row(line, file_name, None if kind is None else _label(values[kind]))
    except UnicodeDecodeError as error:
        raise DataError(
            f"data.source: {config.source}, after line {line}: it is not UTF-8; save it as that"
        ) from error
    except _LineError as error:
        raise DataError(f"data.source: {config.source}, line {error.line}: {error}") from None
    except ValueError as error:
        raise DataError(f"data.source: {config.source}, line {line}: {error}") from None


class _LineError(Exception):
    """A line is of another format; the message says how."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _csv_lines(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(file, strict=True)
    try:
        for values in reader:
            if None in values or None in values.values():
                columns = len(reader.fieldnames or ())
                raise _LineError(
                    reader.line_num, f"it has not as many columns as the {columns} of the header"
                )
            yield reader.line_num, values
    except csv.Error as error:
        raise _LineError(reader.reader.line_num, f"it is no CSV ({error})") from error


def _json_lines(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _LineError(line, f"it is no JSON ({error})") from error
        if not isinstance(values, dict):
            raise _LineError(line, 'it is no object, as {"file": "1.png", "label": "cat"}')
        yield line, values


def _key(
    values: Mapping[str, Any], chosen: str | None, usual: tuple[str, ...], field: str
) -> str | None:
    """Find the column that was chosen, or else a usual one."""
    if chosen is None:
        return next((name for name in usual if name in values), None)
    if chosen not in values:
        raise ValueError(f"data.{field} is {chosen!r}, and it has {_told(values)}")
    return chosen


def _label(value: Any) -> int | str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"its label is {brief(repr(value), 60)}; give a name or an integer")
    return value


def _told(values: Mapping[str, Any]) -> str:
    return brief(", ".join(values)) or "nothing"
