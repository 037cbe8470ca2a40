"""What went wrong on the way to the Hub, in one sentence, and whether trying again may help.

Sentences are written here and quote nothing that could hold a token.
"""

import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

from huggingface_hub import constants, errors
from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

from ganzoo.errors import HubError, HubRequestError
from ganzoo.weights.reference import Repository

LOGIN = "log in with: hf auth login"

CONFLICT = 412
"""The answer to a commit whose parent is no longer the head."""

BUSY = 409
"""The answer to a change while another one is under way."""

XET_HOSTS = "*.xethub.hf.co"
"""Where the Hub keeps large files."""

XET_CALLS = ("xet_get", "_upload_xet_files")
"""The client's functions that call hf_xet."""

TRANSIENT = (408, 500, 502, 503, 504)
"""Answers after which the same request may well succeed."""

NOT_DONE = (BUSY, 429, 503)
"""Answers that tell that nothing was done."""

TOKEN = re.compile(r"\b(?:hf_|api_org_|eyJ)[\w.-]{6,}")
"""What looks like a token: nothing that a server says is shown with one in it."""

NOT_ASKED = (
    "is not in the cache, and requests to the Hub are turned off (HF_HUB_OFFLINE is set, or "
    "local_files_only is given)"
)


class RepositoryMissingError(HubRequestError):
    """There is no such repository, or it is not shown to this user."""


class RevisionMissingError(HubRequestError):
    """The repository has no such revision."""


class NotReachedError(HubError):
    """The Hub gave no answer."""


class StorageError(HubError):
    """The Hub answers, and its storage of large files does not."""


@dataclass(frozen=True)
class HubFault:
    """What went wrong."""

    error: HubError
    again: bool = False
    wait: float = 0.0


def explain(error: Exception, repository: Repository) -> HubFault:
    """Tell what an error of the client means."""
    cause = error.__cause__
    wrapping = isinstance(error, errors.LocalEntryNotFoundError) or type(error) is RuntimeError
    if wrapping and isinstance(cause, Exception):
        return explain(cause, repository)  # of one request of a download or of an upload
    if isinstance(error, errors.HfHubHTTPError):
        return _answer(error, repository)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubFault(HubError(f"{repository} {NOT_ASKED}", unreachable=True))
    hub, kind = constants.ENDPOINT, type(error).__name__
    if _is_of_xet(error):
        # It has tried for minutes by itself.
        return HubFault(_storage_error(repository, f"Xet failed ({kind})", XET_HOSTS))
    host = _host(error)
    if host not in ("", urlsplit(hub).hostname):
        problem = f"{host} could not be reached ({kind})"
        return HubFault(_storage_error(repository, problem, host), again=True)
    if isinstance(error, (errors.HTTPError, ConnectionError, TimeoutError)):  # type: ignore[attr-defined]
        problem = (
            f"{hub} could not be reached for {repository} ({kind}); check the network, then try "
            "again"
        )
        return HubFault(NotReachedError(problem, unreachable=True), again=True)
    if isinstance(error, ValueError) and isinstance(cause, errors.BadRequestError):
        said = _said(str(error))
        return HubFault(HubRequestError(f"the Hub rejects the card of {repository}: {said}"))
    if isinstance(error, OSError) and error.errno is not None:
        place = f" ({error.filename})" if error.filename else ""
        problem = (
            f"the files of {repository} could not be stored here{place}: {error.strerror}; free "
            "some space, or set HF_HOME (or cache_dir) to a folder that you can write to"
        )
        return HubFault(HubError(problem))
    deep = isinstance(error, RecursionError)  # of an answer that nests too far
    if isinstance(error, (OSError, RuntimeError, errors.XetDownloadError)) and not deep:
        # A file that came shorter than announced, or an error of the client's compiled transfers.
        problem = f"the transfer of {repository} failed ({kind}); check the network, then try again"
        return HubFault(HubError(problem, unreachable=True), again=True)
    # JSON of another shape, on which the client's own reading fails somehow, would come again; what
    # is no JSON may be of something in between. The client's own words say more than their kind.
    plain = type(error) is ValueError
    said = f": {_said(str(error))}" if plain else f" ({kind})"
    problem = f"{hub} sent an invalid answer for {repository}{said}; try again later"
    return HubFault(
        HubError(problem, unreachable=True), isinstance(error, ValueError) and not plain
    )


def _is_of_xet(error: Exception) -> bool:
    """Whether hf_xet let an error out: it has Python's own kinds, so that its place tells."""
    if isinstance(error, errors.HTTPError) or getattr(error, "errno", None) is not None:  # type: ignore[attr-defined]
        return False  # of a request to the Hub itself, or of this machine's disk
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code.co_name in XET_CALLS for frame, _ in frames)


def _host(error: Exception) -> str:
    """The host that did not answer; empty where an error names none."""
    try:
        # Spelled as in the address that was set, whatever characters that has.
        return unquote(error.request.url.host) if isinstance(error, errors.HTTPError) else ""  # type: ignore[attr-defined]
    except RuntimeError:  # as the property raises for an error without a request
        return ""


def _storage_error(repository: Repository, what: str, hosts: str) -> StorageError:
    problem = (
        f"the large files of {repository} could not be transferred: {what}, although the Hub "
        f"answers; try again, allow {hosts} in the firewall or proxy, or {_other_way()}"
    )
    return StorageError(problem, unreachable=True)


def _other_way() -> str:
    if not find_spec("hf_xet"):
        unset = "unset HF_HUB_DISABLE_XET and " if constants.HF_HUB_DISABLE_XET else ""
        return f"{unset}install hf_xet to transfer through Xet"
    if constants.HF_HUB_DISABLE_XET:
        return "unset HF_HUB_DISABLE_XET to transfer through Xet"
    return "set HF_HUB_DISABLE_XET=1 to transfer without Xet"


def asked_wait(headers: Mapping[str, str]) -> float:
    """Read how many seconds an answer asks to wait; 0 where it does not say."""
    text = headers.get("Retry-After", "").strip()
    wait = float(text) if text.isdecimal() else 0.0
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        wait = max(wait, limit.reset_in_seconds + 1.0)
    return wait


def quotes_token(error: BaseException) -> bool:
    """Tell whether the text of an error holds what looks like a token."""
    return bool(TOKEN.search(str(error)))


def _answer(error: errors.HfHubHTTPError, repository: Repository) -> HubFault:
    status = error.response.status_code
    page = f"{constants.ENDPOINT}/{repository.page}"
    kind = HubRequestError
    if isinstance(error, errors.GatedRepoError):
        problem = f"{repository} is gated: ask for access on {page}, then {LOGIN}"
    elif isinstance(error, errors.DisabledRepoError):
        problem = f"the Hub has disabled {repository}; see {page}"
    elif isinstance(error, errors.RepositoryNotFoundError):
        kind = RepositoryMissingError
        what = "dataset" if repository.kind == "dataset" else "repository"
        problem = (
            f"there is no {what} {repository.name} on the Hub, or it is private and your token "
            f"cannot read it; check the spelling, or {LOGIN}"
        )
    elif isinstance(error, errors.RevisionNotFoundError):
        kind = RevisionMissingError
        problem = (
            f"{repository.name} has no revision {repository.revision or 'main'!r}; its branches "
            f"and tags are listed on {page}/tree/main"
        )
    elif error.response.url.host != urlsplit(constants.ENDPOINT).hostname:
        # Where large files lie; a signed address is good for a while only, and another try gets
        # a new one.
        wait = asked_wait(error.response.headers)
        later = f" in {wait:.0f} seconds" if wait else ""
        problem = (
            f"the Hub's storage refused a file of {repository} ({status}); try again{later}, or "
            f"{_other_way()}"
        )
        return HubFault(
            StorageError(problem, status=status, unreachable=True), again=True, wait=wait
        )
    elif status == 401:
        problem = (
            f"the Hub does not accept the token for {repository} (there is none, or it is expired, "
            f"revoked or mistyped); {LOGIN}"
        )
    elif status in TRANSIENT or status == 429:
        return _refusal(error, repository, status)
    elif status == 403 and error.response.request.method in ("GET", "HEAD"):
        problem = f"your token has no read access to {repository}; see {page}, or {LOGIN}"
    elif status == 403:
        problem = (
            f"your token has no write access to {repository}; use one that has, or propose the "
            "change with --pr"
        )
    elif status == 404:
        problem = f"the Hub cannot find what was requested in {repository}; look for it on {page}"
    else:
        return _refusal(error, repository, status)
    return HubFault(kind(problem, status=status))


def _refusal(error: errors.HfHubHTTPError, repository: Repository, status: int) -> HubFault:
    wait = asked_wait(error.response.headers)
    said = _said(error.server_message or "")
    told = f"{status}{f': {said}' if said else ''}"
    if status == 429:
        problem = (
            f"the Hub asks to wait{f' for {wait:.0f} seconds' if wait else ''} before the next "
            f"request for {repository} (too many requests)"
        )
        return HubFault(HubError(problem, status=status, unreachable=True), again=True, wait=wait)
    if status in TRANSIENT:
        later = f"in {wait:.0f} seconds" if wait else "later"
        problem = f"the Hub cannot answer for {repository} just now ({status}); try again {later}"
        return HubFault(HubError(problem, status=status, unreachable=True), again=True, wait=wait)
    if status == BUSY:
        problem = f"the Hub is busy with another change of {repository} ({told}); try again"
        return HubFault(HubError(problem, status=status), again=True, wait=wait)
    problem = (
        f"the Hub refused the request for {repository} ({told}); correct what it names, or try "
        "again later"
    )
    return HubFault(HubError(problem, status=status))


def _said(text: str) -> str:
    """Quote a server on one line, without what a terminal would obey, and without tokens."""
    text = TOKEN.sub("***", " ".join(text.split()))
    return "".join(c if c.isprintable() else "?" for c in text)[:300]
