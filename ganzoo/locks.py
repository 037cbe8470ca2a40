"""Locks of files and folders, which the system releases when the last process that has them ends.

On a system without such locks nobody is kept out. On a file system without them a folder is held as
long as the process that its lock names is running.
"""

import contextlib
import json
import os
import platform
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import IO, Any

from ganzoo.errors import RunError, brief
from ganzoo.resolve.paths import shown_path

try:
    import fcntl
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True

LOCK_FILE = ".lock"
"""In a folder that is being written: by which process."""


@contextlib.contextmanager
def alone(path: Path, waiting: Callable[[], None]) -> Iterator[int | None]:
    """Be the only one with a file that is there for this alone; `waiting` is called if one waits.

    Yields:
        The number of the file. Processes that inherit it hold the lock too. None without locks.
    """
    if not AVAILABLE:
        yield None
        return
    with _locked(path, waiting) as (file, held):
        try:
            yield file.fileno() if held else None
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(folder: Path, doing: str, *, new: bool = False) -> Iterator[Path]:
    """Be the only process that writes into a folder, and yield its absolute path.

    The folder is made where it is missing, and removed again where nothing was written. Others get
    a RunError that says what is being done, as ``trained``, or that nobody here can tell;
    FileExistsError where it had to be new.
    """
    folder = folder.expanduser().absolute()
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=not new)
    try:
        with _written(folder / LOCK_FILE, doing):
            yield folder
    finally:
        with contextlib.suppress(OSError):  # it holds something now
            for path in missing:
                path.rmdir()


@contextlib.contextmanager
def numbered(stem: Path, doing: str) -> Iterator[int]:
    """Be the one who makes and writes the first of ``stem``, ``stem-2``, ... that is free."""
    with contextlib.ExitStack() as stack:
        for number in count(1):
            folder = nth(stem, number)
            try:
                stack.enter_context(writing(folder, doing, new=True))
            except (FileExistsError, RunError):
                if not os.path.lexists(folder):
                    raise
                continue
            yield number
            return


def nth(stem: Path, number: int) -> Path:
    """Return the folder of a number that `numbered` yields."""
    return stem if number == 1 else stem.with_name(f"{stem.name}-{number}")


def is_empty(folder: Path) -> bool:
    """Return whether a folder holds nothing but perhaps the lock of `writing`."""
    return all(path.name == LOCK_FILE for path in folder.iterdir())


def hold_shared(file: IO[bytes]) -> None:
    """Hold an open file as one of its readers; waits while somebody takes it away."""
    if AVAILABLE:
        _flock(file, fcntl.LOCK_SH)


def take(file: IO[bytes]) -> bool:
    """Hold an open file alone; return whether nobody else holds it."""
    if AVAILABLE:
        try:
            _flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def stands(file: IO[bytes], path: Path) -> bool:
    """Return whether an open file is still the one of its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[tuple[IO[bytes], bool]]:
    """Open a file of locks and hold it alone; also tell whether its file system has locks."""
    while True:
        with open(path, "ab+", opener=_opened) as file:
            try:
                held = _flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                held = _flock(file, fcntl.LOCK_EX)
            if stands(file, path):  # else its last owner has removed it
                yield file, held
                return


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)  # a link could lead to a file of the user's


def _flock(file: IO[bytes], how: int) -> bool:
    """Lock an open file, if its file system has locks, and return whether it has."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _written(path: Path, doing: str) -> Iterator[None]:
    """Hold the lock of a folder, and say in it who does."""
    if not AVAILABLE:
        yield
        return
    folder = shown_path(path.parent)

    def refuse() -> None:
        with contextlib.suppress(OSError):
            writer = _writer(path.read_bytes())
            raise RunError(f"{folder} is {_told(writer)}; wait until it ends, or stop it")

    with _locked(path, refuse) as (file, held):
        file.seek(0)
        before, host = _writer(file.read()), platform.node()
        if before.get("host", host) != host:
            raise RunError(
                f"{folder} was {_told(before)}, and this machine cannot check whether that process "
                f"still runs; if it has ended, remove {shown_path(path)}"
            )
        if not held and _lives(before.get("process")):
            refuse()
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        writer = {"doing": doing, "process": os.getpid(), "host": host, "since": since}
        file.truncate(0)
        file.write(json.dumps(writer).encode())
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _writer(text: bytes) -> dict[str, Any]:
    """Read who says to hold a lock; empty where nobody does."""
    try:
        values = json.loads(text[:1000])
        return {key: values[key] for key in ("doing", "process", "host", "since")}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _told(writer: dict[str, Any]) -> str:
    if not writer:
        return "being written by another process"
    who = "this process" if writer["process"] == os.getpid() else f"process {writer['process']}"
    place = "" if writer["host"] == platform.node() else f" on {writer['host']}"
    return brief(f"being {writer['doing']} by {who}{place} (since {writer['since']})")


def _lives(process: Any) -> bool:
    """Return whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except PermissionError:  # it is another user's
        return True
    except (ProcessLookupError, TypeError, OverflowError):
        return False
    return bool(process > 0)
