"""Images that a file lists."""

import csv
import functools
import itertools
import json
import os
import sys
from array import array
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

import numpy as np

from ganzoo.data.config import ManifestConfig
from ganzoo.data.progress import progress
from ganzoo.data.sources.columns import FILES, LABELS, find_column, folded, left_over
from ganzoo.data.sources.filenames import is_image
from ganzoo.data.sources.labels import by_label, cleaned, label_of, look_alikes
from ganzoo.data.sources.looking import Stamp, stamp_of
from ganzoo.data.sources.own import ImageFiles, absolute, file_status, open_file
from ganzoo.errors import DataError, brief
from ganzoo.terminal import printable

GONE: Stamp = (0, 2**63 - 1, 0, 0)
"""Of a file that is not there: as if it changed in times to come, it is looked at every time."""

LONGEST = 4096
"""A longer path leads to no file; of such a one so much is told."""

MOST_KEYS = 1000
"""Of objects with more keys than these no more are reported as not used."""

DELIMITERS = (",", ";", "\t", "|")
"""What separates columns; of several that make as many the first."""

BLANK = ' \t\r\n,;|"\ufeff'
"""What a line of a spreadsheet without values consists of."""

LONGEST_LINE = 1 << 24
"""Characters; a longer one is taken for several."""


class ListedImage(NamedTuple):
    """An image that is listed, with the line that it stands in."""

    line: int
    file: str
    label: str | None


class Columns:
    """Which columns or keys are used, by the names that were met."""

    def __init__(self, config: ManifestConfig) -> None:
        self._config = config
        self.of = functools.lru_cache(MOST_KEYS)(self._find)
        self.unused: dict[str, None] = {}
        self.label: str | None = None

    def _find(self, names: tuple[str, ...]) -> tuple[str, str | None]:
        """Find the column of files, and that of labels."""
        config = self._config
        usual = [name for name in LABELS if name != "y" or "x" not in map(folded, names)]
        file = find_column(names, config.file_column, FILES)
        label = find_column(names, config.label_column, usual)
        told = brief(", ".join(names)) or "none"
        for field, found in (("file_column", file), ("label_column", label)):
            chosen = getattr(config, field)
            if chosen and found is None:
                raise ValueError(f"data.{field} is {chosen!r}, but its columns are: {told}")
        if file is None:
            if any(map(is_image, names)):
                raise ValueError(
                    "the first line is not a header; begin with one, such as file,label"
                )
            raise ValueError(
                f"it has no column file, filename, path or image; its columns are: {told}; name "
                "the column of files with data.file_column"
            )
        for name in (file, label):
            if names.count(name or "") > 1:
                raise ValueError(f"it has several columns {name!r}; rename all but one")
        self.label = self.label or label
        if len(self.unused) < MOST_KEYS:
            self.unused |= dict.fromkeys(name for name in names if name not in (file, label))
        return file, label


class Manifest(ImageFiles):
    """Images that a .csv or .jsonl lists, with or without labels, in its order.

    Paths are relative to the folder that the file lies in. Labels are names or whole numbers. An
    image that is not there is one that cannot be read.
    """

    def __init__(self, config: ManifestConfig) -> None:
        file_status(config.source)
        self._list = absolute(config.source)
        self._folder = os.path.dirname(self._list)
        columns, bare, missing = Columns(config), 0, True
        files: list[str] = []
        labels: list[str | None] = []
        lines, stamps = array("Q"), array("q")
        firsts: dict[str, int] = {}
        with progress(f"reading the lines of {printable(config.source)}") as report:
            for row in _rows(config, self._list, columns):
                # A million lines may name few files, each of which is asked for once.
                first = firsts.setdefault(row.file, len(files))
                if first == len(files):
                    stamp = _stamp(os.path.join(self._folder, row.file))
                    missing = missing and stamp is None
                    stamps.extend(stamp or GONE)
                else:
                    stamps.extend(stamps[4 * first : 4 * first + 4])
                files.append(files[first] if first < len(files) else row.file)
                lines.append(row.line)
                labels.append(row.label)
                bare = bare or (row.line if row.label is None else 0)
                report(1)
        self.names, self._lines = files, lines
        if bare and any(label is not None for label in labels):
            raise DataError(
                f"data.source: {config.source}, line {bare}: it has no label, but other lines "
                "have one; give every line a label, or none"
            )
        if files and missing:
            raise DataError(
                f"data.source: {config.source}: none of its files exist; relative paths start "
                f"from its own folder {printable(self._folder)}, so that the first is "
                f"{self.called(0)}; move the list or correct its paths"
            )
        del firsts
        classes = by_label(config.source, [""] * len(files) if bare else labels)
        super().__init__(config, files, classes, np.array(stamps, dtype=np.int64).reshape(-1, 4))
        self.notes = tuple(look_alikes("labels", self.class_names))
        if bare and columns.label:
            self.notes += (
                f"{config.source}: the column {brief(columns.label)} is empty: no labels",
            )
        elif config.label_column != "":
            self.notes += left_over(
                config.source, "columns", columns.unused, columns.label, "data.label_column"
            )

    def opened(self, row: int) -> IO[bytes]:
        """Open an image's file."""
        return open_file(os.path.join(self._folder, self.names[row]))

    def called(self, row: int) -> str:
        """Return what errors call an image: its path, and the line that names it."""
        path = os.path.join(self._folder, self.names[row])[:LONGEST]
        return printable(f"{path} (line {self._lines[row]} of {os.path.basename(self._list)})")


def lists_images(path: str) -> bool:
    """Report whether a file can be read as a list, by its first line and the file that it names."""
    config = ManifestConfig(source=path)
    try:
        first = next(_rows(config, path, Columns(config)), None)
    except (DataError, OSError):
        return False
    return first is not None and _stamp(os.path.join(os.path.dirname(path), first.file)) is not None


def _stamp(path: str) -> Stamp | None:
    """Return the stamp of a file, None if it is missing; other causes show when it is opened."""
    try:
        return stamp_of(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return GONE


Read = Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]
"""Of each row the names of its columns, and its values by them."""


class _Lines:
    """The lines of a file, and the number of the last one that was read."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self.number = file, 0

    def __iter__(self) -> Iterator[str]:
        while text := self._file.readline(LONGEST_LINE):
            self.number += 1
            yield text


def _rows(config: ManifestConfig, path: str, columns: Columns) -> Iterator[ListedImage]:
    """Read what a manifest lists.

    Raises:
        DataError: A line is not understood.
    """
    read = _csv_rows if path.lower().endswith((".csv", ".tsv")) else _json_rows
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = _Lines(file)
        try:
            for names, values in read(iter(lines)):
                image, kind = columns.of(names)
                file_name = values[image]
                if not isinstance(file_name, str) or not file_name:
                    raise ValueError(
                        f"its {image} is {brief(repr(file_name), 60)}, which is not a path"
                    )
                label = None if kind is None else label_of(values[kind])
                yield ListedImage(lines.number, file_name, label and sys.intern(label))
        except UnicodeError as error:
            raise DataError(
                f"data.source: {config.source}, after line {lines.number}: it is not UTF-8; "
                "save it as UTF-8"
            ) from error
        except (ValueError, DataError) as error:
            place = f"data.source: {config.source}, line {lines.number}"
            raise DataError(f"{place}: {error}") from None


def _csv_rows(lines: Iterator[str]) -> Read:
    first = next((text for text in lines if text.strip(BLANK)), "")
    delimiter = max(DELIMITERS, key=lambda each: len(next(csv.reader([first], delimiter=each), [])))
    reader = csv.reader(itertools.chain([first], lines), delimiter=delimiter, strict=True)
    try:
        names = tuple(cleaned(name) for name in next(reader, ()))
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if len(values) < len(names) or any(values[len(names) :]):
                raise ValueError(f"it does not have the {len(names)} columns of the header")
            yield names, dict(zip(names, values, strict=False))
    except csv.Error as error:
        raise ValueError(f"it is not CSV ({error})") from error


def _json_rows(lines: Iterator[str]) -> Read:
    for text in lines:
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"it is not JSON ({error})") from error
        if not isinstance(values, dict):
            raise ValueError('it is not an object such as {"file": "1.png", "label": "cat"}')
        yield tuple(values), values
