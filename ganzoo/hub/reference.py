"""The grammar of references to weights, and to data on the Hub."""

import os
import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote

from ganzoo.errors import DataError, WeightsError

SPELLINGS = (
    "a folder or run is written ./folder, weights that come with an architecture architecture.tag, "
    "and a repository on the Hugging Face Hub org/name or org/name@revision"
)

SCHEME = "hf://"

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A commit in full: what it names does not change."""

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
"""One half of ``org/name``, but for what is forbidden to stand twice in it."""

_HUB = re.compile(
    r"(?:https?://|ssh://)?(?:[^/@]*@)?(?:www\.)?(?:huggingface|hf)\.co[/:]+(?:(?:api/)?models/)?"
    r"(?P<name>[^/?#]+/[^/?#]+)"
    r"(?:/(?:tree|blob|resolve|raw|commit|commits)/(?P<revision>refs/pr/\d+|[^/?#]+))?",
    re.IGNORECASE,
)
"""The address of a page of a repository, or of its git."""

_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://|(?:[^/@]*@)?(?:www\.)?(?:huggingface|hf)\.co(?:[/:]|$)",
    re.IGNORECASE,
)

_NOT_REPOSITORIES = ("api", "blog", "collections", "docs", "join", "learn", "models", "papers")
"""What begins the addresses of the Hub's other pages."""


@dataclass(frozen=True)
class Place:
    """A weights folder or a run on this machine."""

    path: str


@dataclass(frozen=True)
class Tag:
    """Weights that come with an architecture."""

    architecture: str
    tag: str


@dataclass(frozen=True)
class Repository:
    """A repository on the Hub.

    Attributes:
        name: ``org/name``.
        revision: A branch, a tag, ``refs/pr/1`` or a commit; empty for the main branch.
        kind: Whether it holds weights, or data.
    """

    name: str
    revision: str = ""
    kind: Literal["model", "dataset"] = "model"

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit in full."""
        return bool(COMMIT.fullmatch(self.revision))

    @property
    def page(self) -> str:
        """Where it is on the Hub."""
        return f"datasets/{self.name}" if self.kind == "dataset" else self.name

    def __str__(self) -> str:
        """The reference that names it."""
        return f"{self.name}@{self.revision}" if self.revision else self.name


Reference = Place | Tag | Repository


class _NoReferenceError(Exception):
    """Why a text names nothing.

    Attributes:
        hint: What is wrong, or what to write instead; may be empty.
    """

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


def parse(reference: str | os.PathLike[str]) -> Reference:
    r"""Tell what a reference names; looks at nothing but its text.

    Args:
        reference: A folder (``./path``, ``/path``, ``~/path``, ``C:\path``, or any path object),
            ``architecture.tag``, ``org/name``, ``org/name@revision`` or
            ``hf://org/name@revision``.

    Raises:
        WeightsError: It is none of these; the message shows the spelling that would work.
        TypeError: It is neither text nor a path.
    """
    if not isinstance(reference, str):
        path = os.fspath(reference) if isinstance(reference, os.PathLike) else None
        if not isinstance(path, str):
            raise TypeError(f"a reference is text or a path, not a {type(reference).__name__}")
        return Place(path)
    try:
        return _read(reference)
    except _NoReferenceError as error:
        hint = f": {error.hint}" if error.hint else ""
        raise WeightsError(f"{_brief(reference)} names no weights{hint}; {SPELLINGS}") from None


def parse_repository(text: str) -> Repository:
    """Read the name of a repository to publish to.

    Raises:
        WeightsError: It names no repository.
        TypeError: It is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"the name of a repository is text, not {_brief(text)}")
    hint = ""
    try:
        found = _read(text)
        if isinstance(found, Repository):
            return found
    except _NoReferenceError as error:
        # It cannot be a folder, so no spelling of one is of use.
        hint = f": {error.hint}" if error.hint and "for the folder" not in error.hint else ""
    raise WeightsError(
        f"{_brief(text)} names no repository on the Hugging Face Hub{hint}; write org/name, or "
        "org/name@branch"
    )


def parse_dataset(source: str) -> Repository:
    """Read the name of a repository that holds data, which begins with ``hf://``.

    Raises:
        DataError: It names no repository.
    """
    bare = source.removeprefix(f"{SCHEME}datasets/")
    text = source if bare == source else f"{SCHEME}{bare}"
    try:
        found = _read(text)
        if isinstance(found, Repository):
            return replace(found, kind="dataset")
        hint = ""
    except _NoReferenceError as error:
        # A spelling that is proposed may be one of weights, which need no scheme.
        hint = "" if error.hint.startswith("write ") else error.hint.partition("; write ")[0]
    raise DataError(
        f"data.source: {_brief(source)} names no dataset on the Hugging Face Hub"
        f"{f': {hint}' if hint else ''}; write {SCHEME}owner/name or {SCHEME}owner/name@revision"
    )


def is_path(text: str) -> bool:
    r"""Tell a path from a name: it begins with ``.``, ``/``, ``~``, ``\`` or a drive letter."""
    return text.startswith((".", "/", "~", "\\")) or bool(re.match(r"[A-Za-z]:[\\/]", text))


def _read(text: str) -> Reference:
    """Read a text.

    Raises:
        _NoReferenceError: It names nothing.
    """
    if is_path(text):
        return Place(text)
    bare = "".join(filter(str.isprintable, text)).strip(" '\"`<>")
    if bare != text:
        if _names_something(bare):
            raise _NoReferenceError(f"write {bare}")
        raise _NoReferenceError(
            "" if text.isprintable() else "it has characters that cannot be seen"
        )
    if text.startswith(SCHEME):
        return _repository(text.removeprefix(SCHEME), scheme=True)
    if "/" in text and re.match("hf:", text, re.IGNORECASE):
        bare = re.sub("^hf:/*", SCHEME, text, flags=re.IGNORECASE)
        raise _NoReferenceError(f"write {bare}" if _names_something(bare) else "")
    if _ADDRESS.match(text):
        raise _NoReferenceError(_from_address(text))
    if "\\" in text:
        raise _NoReferenceError(_folder_or_repository(f".\\{text}", text.replace("\\", "/")))
    if "/" in text:
        return _repository(text)
    if "@" in text:
        raise _NoReferenceError(
            "only repositories have revisions, as org/name@revision; weights that come with an "
            "architecture have none"
        )
    architecture, dot, tag = text.rpartition(".")
    if not dot or len(text) > 200:
        raise _NoReferenceError()
    return Tag(architecture, tag)


def _repository(spelled: str, *, scheme: bool = False) -> Repository:
    name, at, revision = spelled.partition("@")
    parts = name.split("/")
    if len(parts) == 3 and parts[0] in ("datasets", "spaces"):
        raise _NoReferenceError(f"that is one of the Hub's {parts[0]}, which hold no weights")
    bare = re.sub(r"^models/(?=[^/]+/[^/]+$)|(\.git)+$", "", name)
    if bare != name and _names_something(f"{bare}{at}{revision}"):
        raise _NoReferenceError(f"write {bare}{at}{revision}")
    if len(parts) != 2 or not all(parts):
        full = [part for part in parts if part]
        short = f"{'/'.join(full[:2])}{at}{revision}"
        if scheme:
            works = len(full) > 1 and _names_something(short)
            raise _NoReferenceError(
                f"write {short}" if works else f"after {SCHEME} comes org/name or org/name@revision"
            )
        if not name:
            raise _NoReferenceError("the repository before @ is missing")
        raise _NoReferenceError(
            _folder_or_repository(f"./{spelled}", short if len(full) == 2 else "")
        )
    for part in parts:
        if not _PART.fullmatch(part) or "--" in part or ".." in part:
            raise _NoReferenceError(
                f"{_brief(part)} cannot be part of a repository's name, which has up to 96 "
                "letters, digits, single - and . inside, and _"
            )
    if at and not _is_revision(revision):
        what = f"{_brief(revision)} is no revision" if revision else "the revision after @ is empty"
        raise _NoReferenceError(f"{what}; write {name} or {name}@main")
    return Repository(name, revision)


def _is_revision(text: str) -> bool:
    """Tell whether git would allow a branch or tag of this name."""
    return bool(re.fullmatch(r"[A-Za-z0-9_][\w./+-]{0,199}", text, re.ASCII)) and not (
        ".." in text or "//" in text or text.endswith(("/", ".", ".lock"))
    )


def _names_something(text: str) -> bool:
    try:
        return bool(_read(text))
    except _NoReferenceError:
        return False


def _folder_or_repository(folder: str, repository: str) -> str:
    """Show how to spell what may be either."""
    hint = f"for the folder write {folder:.200}"
    if repository and _names_something(repository):
        hint += f", and for the repository {repository}"
    return hint


def _from_address(text: str) -> str:
    """Guess the reference that an address means."""
    what = "that is the address of a page"
    match = _HUB.match(text)
    if match is None:
        return what
    name, revision = match["name"].removesuffix(".git"), unquote(match["revision"] or "main")
    kind = name.partition("/")[0].lower()
    if kind in ("datasets", "spaces"):
        return f"{what} of the Hub's {kind}, which hold no weights"
    reference = name if revision == "main" else f"{name}@{revision}"
    if kind in _NOT_REPOSITORIES or not _names_something(reference):
        return what
    return f"{what}; write {reference}"


def _brief(given: object) -> str:
    """Show what was given, but no password of an address, nor more than anybody reads."""
    if isinstance(given, str):
        given = re.sub(
            r"((?<!hf)://|^(?=[^/@]*@(?:www\.)?(?:huggingface|hf)\.co))(?!git@)[^/@\s]+@",
            r"\1",
            given,
        )
    return f"{given!r:.200}"
