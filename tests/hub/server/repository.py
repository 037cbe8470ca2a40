"""A repository: commits, branches, tags and pull requests."""

import hashlib
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock

from tests.hub.server.content import Content, Symlink, Zeros, git_oid
from tests.hub.server.messages import HubError, now
from tests.hub.server.storage import Store

LARGE = (".bin", ".npz", ".onnx", ".pickle", ".png", ".pt", ".pth", ".safetensors", ".zip")
"""The endings that the Hub's own .gitattributes gives to LFS (some of them)."""
REGULAR_LIMIT = 10 << 20
"""Beyond it nothing is a regular file."""


@dataclass(frozen=True)
class Entry:
    """A file in a tree.

    Attributes:
        oid: Of git; for a large file, that of the pointer.
        size: Of the file, in bytes.
        content: None for a large file.
        sha256: None for a regular file.
        pointer_size: Of a large file's pointer.
        xet: Its name in xet, if it is stored so.
    """

    oid: str
    size: int
    content: Content | None = None
    sha256: str | None = None
    pointer_size: int = 0
    xet: str | None = None


def regular(content: Content) -> Entry:
    """Return the entry of a file that git holds itself."""
    return Entry(git_oid(content), len(content), content)


def large(sha256: str, size: int, xet: str | None = None) -> Entry:
    """Return the entry of a file of which git holds a pointer."""
    spec = "https://git-lfs.github.com/spec/v1"
    pointer = f"version {spec}\noid sha256:{sha256}\nsize {size}\n".encode()
    return Entry(git_oid(pointer), size, None, sha256, len(pointer), xet)


def is_large(name: str, size: int, sample: bytes) -> bool:
    """Say whether the Hub keeps a file as a large one: by its name, size, or beginning."""
    return name.endswith(LARGE) or size > REGULAR_LIMIT or b"\0" in sample


@dataclass(frozen=True)
class Commit:
    """A commit; the tree is of paths, in no folders."""

    parent: str | None
    tree: dict[str, Entry]
    title: str
    description: str
    author: str
    date: str


@dataclass
class PullRequest:
    """A proposal to move main from one commit to another."""

    title: str
    author: str
    base: str
    head: str
    created: str = field(default_factory=now)
    merged: bool = False

    @property
    def status(self) -> str:
        """It is a draft while there is nothing to merge."""
        return "merged" if self.merged else "draft" if self.head == self.base else "open"


class Repo:
    """A model repository.

    Attributes:
        private: Whether only readers know of it.
        gated: False, or who grants access to its files: ``"auto"`` or ``"manual"``.
        disabled: Whether the Hub has shut it.
        readers: Who may see what is private or gated; others can be added.
    """

    def __init__(self, id: str, owner: str, private: bool, store: Store, lock: RLock) -> None:
        self.id, self.owner, self.private = id, owner, private
        self.gated: bool | str = False
        self.disabled = False
        self.readers = {owner}
        self.created = now()
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.pulls: dict[int, PullRequest] = {}
        self._store, self._lock = store, lock
        attributes = "".join(f"*{end} filter=lfs diff=lfs merge=lfs -text\n" for end in LARGE)
        tree = {".gitattributes": regular(attributes.encode())}
        self.branches["main"] = self.commit(None, tree, "initial commit", owner)

    def commit(
        self,
        parent: str | None,
        tree: dict[str, Entry],
        title: str,
        author: str,
        description: str = "",
    ) -> str:
        """Add a commit that nothing points to yet; return its id."""
        names = [f"{path} {entry.oid}" for path, entry in sorted(tree.items())]
        key = "\n".join([parent or "", title, author, str(time.time_ns()), *names])
        sha = hashlib.sha1(key.encode("utf-8", "surrogateescape")).hexdigest()
        self.commits[sha] = Commit(parent, tree, title, description, author, now())
        return sha

    def put(
        self,
        files: Mapping[str, Content | Symlink],
        delete: Iterable[str] = (),
        branch: str = "main",
        message: str = "changed",
        author: str | None = None,
    ) -> str:
        """Commit to a branch as somebody else would; names are not checked.

        Whether zeros are a large file is told by the name alone.
        """
        entries = {path: self._entry(path, content) for path, content in files.items()}
        gone = set(delete)
        with self._lock:
            parent = self.branches[branch]
            old = self.commits[parent].tree
            tree = {path: entry for path, entry in old.items() if path not in gone} | entries
            self.branches[branch] = self.commit(parent, tree, message, author or self.owner)
            return self.branches[branch]

    def _entry(self, path: str, content: Content | Symlink) -> Entry:
        if isinstance(content, Symlink):
            return regular(content.target.encode())
        zeros = isinstance(content, Zeros)
        if is_large(path, 0 if zeros else len(content), b"" if zeros else bytes(content[:512])):
            return large(self._store.add(content), len(content))
        return regular(content)

    def stored(self, oid: str, size: int | None) -> Entry:
        """Return the entry of a large file that has been sent; a copied one comes without size."""
        xet = self._store.xet_hash(oid)
        if oid in self._store:
            size = len(self._store[oid])
        elif xet is None:
            told = f"LFS pointer pointed to a file that does not exist. oid: {oid}"
            raise HubError(400, told)
        if size is None:
            entries = (entry for commit in self.commits.values() for entry in commit.tree.values())
            size = next(entry.size for entry in entries if entry.sha256 == oid)
        return large(oid, size, xet)

    def head(self, branch: str = "main") -> str:
        """Return a branch's commit."""
        return self.branches[branch]

    def files(self, revision: str = "main") -> dict[str, bytes]:
        """Return what a revision holds, all of it in memory; not what was stored by xet."""
        with self._lock:
            tree = self.commits[self.resolve(revision)].tree
        return {path: bytes(self.content(entry)) for path, entry in tree.items()}

    def content(self, entry: Entry) -> Content:
        """Return what a file holds."""
        if entry.content is not None:
            return entry.content
        return self._store[entry.sha256 or ""]

    def tag(self, name: str, revision: str = "main") -> None:
        """Set a tag, also where there is one."""
        self.tags[name] = self.resolve(revision)

    def branch(self, name: str, revision: str = "main") -> None:
        """Set a branch, also where there is one."""
        self.branches[name] = self.resolve(revision)

    def open_pull(self, title: str, author: str, base: str, head: str) -> int:
        """Open a pull request; return its number."""
        number = len(self.pulls) + 1
        self.pulls[number] = PullRequest(title, author, base, head)
        return number

    def resolve(self, revision: str) -> str:
        """Return the commit of a branch, tag, reference, or beginning of an id."""
        known = self.references() | self.tags | self.branches
        if revision in known:
            return known[revision]
        if re.fullmatch("[0-9a-f]{7,40}", revision):
            found = [sha for sha in self.commits if sha.startswith(revision)]
            if len(found) == 1:
                return found[0]
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def references(self) -> dict[str, str]:
        """Return the commits of all references, by their full names."""
        return {
            **{f"refs/heads/{name}": sha for name, sha in self.branches.items()},
            **{f"refs/tags/{name}": sha for name, sha in self.tags.items()},
            **{f"refs/pr/{number}": pull.head for number, pull in self.pulls.items()},
        }

    def proposer(self, revision: str) -> str | None:
        """Return who opened the pull request that a revision is of."""
        pull = self._pull(revision)
        return pull.author if pull else None

    def _pull(self, revision: str) -> PullRequest | None:
        number = revision.removeprefix("refs/pr/")
        return self.pulls.get(int(number)) if number.isdecimal() and number != revision else None

    def move(self, revision: str, sha: str) -> None:
        """Let a branch or a pull request point to a commit."""
        pull, branch = self._pull(revision), revision.removeprefix("refs/heads/")
        if pull:
            pull.head = sha
        elif branch in self.branches:
            self.branches[branch] = sha
        else:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
