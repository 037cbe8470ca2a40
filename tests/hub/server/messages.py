"""What goes in and out of an origin."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, NamedTuple

from tests.hub.server.content import Content

Headers = dict[str, str]
Json = dict[str, Any]


class Request(NamedTuple):
    """A line of the log."""

    origin: str
    """``hub`` or ``cdn``."""
    method: str
    path: str
    """As it was sent, without the query."""
    status: int
    """0 where the connection was closed without an answer."""
    authorized: bool
    """Whether an Authorization header was sent."""


@dataclass
class Call:
    """A request with all that it carries."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message
    body: bytes = b""

    def json(self) -> Json:
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise HubError(400, "An object was expected")
        return value

    def flag(self, name: str) -> bool:
        return self.query.get(name, [""])[0].lower() in ("1", "true")


@dataclass
class Response:
    """An answer; where it can, the origin cuts the range out of the body that was asked for."""

    status: int = 200
    headers: Headers = field(default_factory=dict)
    body: Content = b""


class HubError(Exception):
    """An answer that is an error, told as the Hub does: in headers and in JSON."""

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: Headers | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.headers = headers or {}

    def response(self) -> Response:
        headers = {"X-Error-Message": self.message, **self.headers}
        if self.code:
            headers["X-Error-Code"] = self.code
        return reply({"error": self.message}, self.status, headers)


Handler = Callable[[Call], Response]


def reply(value: object, status: int = 200, headers: Headers | None = None) -> Response:
    """Answer with JSON."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    body = json.dumps(value, default=str).encode()  # a card may hold dates
    return Response(status, kind | (headers or {}), body)


def now() -> str:
    """Return the time as the Hub writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
