"""A connection to an origin: it reads requests, and sends answers or what is to go wrong."""

import socket
import struct
import traceback
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from tests.hub.server.content import PIECE, pieces
from tests.hub.server.faults import Before, CutUpload, Drop, Fail, Fault
from tests.hub.server.messages import Call, Handler, HubError, Request
from tests.hub.server.outgoing import Outgoing, prepare
from tests.hub.server.traffic import Traffic


class Connection(BaseHTTPRequestHandler):
    """Serves one client until either closes.

    Args:
        origin: ``hub`` or ``cdn``.
        handle: Answers a request, or raises `HubError`.
        traffic: Where requests are noted, and who says what goes wrong.
        socket: What the server's class passes on.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written apart

    def __init__(self, origin: str, handle: Handler, traffic: Traffic, *socket: Any) -> None:
        self.origin, self.handle_call, self.traffic = origin, handle, traffic
        super().__init__(*socket)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: there is a log of our own."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        plan = self.traffic.plan(self.origin, self.command, path)
        if self.traffic.closing:
            self.close_connection = True
            return
        if isinstance(plan.fault, CutUpload):
            length = int(self.headers.get("Content-Length") or plan.fault.after)
            self._read(min(length, plan.fault.after))
            self._leave(path)
            return
        call = Call(self.command, path, parse_qs(query), self.headers, self._body())
        if plan.delay and self.traffic.over.wait(plan.delay.seconds):
            self.close_connection = True  # nobody waits for it any more
            return
        going = self._answer(call, plan.before, plan.fault)
        if isinstance(plan.fault, Drop):
            self._leave(path)
            return
        self._note(path, going.status)
        self._send(going)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (the base class's names)

    def _read(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionAbortedError("The client closed within its request")
        return data

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self._read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            chunks.append(self._read(size + 2)[:size])
        self._read(2)
        return b"".join(chunks)

    def _answer(self, call: Call, before: Before | None, fault: Fault | None) -> Outgoing:
        try:
            if before:
                before.callback()
            if isinstance(fault, Fail):
                return prepare(call, fault.response, None)
            if isinstance(fault, Drop) and not fault.processed:
                raise HubError(500, "Nothing is done")
            return prepare(call, self.handle_call(call), fault)
        except HubError as error:
            return prepare(call, error.response(), None)
        except Exception:
            # A mistake in the server or in a callback: the test has to see it, not the terminal.
            self.traffic.errors.append(traceback.format_exc())
            return prepare(call, HubError(500, "The server made a mistake").response(), None)

    def _note(self, path: str, status: int) -> None:
        authorized = "Authorization" in self.headers
        self.traffic.log.append(Request(self.origin, self.command, path, status, authorized))

    def _leave(self, path: str) -> None:
        """Close without an answer."""
        self._note(path, 0)
        self.close_connection = True

    def _send(self, going: Outgoing) -> None:
        self.close_connection |= going.close
        self.send_response(going.status)
        self.send_header("X-Request-Id", f"request-{len(self.traffic.log)}")
        for name, value in going.headers.items():
            # Messages may hold any name that a client made up.
            self.send_header(name, " ".join(value.split()).encode("ascii", "replace").decode())
        self.end_headers()
        if self.command == "HEAD":
            return
        at = 0
        for piece in pieces(going.body[: going.stop]):
            if going.flip is not None and at <= going.flip < at + len(piece):
                changed = bytearray(piece)
                changed[going.flip - at] ^= 1
                piece = bytes(changed)
            at += len(piece)
            self._write(piece)
        while going.endless:
            self._write(b"%x\r\n%b\r\n" % (PIECE, bytes(PIECE)))
        if going.reset:
            abrupt = struct.pack("ii", 1, 0)  # lingers for no time at all
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abrupt)

    def _write(self, piece: bytes) -> None:
        self.traffic.count(len(piece))  # before the client can know of it
        self.wfile.write(piece)
