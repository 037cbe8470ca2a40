"""The one place that talks to the Hub: requests with retries, and downloads that are verified."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import huggingface_hub
from huggingface_hub import HfApi, constants, get_session, is_offline_mode
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    build_hf_headers,
    hf_raise_for_status,
    tqdm,
)

from ganzoo.about import DISTRIBUTION, __version__
from ganzoo.errors import GanzooError, HubError, HubRequestError
from ganzoo.hub.faults import (
    BUSY,
    LOGIN,
    NOT_ASKED,
    NOT_DONE,
    TRANSIENT,
    asked_wait,
    explain,
    quotes_token,
)
from ganzoo.weights.reading import check_file_size
from ganzoo.weights.reference import COMMIT, Repository

T = TypeVar("T")

WAITS = (1.0, 2.0, 4.0)
"""Seconds before each further try."""

MAX_WAIT = 120.0
"""Longer than this nobody is made to wait by the Hub's ``Retry-After``."""

TIMEOUT = 10.0
"""Seconds until an answer to a small request."""

_log = logging.getLogger("ganzoo.hub")


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository, as the Hub describes it.

    Attributes:
        name: Its path in the repository.
        size: In bytes.
        digest: SHA-256 of a large file, else the id that git gives to its contents.
    """

    name: str
    size: int
    digest: str

    def holds(self, content: Path) -> bool:
        """Tell whether a file on this machine has these contents."""
        return content.stat().st_size == self.size and self.digest == digest(
            content, large=len(self.digest) == 64
        )


@dataclass(frozen=True)
class Listing:
    """What a commit of a repository holds."""

    commit: str
    private: bool
    files: dict[str, RemoteFile]


class Client:
    """The Hub, for one user."""

    def __init__(
        self,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        *,
        local_files_only: bool = False,
    ) -> None:
        if isinstance(token, str):
            _check_token(token)
        self.cache_dir = cache_dir
        self.offline = local_files_only or is_offline_mode()
        self.api = HfApi(token=token, library_name=DISTRIBUTION, library_version=__version__)

    def listing(self, repository: Repository, *, tries: int = len(WAITS) + 1) -> Listing:
        """Resolve a revision to its commit, and list that commit's files.

        Raises:
            HubError: The Hub cannot be asked, or refuses.
        """
        return self.call(self._list, repository, repository=repository, tries=tries)

    def commit(self, repository: Repository, *, tries: int = len(WAITS) + 1) -> str:
        """Resolve a revision of a repository that holds data to its commit; errors likewise."""
        return self.call(self._commit, repository, repository=repository, tries=tries)

    def ask(self, what: Callable[..., T], repository: Repository, remembered: str) -> T | None:
        """Do `listing` or `commit`, but once where there is a commit that the revision was before.

        Returns:
            None where that one is to be taken, because the Hub is not asked or cannot be reached.

        Raises:
            HubError: The Hub refuses, or cannot be asked and nothing is remembered.
        """
        try:
            return what(repository, **({"tries": 1} if remembered else {}))
        except HubError as error:
            if not remembered or not error.unreachable:
                raise
            if not self.offline:
                _log.warning("using the cached commit %s, because %s", remembered[:12], error)
            return None

    def _commit(self, repository: Repository) -> str:
        found = self.api.dataset_info(
            repository.name, revision=repository.revision or None, expand=["sha"], timeout=TIMEOUT
        )
        if not COMMIT.fullmatch(found.sha or ""):
            raise TypeError("the answer names no commit")
        return found.sha or ""

    def _list(self, repository: Repository) -> Listing:
        try:
            found = self.api.model_info(
                repository.name,
                revision=repository.revision or None,
                files_metadata=True,
                timeout=TIMEOUT,
            )
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, ValueError) and type(error) is not ValueError:
                raise  # an answer that is no JSON, or that refuses
            # The client makes an object of the card's metadata, which anybody may have written.
            text = f"the metadata at the head of its {constants.REPOCARD_NAME} may be malformed"
            raise ValueError(text) from None
        files = {}
        for item in found.siblings or []:
            large = item.lfs.sha256 if item.lfs else ""
            file = RemoteFile(item.rfilename, item.size or 0, large or item.blob_id or "")
            if tuple(map(type, (file.name, file.size, file.digest))) != (str, int, str):
                raise TypeError("a file is not described as the Hub does")
            files[file.name] = file
        if not COMMIT.fullmatch(found.sha or ""):
            raise TypeError("the answer names no commit")
        return Listing(found.sha or "", bool(found.private), files)

    def cached(self, repository: Repository, name: str, commit: str) -> Path | None:
        """Find a file of a commit, or of a remembered revision, on this machine."""
        try:
            found = huggingface_hub.try_to_load_from_cache(
                repository.name, name, cache_dir=self.cache_dir, revision=commit
            )
        except (OSError, ValueError):
            return None  # what the cache remembers of a revision cannot be read, or is no text
        return Path(found) if isinstance(found, str) else None

    def download(
        self, repository: Repository, commit: str, file: RemoteFile, *, largest: int
    ) -> Path:
        """Fetch a file at a commit into the cache, and make sure that it arrived as it is there.

        Raises:
            HubError: It cannot be fetched, or arrives damaged again and again.
            ganzoo.errors.WeightsError: It is larger than allowed.
        """
        for _ in range(2):
            path = self.call(self._fetch, repository, commit, file, largest, repository=repository)
            if path is not None:
                return path
        raise HubError(
            f"{file.name} of {repository} arrived damaged twice; check the network (a proxy may "
            "change what it passes on), then try again"
        )

    def _fetch(
        self, repository: Repository, commit: str, file: RemoteFile, largest: int
    ) -> Path | None:
        """Fetch a file; None, and nothing is kept, where it is not as the Hub describes it."""
        path = Path(
            self.api.hf_hub_download(
                repository.name,
                file.name,
                revision=commit,
                cache_dir=self.cache_dir,
                tqdm_class=_capped(f"{file.name} of {repository}", largest),
            )
        )
        whole = False
        try:
            whole = file.holds(path)  # the client compares sizes alone
        finally:
            if not whole:  # or nobody waited for the answer
                path.resolve().unlink(missing_ok=True)
                path.unlink(missing_ok=True)
        return path if whole else None

    def call(
        self,
        function: Callable[..., T],
        *args: Any,
        repository: Repository,
        tries: int = len(WAITS) + 1,
        repeatable: bool = True,
        **options: Any,
    ) -> T:
        """Call the client, again where that may help (and may be done if it was done already).

        Raises:
            HubError: It failed.
        """
        if self.offline:
            raise HubError(f"{repository} {NOT_ASKED}", unreachable=True)
        for wait in (*WAITS[: tries - 1], None):
            try:
                self._check_login(repository)
                with _waiting_here(repository):
                    return function(*args, **options)
            except (GanzooError, Warning):
                raise
            except Exception as error:
                # The client lets out whatever its reading of an odd answer runs into, and its HTTP
                # library has errors without a common base. (Where warnings are errors, they pass.)
                fault = explain(error, repository)
                again = fault.again and (repeatable or fault.error.status in NOT_DONE)
                if wait is None or not again or fault.wait > MAX_WAIT:
                    # What an answer says is worth showing; other errors may quote the token.
                    shown = isinstance(error, HfHubHTTPError) and not quotes_token(error)
                    raise fault.error from (error if shown else None)
            time.sleep(max(wait, fault.wait))
        raise AssertionError("the last try returns or raises")

    def _check_login(self, repository: Repository) -> None:
        """Look at the token that the client is about to send.

        Raises:
            HubRequestError: There is none although one was asked for, or it cannot be one.
        """
        try:
            header = build_hf_headers(token=self.api.token).get("authorization", "")
        except Exception as error:
            raise HubRequestError(
                f"the token for {repository} cannot be read ({type(error).__name__}); {LOGIN}"
            ) from None
        if header:
            _check_token(header.removeprefix("Bearer "))


def digest(path: Path, *, large: bool) -> str:
    """Compute what the Hub knows a file by: SHA-256 if it is large, else git's id of a blob."""
    with path.open("rb") as file:
        if large:
            return hashlib.file_digest(file, "sha256").hexdigest()
        content = file.read()
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def _check_token(token: str) -> None:
    """Refuse what no header can hold, as an HTTP library would quote it in an error.

    Raises:
        HubRequestError: It cannot be a token.
    """
    if not (token.isascii() and token.isprintable() and token.split() == [token]):
        raise HubRequestError(
            "the token for the Hub contains characters that are not allowed in a token; copy it "
            f"again into HF_TOKEN or wherever you set it, or {LOGIN}"
        )


@contextmanager
def _waiting_here(repository: Repository) -> Iterator[None]:
    """Let no answer that asks to wait be waited for by the client.

    It would do so for any time, and again for each of its own tries. (Its connections are those of
    the whole process, so that others who use it at the same time are not made to wait either.)

    Raises:
        HubRequestError: There can be no connections at all.
    """
    try:
        hooks = get_session().event_hooks["response"]
    except Exception as error:
        # The error may quote a password in the address of a proxy.
        raise HubRequestError(
            f"no connection can be opened for {repository} ({type(error).__name__}); check the "
            "network settings HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE"
        ) from None
    hooks.append(_do_not_wait)
    try:
        yield
    finally:
        hooks.remove(_do_not_wait)


def _do_not_wait(response: Any) -> None:
    status = response.status_code
    asks = status == 429 or (status in TRANSIENT and asked_wait(response.headers))
    if status == BUSY:
        # The client makes a repository again and again, without end or pause.
        response.read()
        asks = "another conflicting operation" in response.text
    if asks:
        try:
            hf_raise_for_status(response)
        except HfHubHTTPError as error:
            # By itself the client would try once more, at once.
            raise RuntimeError("asked to wait") from error


def _capped(label: str, largest: int) -> type[tqdm]:
    """Make a progress bar that ends a transfer of more bytes than allowed."""

    class Capped(tqdm):
        received = 0

        def update(self, n: float | None = 1) -> bool | None:
            Capped.received += int(n or 0)
            check_file_size(label, Capped.received, largest)
            shown: bool | None = super().update(n)
            return shown

    return Capped
