"""Where the files of weights are read from: a folder here, or a commit on the Hub."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ganzoo.errors import WeightsError


@dataclass(frozen=True)
class WeightsSource:
    """What weights were loaded from.

    Attributes:
        reference: As it was asked for.
        repository: ``org/name`` on the Hub; empty for a folder.
        commit: The commit of the repository, in full; empty for a folder.
    """

    reference: str
    repository: str = ""
    commit: str = ""


class WeightsFiles(Protocol):
    """Files of weights, by name; what is in them is not trusted."""

    @property
    def source(self) -> WeightsSource:
        """What the files are of."""

    def label(self, name: str) -> str:
        """Tell a person which file is meant."""

    def sizes(self, *, whole: bool = True) -> dict[str, int]:
        """The size of every file in bytes, without reading any.

        Args:
            whole: Rather an error than the files on this machine alone, where the Hub should be
                asked and cannot be reached.

        Raises:
            ganzoo.errors.HubError: The Hub could not be asked.
        """

    def fetch(self, name: str, *, largest: int) -> Path:
        """Bring a file to this machine, if it has no more bytes than that.

        Raises:
            WeightsError: There is no such file, or it is larger.
            ganzoo.errors.HubError: It could not be fetched.
        """

    def remember(self) -> None:
        """Take note that all that was asked for has been fetched and is good."""


class FolderFiles:
    """The files in a folder, none of which may be a link that leads out of it.

    Args:
        folder: May itself lie behind a link.
        reference: As it was asked for.
        bundled: Whether it came with a plugin; an installer may lay links there.

    Raises:
        WeightsError: A file is a link that leads out, through which a stranger's folder could have
            a private file read or published.
    """

    def __init__(self, folder: Path, reference: str = "", *, bundled: bool = False) -> None:
        if not bundled:
            with os.scandir(folder) as entries:
                check_inside(folder, *sorted(entry.name for entry in entries if entry.is_symlink()))
        self.folder = folder
        self.source = WeightsSource(reference or str(folder))

    def label(self, name: str) -> str:
        """Tell a person which file is meant."""
        return str(self.folder / name)

    def sizes(self, *, whole: bool = True) -> dict[str, int]:
        """The size of every file in bytes."""
        files = (path for path in sorted(self.folder.iterdir()) if path.is_file())
        return {path.name: path.stat().st_size for path in files}

    def fetch(self, name: str, *, largest: int) -> Path:
        """Find a file.

        Raises:
            WeightsError: There is no such file, or it has more bytes.
        """
        path = self.folder / name
        if not path.is_file():
            raise WeightsError(f"{self.folder} holds no {name}")
        check_file_size(self.label(name), path.stat().st_size, largest)
        return path

    def remember(self) -> None:
        """A folder needs no note."""


def check_inside(folder: Path, *names: str) -> None:
    """Check that entries of a folder do not lead out of it.

    Of a snapshot in the Hub's cache, the files are links to the blobs of the same repository.

    Raises:
        WeightsError: One does.
    """
    root = folder.resolve()
    blobs = root.parents[1] / "blobs" if root.parent.name == "snapshots" else root
    for name in names:
        place = Path(os.path.realpath(folder / name))
        if not (place.is_relative_to(root) or place.is_relative_to(blobs)):
            raise WeightsError(
                f"{folder / name} is a link that leads out of its folder, to {place}, and is not "
                "read; put a copy of the file in its place, or remove the link"
            )


def check_file_size(label: str, size: int, largest: int) -> None:
    """Check that a file is not too large to be what it is called.

    Raises:
        WeightsError: It has more bytes than that.
    """
    if size > largest:
        raise WeightsError(
            f"{label} has {size:,} bytes, more than the {largest:,} that it can have; it is not "
            "read"
        )
