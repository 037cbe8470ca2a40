"""How far a long work is, on standard error: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ganzoo.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

SECONDS_UNTIL_SHOWN = 2.0
SECONDS_BETWEEN_LINES = 4.0

Report = Callable[[int], None]
"""Is told how many more pieces are done."""


@contextmanager
def progress(what: str, total: int | None = None, done: int = 0) -> Iterator[Report]:
    """Show how many pieces of a work are done, if it takes more than 2 s.

    What is lent is called with the number of pieces that were done since the last call.
    """
    shown = _Shown(what, total, done)
    try:
        yield shown
    finally:
        shown.close()


def say(text: str, console: "Console | None" = None) -> None:
    """Write a line for a person, on standard error if no console is given."""
    line = printable(text)
    (console or _console()).print(line, highlight=False, markup=False, soft_wrap=True)


def size_text(count: int) -> str:
    """Write a number of bytes for people."""
    size = count / 1000
    for unit in ("kB", "MB"):
        if size < 999.95:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


class _Shown:
    def __init__(self, what: str, total: int | None, done: int) -> None:
        self._what, self._total, self._done, self._before = what, total, done, done
        self._bar: Progress | None = None
        self._begun = time.monotonic()
        self._next = self._begun + SECONDS_UNTIL_SHOWN

    def __call__(self, more: int) -> None:
        self._done += more
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._done)
        elif time.monotonic() >= self._next and self._done != self._total:
            self._show()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _show(self) -> None:
        from rich.markup import escape
        from rich.progress import Progress

        console = _console()
        if console.is_terminal:
            self._bar = Progress(console=console, transient=True)
            what = escape(printable(self._what))
            self._bar.add_task(what, total=self._total, completed=self._done)
            self._bar.start()
            return
        of = "" if self._total is None else f" of {self._total:,}, {self._left(self._total)} left"
        say(f"{self._what}: {self._done:,}{of}")
        self._next = time.monotonic() + SECONDS_BETWEEN_LINES

    def _left(self, total: int) -> str:
        """Tell how long the rest takes, by what was done since the beginning."""
        each = (time.monotonic() - self._begun) / max(1, self._done - self._before)
        seconds = each * (total - self._done)
        return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def _console() -> "Console":
    from rich.console import Console  # which takes a tenth of a second

    return Console(stderr=True)
