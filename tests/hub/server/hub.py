"""The whole: two origins, what they know, and what is to go wrong."""

from functools import partial
from types import TracebackType

from tests.hub.server import api, commits, files, objects
from tests.hub.server.origins import Origin
from tests.hub.server.router import Router
from tests.hub.server.site import Site
from tests.hub.server.traffic import Traffic


class HubServer(Site, Traffic):
    """A Hub on this machine; a context manager that starts and stops it.

    One that was stopped refuses connections, knows what it knew, and starts on the same ports.

    Args:
        xet: Whether clients that can do it transfer large files by xet. Those files lie in a folder
            which is removed by `stop`, and `reset`; the CDN does not have them.
    """

    def __init__(self, xet: bool = False) -> None:
        Traffic.__init__(self)
        Site.__init__(self, xet)
        self._running = False
        router = Router(self, [*api.ROUTES, *files.ROUTES, *commits.ROUTES, *objects.ROUTES])
        self._origins = Origin("hub", router, self), Origin("cdn", partial(objects.cdn, self), self)

    def start(self) -> None:
        """Listen; nothing if it does."""
        if self._running:
            return
        self._running = True
        self.over.clear()
        for origin in self._origins:
            origin.start()
        hub, cdn = self._origins
        # By another name: clients before 2.0 take the same name on another port for the same host,
        # and would send it their token.
        self.url, self.cdn_url = f"http://127.0.0.1:{hub.port}", f"http://localhost:{cdn.port}"

    def stop(self) -> None:
        """Close all."""
        self._running = False
        self.over.set()
        for origin in self._origins:
            origin.stop()
        self.store.remove()

    def reset(self) -> None:
        """Begin anew on the same ports: nothing is known, nothing goes wrong, nobody waits."""
        self.over.set()
        for origin in self._origins:
            origin.close_connections(wait=True)
        self.store.remove()
        Site.forget(self)
        Traffic.clear(self)
        self.start()

    @property
    def offline(self) -> bool:
        """Whether connections are closed at once, without an answer."""
        return self.closing

    @offline.setter
    def offline(self, value: bool) -> None:
        self.closing = value
        if value:
            for origin in self._origins:
                origin.close_connections(wait=False)

    def __enter__(self) -> "HubServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
