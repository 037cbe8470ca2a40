"""Ending a run in good order when it is asked to stop."""

import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any, Self

ALWAYS = ("SIGINT", "SIGTERM")
UNLESS_TAKEN = ("SIGHUP", "SIGUSR1", "SIGUSR2")
"""Of a closed terminal, and those by which schedulers warn; some systems do not have them.

They are left alone where something else is to happen: what nohup started ignores the first.
"""


class StopSignal:
    """Notes signals that ask to stop while it is entered, so that the step can be finished first.

    Outside the main thread, where Python delivers no signals, it does nothing.

    Args:
        once: Whether a second SIGINT or SIGTERM acts as if this did not exist. A launcher of
            several processes may hand on a signal that has reached them already, and a terminal
            that closes sends SIGHUP more than once.

    Attributes:
        name: The signal that came, as ``SIGINT``; empty for none.
    """

    def __init__(self, *, once: bool = True) -> None:
        self.once, self.name = once, ""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for name in (*ALWAYS, *UNLESS_TAKEN):
                number = getattr(signal, name, None)
                if number is None:
                    continue
                if name in ALWAYS or signal.getsignal(number) is signal.SIG_DFL:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        self._restore((*ALWAYS, *UNLESS_TAKEN))

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.name = self.name or signal.Signals(number).name
        if self.once:
            self._restore(ALWAYS)

    def _restore(self, names: Sequence[str]) -> None:
        for number, handler in self._before.items():
            if number.name in names:
                signal.signal(number, handler)
