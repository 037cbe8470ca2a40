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
    r"(?:https?://)?(?:[^/@]*@)?(?:www\.)?(?:huggingface|hf)\.co(?:/|$)"
    r"(?:(?!(?:api|blog|collections|datasets|docs|models|papers|spaces)/)"
    r"(?P<name>[^/?#]+/[^/?#]+)(?:/(?:tree|blob|resolve|commit)/(?P<revision>[^/?#]+))?)?",
    re.IGNORECASE,
)
"""The address of a page of the Hub."""


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
    found = _read(reference)
    if isinstance(found, str):
        raise WeightsError(f"{_brief(reference)} does not name weights{found}; {SPELLINGS}")
    return found


def parse_repository(text: str) -> Repository:
    """Read the name of a repository to publish to.

    Raises:
        WeightsError: It names no repository.
        TypeError: It is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"the name of a repository is text, not {_brief(text)}")
    found = _read(text)
    if isinstance(found, Repository):
        return found
    raise WeightsError(
        f"{_brief(text)} does not name a repository on the Hugging Face Hub"
        f"{found if isinstance(found, str) else ''}; write org/name, or org/name@branch"
    )


def parse_dataset(source: str) -> Repository:
    """Read the name of a repository that holds data, which begins with ``hf://``.

    Raises:
        DataError: It names no repository.
    """
    found = _read(source.replace(f"{SCHEME}datasets/", SCHEME, 1))
    if isinstance(found, Repository):
        return replace(found, kind="dataset")
    raise DataError(
        f"data.source: {_brief(source)} does not name a dataset on the Hugging Face Hub; write "
        f"{SCHEME}owner/name or {SCHEME}owner/name@revision"
    )


def is_local(text: str) -> bool:
    r"""Tell a path from a name: it begins with ``.``, ``/``, ``~``, ``\`` or a drive letter."""
    return text.startswith((".", "/", "~", "\\")) or bool(re.match(r"[A-Za-z]:[\\/]", text))


def _read(text: str) -> Reference | str:
    """Read a text; where it names nothing, return what to say of that, which may be empty."""
    if is_local(text):
        return Place(text)
    if text.startswith(SCHEME):
        text = text.removeprefix(SCHEME)
        if not _HUB.match(text):
            return _repository(text)
    if match := _HUB.match(text):
        revision = f"@{unquote(match['revision'])}" if match["revision"] else ""
        found = _repository(f"{match['name'] or ''}{revision}".removesuffix("@main"))
        works = isinstance(found, Repository)
        return f": that is the address of a page{f'; write {found}' if works else ''}"
    if "://" in text or "\\" in text:
        return ""
    if "/" in text:
        return _repository(text)
    if "@" in text:
        return ": only repositories have revisions, as org/name@revision"
    architecture, dot, tag = text.rpartition(".")
    return Tag(architecture, tag) if dot and len(text) <= 200 else ""


def _repository(spelled: str) -> Repository | str:
    name, at, revision = spelled.partition("@")
    parts = name.split("/")
    if len(parts) == 3 and parts[0] in ("datasets", "spaces"):
        return f": that is one of the Hub's {parts[0]}, which hold no weights"
    if len(parts) != 2 or not all(parts):
        return ""
    for part in parts:
        if not _PART.fullmatch(part) or "--" in part or ".." in part or part.endswith(".git"):
            return (
                f": {_brief(part)} cannot be part of a repository's name, which has up to 96 "
                "letters, digits, single - and . inside, and _"
            )
    if at and not _is_revision(revision):
        what = (
            f"{_brief(revision)} is not a revision" if revision else "the revision after @ is empty"
        )
        return f": {what}; write {name} or {name}@main"
    return Repository(name, revision)


def _is_revision(text: str) -> bool:
    """Tell whether git would allow a branch or tag of this name."""
    return bool(re.fullmatch(r"[A-Za-z0-9_][\w./+-]{0,199}", text, re.ASCII)) and not (
        ".." in text or "//" in text or text.endswith(("/", ".", ".lock"))
    )


def _brief(given: object) -> str:
    """Show what was given, but no password of an address, nor more than anybody reads."""
    if isinstance(given, str):
        given = re.sub(
            r"((?<!hf)://|^(?=[^/@]*@(?:www\.)?(?:huggingface|hf)\.co))(?!git@)[^/@\s]+@",
            r"\1",
            given,
        )
    return f"{given!r:.200}"
