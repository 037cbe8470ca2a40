"""Which function answers which path."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from tests.hub.server.messages import Call, HubError, Response
from tests.hub.server.site import Site

Route = tuple[str, str, Callable[..., Response]]
"""A method, a regular expression, and what is called with the site, the call and the groups."""


class Router:
    """Answers calls, one at a time.

    Args:
        site: What the functions work on.
        routes: In the order in which they are tried.
    """

    def __init__(self, site: Site, routes: Iterable[Route]) -> None:
        self._site = site
        self._routes = [(method, re.compile(path), answer) for method, path, answer in routes]

    def __call__(self, call: Call) -> Response:
        asked = "GET" if call.method == "HEAD" else call.method
        for method, path, answer in self._routes:
            match = path.fullmatch(call.path)
            if match and method == asked:
                groups = [unquote(group) for group in match.groups(default="")]
                with self._site.lock:
                    return answer(self._site, call, *groups)
        raise HubError(404, "Sorry, we can't find the page you are looking for.")
