"""What a Hub knows: people, tokens and repositories, and who may do what."""

import threading

from tests.hub.server.messages import Call, HubError
from tests.hub.server.repository import Repo
from tests.hub.server.storage import Store

ALICE = "hf_alice0123456789"
BOB = "hf_bob0123456789"


class Site:
    """The state of a Hub.

    Attributes:
        tokens: Who a token belongs to.
        expired: Tokens that are good no longer.
        orgs: Who an organisation belongs to.
        repos: The repositories, by their ids.
        lock: Held while the Hub reads or changes any of it, but not while bytes are sent.
    """

    url = ""
    cdn_url = ""

    def __init__(self, xet: bool) -> None:
        self.xet = xet
        self.lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.tokens = {ALICE: "alice", BOB: "bob"}
        self.expired: set[str] = set()
        self.orgs = {"acme": "alice"}
        self.repos: dict[str, Repo] = {}
        self.store = Store(self.xet)

    def create(self, id: str, private: bool = False, owner: str | None = None) -> Repo:
        """Make a repository, without a client.

        Args:
            id: ``owner/name``, or ``datasets/owner/name``.
            private: Whether only its owner sees it.
            owner: Who it belongs to; by default whose namespace it is.
        """
        with self.lock:
            if id in self.repos:
                raise ValueError(f"{id} exists")
            namespace = id.removeprefix("datasets/").split("/")[0]
            owner = owner or self.orgs.get(namespace, namespace)
            self.repos[id] = Repo(id, owner, private, self.store, self.lock)
            return self.repos[id]

    def user(self, call: Call) -> str | None:
        """Return who asks; None without a token."""
        header = call.headers.get("Authorization")
        if header is None:
            return None
        token = header.removeprefix("Bearer ").strip()
        if token not in self.tokens or token in self.expired:
            raise HubError(401, "Invalid credentials in Authorization header")
        return self.tokens[token]

    def person(self, call: Call) -> str:
        """Return who asks, where somebody has to."""
        user = self.user(call)
        if user is None:
            raise HubError(401, "Invalid username or password.")
        return user

    def visible(self, id: str, call: Call) -> Repo:
        """Return a repository of which the caller may know."""
        user, repo = self.user(call), self.repos.get(id)
        if repo is None or (repo.private and user not in repo.readers):
            raise HubError(404 if user else 401, "Repository not found", "RepoNotFound")
        if repo.disabled:
            raise HubError(403, "Access to this resource is disabled.")
        return repo

    def readable(self, id: str, call: Call) -> Repo:
        """Return a repository whose files the caller may have."""
        repo, user = self.visible(id, call), self.user(call)
        if repo.gated and user not in repo.readers:
            told = f"Access to model {id} is restricted"
            if user:
                raise HubError(
                    403,
                    f"{told} and you are not in the authorized list. "
                    f"Visit {self.url}/{id} to ask for access.",
                    "GatedRepo",
                )
            raise HubError(
                401,
                f"{told}. You must have access to it and be authenticated to access it. "
                "Please log in.",
                "GatedRepo",
            )
        return repo

    def writable(self, id: str, call: Call, revision: str | None = None) -> Repo:
        """Return a repository that the caller may change.

        A change to a revision anybody may propose, and whoever opened a pull request goes on.
        """
        repo, user = self.readable(id, call), self.person(call)
        proposal = revision is not None and (
            call.flag("create_pr") or repo.proposer(revision) == user
        )
        if user != repo.owner and not proposal:
            hint = "pass `create_pr=1` as a query parameter to create a Pull Request"
            raise HubError(403, f"Forbidden: {hint}")
        return repo
