"""Watches what a process does beyond computing: what it runs, writes, and talks to."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch._dynamo  # noqa: F401 - torch imports it late, with many events of its own

RUNS = (
    "ctypes.dlopen",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "pickle.find_class",
    "pty.spawn",
    "subprocess.Popen",
)
"""Events of the interpreter that are always worth telling."""

PLACES = {"os.mkdir": 0, "os.rename": 1, "os.symlink": 1, "os.link": 1, "os.chmod": 0}
"""Events that change a folder, and which of their arguments is the path."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """What happened, while `on`, that should not have.

    Attributes:
        seen: In words.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._allowed: tuple[str, ...] = ()
        self._ports: tuple[int, ...] = ()
        self._on = False
        sys.addaudithook(self._audit)

    @contextmanager
    def on(self, allowed: tuple[Path, ...], ports: tuple[int, ...]) -> Iterator[None]:
        """Watch for a while.

        Args:
            allowed: Beginnings of the paths that may be written to.
            ports: Of this machine, to which connections may be made.
        """
        self.seen.clear()
        self._allowed = tuple(map(os.path.realpath, allowed))
        self._ports = ports
        self._on = True
        try:
            yield
        finally:
            self._on = False

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._on:
            return
        self._on = False  # as what follows has events of its own
        try:
            told = self._tell(event, args)
        finally:
            self._on = True
        if told:
            self.seen.append(told)

    def _tell(self, event: str, args: tuple[Any, ...]) -> str:
        if event in RUNS:
            return f"{event} {args!r:.200}"
        if event == "open" and isinstance(args[2], int) and args[2] & WRITING:
            return self._written(event, args[0])
        if event in PLACES:
            return self._written(event, args[PLACES[event]])
        if event == "exec":
            name = getattr(args[0], "co_filename", "")
            return "" if name.startswith((sys.prefix, sys.base_prefix)) else f"exec {name}"
        if event == "import" and args[1]:
            return self._foreign(event, args[1])
        if event == "socket.connect" and isinstance(args[1], tuple):
            return "" if args[1][1] in self._ports else f"{event} {args[1]}"
        return ""

    def _written(self, event: str, path: Any) -> str:
        if isinstance(path, int) or os.fspath(path) in (os.devnull, os.fsencode(os.devnull)):
            return ""
        place = os.path.realpath(os.fsdecode(path))
        return "" if place.startswith(self._allowed) else f"{event} {place}"

    def _foreign(self, event: str, path: str) -> str:
        return f"{event} {path}" if os.path.realpath(path).startswith(self._allowed) else ""


WATCH = Watch()
"""One for a process, as a hook stays for good."""
