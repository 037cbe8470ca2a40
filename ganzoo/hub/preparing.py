"""A split of a dataset repository, brought into ganzoo's cache by the package datasets."""

import hashlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import datasets  # type: ignore[import-untyped]
from huggingface_hub import constants, errors

from ganzoo.data.cache import cache_folder
from ganzoo.data.config import RepositoryConfig
from ganzoo.errors import DataError, brief
from ganzoo.hub.client import Client
from ganzoo.hub.features import ColumnTypes
from ganzoo.hub.images import column
from ganzoo.weights.reference import COMMIT, Repository

INFO_FILE = "dataset_info.json"
"""What the package writes last into a folder of tables."""


@dataclass(frozen=True)
class Prepared:
    """A split that lies on this machine."""

    commit: str
    features: ColumnTypes
    tables: tuple[str, ...]
    folder: str


def prepare(repository: Repository, config: RepositoryConfig) -> Prepared:
    """Resolve a revision to its commit, and fetch what is not here yet of a split at it.

    A commit that was fetched before needs no request. Where the Hub cannot be reached, the commit
    that the revision was last known to be is taken.

    Raises:
        DataError: There is no such subset or split, or the package cannot read it.
        HubError: There is no such repository or revision, or the Hub cannot be asked.
    """
    client = Client()
    home = cache_folder() / "repositories" / repository.name.replace("/", "--")
    commit = _commit(client, repository, home)
    pinned = replace(repository, revision=commit)
    folder = _folder(repository)
    chosen = repr((config.subset, config.split, folder))
    key = hashlib.blake2b(chosen.encode(), digest_size=8).hexdigest()
    place = home / f"{commit}-{key}"
    found = _opened(place, commit, folder)
    if found is None:
        client.call(_fetch, pinned, config, place, repository=pinned)
        found = _opened(place, commit, folder)
    if found is None:
        raise DataError(f"data.source: {config.source}: its files have disappeared from {folder}")
    _remember(repository, home, commit)
    return found


def _commit(client: Client, repository: Repository, home: Path) -> str:
    if repository.pinned:
        return repository.revision
    remembered = ""
    with suppress(OSError, ValueError):
        text = _reference(repository, home).read_text(encoding="utf-8")
        remembered = text if COMMIT.fullmatch(text) else ""
    return client.ask(client.commit, repository, remembered) or remembered


def _remember(repository: Repository, home: Path, commit: str) -> None:
    """Let a revision mean this commit when the Hub cannot be asked."""
    if not repository.pinned:
        with suppress(OSError):  # of a cache that may only be read
            reference = _reference(repository, home)
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(commit, encoding="utf-8")  # half of it is told from a commit


def _reference(repository: Repository, home: Path) -> Path:
    return home / "refs" / quote(repository.revision or "main", safe="")


def _folder(repository: Repository) -> str:
    """The folder of a repository in the Hub's cache."""
    name = f"datasets--{repository.name.replace('/', '--')}"
    return os.path.abspath(os.path.join(constants.HF_HUB_CACHE, name))


def _opened(place: Path, commit: str, folder: str) -> Prepared | None:
    """Open what was fetched before; None where some of it is missing."""
    if not (place / INFO_FILE).is_file():
        return None
    features: Any = datasets.DatasetInfo.from_directory(str(place)).features
    tables = tuple(map(str, sorted(place.glob("*.arrow"))))
    for name, feature in features.items():
        if isinstance(feature, datasets.Image) and not _whole(column(tables, name), folder):
            shutil.rmtree(place, ignore_errors=True)
            return None
    return Prepared(commit, features, tables, folder)


def _whole(images: Any, folder: str) -> bool:
    """Tell whether the Hub's cache still has all files that rows name there."""
    for chunk in images.chunks:
        named = chunk.field("path").filter(chunk.field("bytes").is_null()).to_pylist()
        within = (path for path in named if path and path.startswith(os.path.join(folder, "")))
        if not all(map(os.path.exists, within)):
            return False
    return True


def _fetch(repository: Repository, config: RepositoryConfig, place: Path) -> None:
    """Let the package fetch one split into a folder, whole or not at all.

    Raises:
        DataError: There is no such subset or split, or the package cannot read it.
        Exception: What the Hub's client raises.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    # In a cache of its own it finds no other commit, which it would take if the Hub is down.
    with _quiet(), tempfile.TemporaryDirectory(prefix=".", dir=place.parent) as aside:
        try:
            builder = _builder(repository, config.subset, aside)
            files: Any = builder.config.data_files
            if config.split not in files:
                known = ", ".join(map(str, files))
                raise DataError(
                    f"data.split: {repository} has no split {brief(repr(config.split))}; those "
                    f"are {brief(known)}"
                )
            builder.config.data_files = type(files)({config.split: files[config.split]})
            builder.download_and_prepare(str(place), verification_mode="no_checks")
        except DataError:
            raise
        except Exception as error:  # whatever a stranger's files make it run into
            raise _meant(error, repository) from error


def _builder(repository: Repository, subset: str | None, cache: str) -> datasets.DatasetBuilder:
    """Return what fetches a subset; nothing but its description is fetched yet."""
    path = f"hf://datasets/{repository.name}"  # which is no folder here, whatever it is called
    where: dict[str, Any] = {"revision": repository.revision, "cache_dir": cache}
    try:
        return datasets.load_dataset_builder(path, subset, **where)
    except ValueError:
        known = datasets.get_dataset_config_names(path, **where)
        told = brief(", ".join(known))
        if subset is not None and subset not in known:
            raise DataError(
                f"data.subset: {repository} has no subset {brief(repr(subset))}; those are {told}"
            ) from None
        if subset is None and len(known) > 1:
            raise DataError(
                f"data.source: {repository} has several subsets ({told}); choose one with "
                "data.subset"
            ) from None
        raise


def _meant(error: Exception, repository: Repository) -> Exception:
    """Find what an error of the package comes from: the Hub, this machine, or the files."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    for found in links:
        if isinstance(found, Exception) and _is_of_hub_or_machine(found):
            return found
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return DataError(
        f"data.source: {repository} cannot be read by the package datasets "
        f"({type(error).__name__}: {brief(error)}); see whether the dataset's page shows its "
        "images, or fetch the files and give a path"
    )


def _is_of_hub_or_machine(error: Exception) -> bool:
    if isinstance(error, errors.LocalEntryNotFoundError):
        return True
    if isinstance(error, (errors.EntryNotFoundError, FileNotFoundError)):
        return False  # the package tries whether files are there
    if isinstance(error, (errors.HfHubHTTPError, errors.HTTPError)):  # type: ignore[attr-defined]
        return True
    return isinstance(error, (ConnectionError, TimeoutError, errors.OfflineModeIsEnabled)) or (
        isinstance(error, OSError) and error.errno is not None
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the package's log lines away, and its bars where no terminal shows them.

    Nor does it tell another server what is loaded, as it would to count that.
    """
    level, shown = datasets.logging.get_verbosity(), not datasets.are_progress_bars_disabled()
    counting = datasets.config.HF_UPDATE_DOWNLOAD_COUNTS
    datasets.logging.set_verbosity(logging.CRITICAL)
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    if shown and not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(level)
        datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = counting
        if shown:
            datasets.enable_progress_bars()
