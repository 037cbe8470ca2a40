"""A small Hub for tests: two origins on this machine, of the standard library alone.

As in real life one origin answers the Hub's routes, and another keeps the bytes of large files,
which it serves to whoever has their address and where no token may ever be sent.
"""

from tests.hub.server.content import Symlink, Zeros
from tests.hub.server.hub import HubServer
from tests.hub.server.messages import Request
from tests.hub.server.repository import Repo
from tests.hub.server.site import ALICE, BOB

__all__ = ["ALICE", "BOB", "HubServer", "Repo", "Request", "Symlink", "Zeros"]
