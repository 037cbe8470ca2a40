"""How an answer is to be sent: which part of it, and with which fault."""

import json
import re
from dataclasses import dataclass

from tests.hub.server.content import Content
from tests.hub.server.faults import Corrupt, Cut, Endless, Fault, Lie, Truncate
from tests.hub.server.messages import Call, Headers, HubError, Response


@dataclass
class Outgoing:
    """A head and a body.

    Attributes:
        stop: How many bytes of the body to send.
        flip: In which byte of the body a bit is flipped.
        endless: Whether zeros are sent instead, until the client closes.
        close: Whether to close after it.
        reset: Whether to do that abruptly.
    """

    status: int
    headers: Headers
    body: Content
    stop: int
    flip: int | None = None
    endless: bool = False
    close: bool = False
    reset: bool = False


def prepare(call: Call, response: Response, fault: Fault | None) -> Outgoing:
    """Say how a response to a call is sent.

    Raises:
        ValueError: The body is too short for the fault, so that the test would show nothing.
    """
    body, headers = response.body, dict(response.headers)
    status = response.status
    if call.method == "GET" and status == 200 and headers.get("Accept-Ranges") == "bytes":
        status, body = _range(call, headers, body)
    if status == 206 and _place(fault) >= len(body):
        fault = None  # the rest of a file may well be shorter than what was cut before
    if isinstance(fault, Truncate):
        body = body[: _within(body, fault.to)]
    elif isinstance(fault, Lie):
        body = _lie(headers, body, fault.size)
    headers.setdefault("Content-Length", str(len(body)))
    going = Outgoing(status, headers, body, len(body))
    if isinstance(fault, Corrupt):
        going.flip = _within(body, fault.at)
    elif isinstance(fault, Cut):
        going.stop, going.close, going.reset = _within(body, fault.after), True, fault.reset
    elif isinstance(fault, Endless):
        del headers["Content-Length"]
        headers["Transfer-Encoding"] = "chunked"
        going.stop, going.endless, going.close = 0, True, True
    elif int(headers["Content-Length"]) != len(body):
        going.close = True  # what follows would be taken for the next answer
    return going


def _place(fault: Fault | None) -> int:
    """Return which byte of the body a fault needs."""
    match fault:
        case Corrupt(at) | Cut(at) | Truncate(at):
            return at
    return -1


def _within(body: Content, at: int) -> int:
    if not 0 <= at < len(body):
        raise ValueError(f"The body of {len(body)} bytes has no byte {at}")
    return at


def _range(call: Call, headers: Headers, body: Content) -> tuple[int, Content]:
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("Range") or "")
    if wanted is None:
        return 200, body
    start, end = int(wanted[1]), min(int(wanted[2] or len(body)), len(body) - 1)
    if start > end:
        whole = {"Content-Range": f"bytes */{len(body)}"}
        raise HubError(416, "The requested range is not satisfiable", headers=whole)
    headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
    return 206, body[start : end + 1]


def _lie(headers: Headers, body: Content, size: int) -> Content:
    """Tell a wrong size wherever a size is told; return the body that says so."""
    if "X-Linked-Size" in headers:
        headers["X-Linked-Size"] = str(size)
    elif headers.get("Content-Type", "").startswith("application/json"):
        return json.dumps(_sized(json.loads(bytes(body)), size)).encode()
    else:
        headers["Content-Length"] = str(size)
    return body


def _sized(value: object, size: int) -> object:
    if isinstance(value, dict):
        return {key: size if key == "size" else _sized(item, size) for key, item in value.items()}
    return [_sized(item, size) for item in value] if isinstance(value, list) else value
