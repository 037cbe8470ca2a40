"""Ending a run in good order when it is asked to stop."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class StopSignal:
    """Notes SIGINT and SIGTERM while it is entered, so that the step can be finished first.

    Outside the main thread, where Python delivers no signals, it does nothing.

    Args:
        once: Whether a second signal acts as if this did not exist. A launcher of several
            processes may hand on a signal that has reached them already.

    Attributes:
        name: The signal that came, as ``SIGINT``; empty for none.
    """

    def __init__(self, *, once: bool = True) -> None:
        self.once, self.name = once, ""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.name = signal.Signals(number).name
        if self.once:
            self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
