"""What passed between the clients and the two origins."""

import re
import threading

from tests.hub.server.faults import Faults
from tests.hub.server.messages import Request


class Traffic(Faults):
    """The log, and what is to go wrong.

    Attributes:
        log: The requests of both origins, each written just before its answer is sent.
        sent: How many bytes of bodies have been sent.
        errors: Tracebacks of what the server itself did wrong, or a callback.
        over: Set when nobody waits for the answers any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._count = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.rules = []
        self.log: list[Request] = []
        self.errors: list[str] = []
        self.sent = 0
        self.closing = False
        self.over = threading.Event()

    def count(self, size: int) -> None:
        """Add to the bytes that were sent."""
        with self._count:
            self.sent += size

    def requests(
        self, origin: str | None = None, method: str | None = None, path: str | None = None
    ) -> list[Request]:
        """Return requests of the log; ``path`` is a regular expression to search for."""
        return [
            request
            for request in list(self.log)
            if origin in (None, request.origin)
            and method in (None, request.method)
            and (path is None or re.search(path, request.path))
        ]
