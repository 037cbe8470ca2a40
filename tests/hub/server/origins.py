"""An origin: a port of this machine, with a thread for each client."""

import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from functools import partial
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from tests.hub.server.connection import Connection
from tests.hub.server.messages import Handler
from tests.hub.server.traffic import Traffic

PATIENCE = 5.0
"""Seconds to wait for threads whose connections were closed."""


class Origin:
    """A server that can be stopped, and started again on the same port.

    Args:
        name: ``hub`` or ``cdn``.
        handle: Answers a request, or raises `HubError`.
        traffic: Where requests are noted, and who says what goes wrong.
    """

    def __init__(self, name: str, handle: Handler, traffic: Traffic) -> None:
        self.port = 0  # the system chooses
        self._connection = partial(Connection, name, handle, traffic)
        self._traffic = traffic
        self._server: _Server | None = None

    def start(self) -> None:
        self._server = _Server(self.port, self._connection, self._traffic)
        self.port = self._server.server_port
        serve = partial(self._server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self.close_connections(wait=True)
            self._server = None

    def close_connections(self, wait: bool) -> None:
        if self._server is not None:
            self._server.close_connections(PATIENCE if wait else 0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, connection: "partial[Connection]", traffic: Traffic) -> None:
        self.traffic = traffic
        self._clients: dict[Any, threading.Thread | None] = {}
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), connection)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's looks up the machine's name, which may take long
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return not self.traffic.closing

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._clients[request] = None
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._clients[request] = threading.current_thread()
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
            self.close_request(request)  # one that is to be reset must not be ended first
        else:
            super().shutdown_request(request)
        with self._guard:
            self._clients.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients may hang up whenever they like; anything else is a mistake of ours.
        if not isinstance(sys.exception(), ConnectionError):
            self.traffic.errors.append(traceback.format_exc())

    def close_connections(self, patience: float) -> None:
        """Close all, and wait for their threads, but for the one that asks."""
        with self._guard:
            clients = list(self._clients)
        for client in clients:
            with suppress(OSError):  # it may just have been closed
                client.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + patience
        while self._others() and time.monotonic() < end:
            time.sleep(0.001)

    def _others(self) -> bool:
        me = threading.current_thread()
        with self._guard:
            return any(thread is not me for thread in self._clients.values())
