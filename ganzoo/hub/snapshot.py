"""One commit of a repository, whose files are fetched when they are needed."""

import logging
from functools import cached_property
from pathlib import Path

from ganzoo.aside import write_text
from ganzoo.errors import HubError, WeightsError
from ganzoo.hub.client import Client, Listing
from ganzoo.hub.faults import NOT_ASKED
from ganzoo.weights.description import CONFIG_FILE
from ganzoo.weights.reading import WeightsSource, check_file_size
from ganzoo.weights.reference import COMMIT, Repository

PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth", ".tar")
"""Endings of files that run code when they are loaded."""

_log = logging.getLogger("ganzoo.hub")


class Snapshot:
    """The files of weights at one commit; see `ganzoo.weights.reading.WeightsFiles`."""

    def __init__(
        self,
        client: Client,
        repository: Repository,
        commit: str,
        listing: Listing | None = None,
        reference: str = "",
    ) -> None:
        self.source = WeightsSource(reference or str(repository), repository.name, commit)
        self._client = client
        self._reached = not client.offline
        self._repository = repository
        if listing is not None:
            self._listing = listing

    @classmethod
    def open(cls, client: Client, repository: Repository, reference: str = "") -> "Snapshot":
        """Resolve a revision to a commit: by asking the Hub, unless it is a commit in full.

        Where the Hub cannot be reached, the commit that the revision was last known to be is taken,
        if it is in the cache.

        Raises:
            HubError: There is no such repository or revision, or nobody knows.
        """
        if repository.pinned:
            return cls(client, repository, repository.revision, reference=reference)
        remembered = cls._remembered(client, repository)
        listing = client.ask(client.listing, repository, remembered)
        if listing is None:
            found = cls(client, repository, remembered, reference=reference)
            found._reached = False
            return found
        return cls(client, repository, listing.commit, listing, reference)

    def label(self, name: str) -> str:
        """Tell a person which file is meant."""
        return f"{name} of {self._repository}"

    def sizes(self, *, whole: bool = True) -> dict[str, int]:
        """The size of every file in bytes, without fetching any; offline, of those in the cache.

        Args:
            whole: Rather an error than those in the cache, where the Hub cannot be reached.

        Raises:
            HubError: The Hub could not be asked.
        """
        if self._reached or (whole and not self._client.offline):
            try:
                return {name: file.size for name, file in sorted(self._listing.files.items())}
            except HubError as error:
                if whole or not error.unreachable:
                    raise
                self._reached = False
                _log.warning("only the files in the cache are listed, because %s", error)
        config = self._cached(CONFIG_FILE)
        if config is None:
            return {}
        return {path.name: path.stat().st_size for path in sorted(config.parent.iterdir())}

    def fetch(self, name: str, *, largest: int) -> Path:
        """Find a file in the cache, or fetch it.

        Raises:
            WeightsError: There is no such file, or it is larger.
            HubError: It could not be fetched.
        """
        label = self.label(name)
        path = self._cached(name)
        if path is not None:
            check_file_size(label, path.stat().st_size, largest)
            return path
        if self._client.offline and "_listing" not in vars(self):
            raise HubError(f"{label} {NOT_ASKED}", unreachable=True)
        file = self._listing.files.get(name)
        if file is None:
            raise WeightsError(self._absence(name))
        check_file_size(label, file.size, largest)
        return self._client.download(self._repository, self.source.commit, file, largest=largest)

    def remember(self) -> None:
        """Let the revision mean this commit when the Hub cannot be asked.

        An earlier commit of which more can be loaded stays the remembered one, so that nothing that
        was once loaded is lost offline.
        """
        if "_listing" not in vars(self):
            return  # the Hub was not asked, so nothing new is known
        repository, here = self._repository, self._cached(CONFIG_FILE)
        before = self._remembered(self._client, repository)
        if repository.pinned or here is None or before == self.source.commit:
            return
        for name in self._listing.files:
            network = before and name.endswith(".safetensors")
            if network and self._client.cached(repository, name, before) and not self._cached(name):
                return
        reference = here.parents[2] / "refs" / (repository.revision or "main")
        try:
            reference.parent.mkdir(parents=True, exist_ok=True)
            write_text(reference, self.source.commit)
        except OSError:
            pass  # of a cache that may only be read

    def _cached(self, name: str) -> Path | None:
        return self._client.cached(self._repository, name, self.source.commit)

    @cached_property
    def _listing(self) -> Listing:
        pinned = Repository(self._repository.name, self.source.commit)
        return self._client.listing(pinned)

    @staticmethod
    def _remembered(client: Client, repository: Repository) -> str:
        path = client.cached(repository, CONFIG_FILE, repository.revision or "main")
        commit = path.parent.name if path else ""
        return commit if COMMIT.fullmatch(commit) else ""

    def _absence(self, name: str) -> str:
        repository, files = self._repository, self._listing.files
        pickles = [file for file in sorted(files) if file.endswith(PICKLES)]
        if pickles and not any(file.endswith(".safetensors") for file in files):
            return (
                f"{repository} holds its weights as pickles ({pickles[0]!r:.60}), which can run "
                "any code when they are loaded, so ganzoo never does that; read them safely with: "
                f"ganzoo import hf://{repository.name}/{pickles[0]:.60} -o FOLDER"
            )
        if CONFIG_FILE not in files:
            return f"{repository} holds no weights of ganzoo: it has no {CONFIG_FILE}"
        return f"{repository} holds no {name}"
