"""Serves until it is killed, for other processes: `python -S -m tests.hub.server [--xet]`."""

import signal
import sys
import threading
from types import FrameType

from tests.hub.server import HubServer


def leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    with HubServer(xet="--xet" in sys.argv[1:]) as hub:
        print(hub.url, flush=True)
        threading.Event().wait()
