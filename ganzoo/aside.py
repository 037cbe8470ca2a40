"""Files and folders on disk, each either whole or not there."""

import ctypes
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ASIDE = f".*-{'[0-9a-f]' * 32}*"
"""A pattern of the names of files and folders that are not whole yet."""

_HERE, _EXCHANGE = -100, 2
"""Of renameat2: paths are as they stand, and both names are there already."""


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it is either whole or not there."""
    with aside(path) as file:
        file.write_text(text, encoding="utf-8", newline="")  # line ends as they are


def replace_folder(path: Path, new: Path) -> None:
    """Put a folder in the place of another, which is removed.

    On Linux both change places at once, so that a whole one has the name at every moment. Where a
    system or a file system cannot do that, the older one has another name between two renames, and
    `tidy` brings it back if that is where a process was killed.
    """
    before = _before(path)
    if path.exists() and not _exchanged(path, new):
        path.rename(before)
    if new.exists() and not path.exists():
        new.rename(path)
    for old in (new, before):
        shutil.rmtree(old, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Remove what killed processes left half-written in a folder and in the folders in it.

    What was about to be replaced comes back.
    """
    for place in [folder, *(path for path in folder.iterdir() if path.is_dir())]:
        for path in [*place.glob(ASIDE)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for before in [*place.glob(".*-before")]:
            path = before.with_name(before.name.removeprefix(".").removesuffix("-before"))
            if path.exists():
                shutil.rmtree(before, ignore_errors=True)
            else:
                before.rename(path)


def _before(path: Path) -> Path:
    return path.with_name(f".{path.name}-before")


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change their names, if the system can (renameat2 of Linux)."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # another system
        return False
    names = [os.fsencode(path.absolute()) for path in (one, other)]
    return bool(rename(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0)


@contextmanager
def aside(path: Path, called: Callable[[], Path] | None = None) -> Iterator[Path]:
    """Lend the name of a file beside a path, which takes its place if all goes well.

    What is not a file, as ``/dev/stdout``, is written where it is. Where its name depends on what
    is written, `called` returns the path whose place it takes.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    file = _name_aside(path)
    try:
        file.touch()
        mode = file.stat().st_mode
        yield file
        file.chmod(mode)  # as safetensors puts a file in its place that only its owner can read
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())
        file.replace(path if called is None else called())
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """Lend a new folder beside a path, which takes its place if all goes well."""
    path = Path(os.path.realpath(path))
    folder = _name_aside(path)
    folder.mkdir(parents=True)  # by mkdtemp only its owner could read it
    try:
        yield folder
        replace_folder(path, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _name_aside(path: Path) -> Path:
    return path.with_name(f".{path.stem[:40]}-{uuid.uuid4().hex}{path.suffix}")
