"""What can go wrong, told beforehand: rules that the origins ask before they answer."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict, Unpack

from tests.hub.server.messages import Headers, Response, reply


@dataclass(frozen=True)
class Fail:
    """Answer with an error; nothing is done."""

    response: Response


@dataclass(frozen=True)
class Cut:
    """Close within the answer's body."""

    after: int
    reset: bool


@dataclass(frozen=True)
class CutUpload:
    """Close within the request's body."""

    after: int


@dataclass(frozen=True)
class Drop:
    """Close instead of answering."""

    processed: bool


@dataclass(frozen=True)
class Corrupt:
    """Flip a bit of the body."""

    at: int


@dataclass(frozen=True)
class Truncate:
    """Send the beginning of the body as if it were all."""

    to: int


@dataclass(frozen=True)
class Lie:
    """Tell another size."""

    size: int


@dataclass(frozen=True)
class Endless:
    """Send a body without an end."""


@dataclass(frozen=True)
class Before:
    """Call a function first."""

    callback: Callable[[], object]


@dataclass(frozen=True)
class Delay:
    """Wait first."""

    seconds: float


Fault = Fail | Cut | CutUpload | Drop | Corrupt | Truncate | Lie | Endless


class Which(TypedDict, total=False):
    """Which of the requests that a rule could apply to it does apply to."""

    times: int | None
    """The next so many, by default one; None for all."""
    origin: str | None
    """``hub`` or ``cdn``; by default both."""


@dataclass
class Rule:
    """What happens to which requests."""

    action: Fault | Before | Delay
    method: str | None
    path: str
    origin: str | None
    times: int | None

    def matches(self, origin: str, method: str, path: str) -> bool:
        return (
            self.times != 0
            and self.method in (None, method)
            and self.origin in (None, origin)
            and re.search(self.path, path) is not None
        )


@dataclass
class Plan:
    """What happens to one request."""

    before: Before | None = None
    delay: Delay | None = None
    fault: Fault | None = None

    def take(self, action: Fault | Before | Delay) -> bool:
        """Take an action up, unless there is one of its kind."""
        match action:
            case Before() if self.before is None:
                self.before = action
            case Delay() if self.delay is None:
                self.delay = action
            case Before() | Delay():
                return False
            case _ if self.fault is None:
                self.fault = action
            case _:
                return False
        return True


class Faults:
    """The rules of a Hub.

    Each takes a method (None: any), a regular expression that is searched in the path, and
    `Which`. A request meets the first fault that matches it and no other; besides, it may have a
    function called, and a delay.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._guard = threading.Lock()

    def plan(self, origin: str, method: str, path: str) -> Plan:
        """Return what happens to a request, and count it."""
        plan = Plan()
        with self._guard:
            for rule in self.rules:
                taken = rule.matches(origin, method, path) and plan.take(rule.action)
                if taken and rule.times is not None:
                    rule.times -= 1
        return plan

    def _add(
        self, action: Fault | Before | Delay, method: str | None, path: str, which: Which
    ) -> None:
        rule = Rule(action, method, path, which.get("origin"), which.get("times", 1))
        with self._guard:
            self.rules.append(rule)

    def fail(
        self,
        method: str | None,
        path: str,
        status: int,
        headers: Headers | None = None,
        body: str | bytes | None = None,
        code: str | None = None,
        **which: Unpack[Which],
    ) -> None:
        """Answer with an error, with an X-Error-Code if one is given; nothing else is done."""
        response = reply({"error": "A fault of the test"}, status, headers)
        if body is not None:
            response.body = body.encode() if isinstance(body, str) else body
        if code:
            response.headers["X-Error-Code"] = code
        self._add(Fail(response), method, path, which)

    def cut(
        self,
        method: str | None,
        path: str,
        after: int,
        reset: bool = False,
        **which: Unpack[Which],
    ) -> None:
        """Tell the whole length, send ``after`` bytes of the body, and close.

        With ``reset`` the connection is reset, as by a machine on the way; without, it is closed
        as by a process that ends.
        """
        self._add(Cut(after, reset), method, path, which)

    def cut_upload(self, method: str | None, path: str, after: int, **which: Unpack[Which]) -> None:
        """Read ``after`` bytes of the request's body, and close; nothing is kept of them."""
        self._add(CutUpload(after), method, path, which)

    def drop(
        self, method: str | None, path: str, processed: bool = True, **which: Unpack[Which]
    ) -> None:
        """Close without an answer, although what was asked for has been done; or has not."""
        self._add(Drop(processed), method, path, which)

    def corrupt(self, method: str | None, path: str, at: int, **which: Unpack[Which]) -> None:
        """Flip one bit in the body's byte ``at``."""
        self._add(Corrupt(at), method, path, which)

    def truncate(self, method: str | None, path: str, to: int, **which: Unpack[Which]) -> None:
        """Send only ``to`` bytes of the body, and tell that length."""
        self._add(Truncate(to), method, path, which)

    def lie_about_size(
        self, method: str | None, path: str, size: int, **which: Unpack[Which]
    ) -> None:
        """Tell another size, by default always.

        It is that of the linked file, those in a listing, or else that of the body.
        """
        self._add(Lie(size), method, path, {"times": None, **which})

    def endless(self, method: str | None, path: str, **which: Unpack[Which]) -> None:
        """Tell no length, and send zeros until the client closes."""
        self._add(Endless(), method, path, which)

    def before(
        self,
        method: str | None,
        path: str,
        callback: Callable[[], object],
        **which: Unpack[Which],
    ) -> None:
        """Call a function when a request has come, just before it is handled."""
        self._add(Before(callback), method, path, which)

    def delay(self, method: str | None, path: str, seconds: float, **which: Unpack[Which]) -> None:
        """Wait before a request is handled."""
        self._add(Delay(seconds), method, path, which)
