"""Locks of files, which the system releases when the last process that has them ends.

Where a system has no such locks, `AVAILABLE` is false and all functions let everyone go on.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:
    AVAILABLE = False
else:
    AVAILABLE = True


@contextlib.contextmanager
def alone(path: Path, waiting: Callable[[], None]) -> Iterator[int | None]:
    """Be the only one who is inside with a path.

    Args:
        path: A file that is there for this purpose alone; it is removed afterwards.
        waiting: Called once where another process is inside.

    Yields:
        The number of the file. Processes that inherit it hold the lock too. None without locks.
    """
    if not AVAILABLE:
        yield None
        return
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        if not stands(file, path):  # its last owner has removed it
            with alone(path, lambda: None) as number:
                yield number
            return
        try:
            yield file.fileno()
        finally:
            path.unlink(missing_ok=True)


def share(file: IO[bytes]) -> None:
    """Hold an open file as one of its readers; waits while somebody takes it away."""
    if AVAILABLE:
        fcntl.flock(file, fcntl.LOCK_SH)


def take(file: IO[bytes]) -> bool:
    """Hold an open file alone; return whether nobody else holds it."""
    if AVAILABLE:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def stands(file: IO[bytes], path: Path) -> bool:
    """Return whether an open file is still the one of its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _opened(path: Path) -> IO[bytes]:
    return path.open("ab")
