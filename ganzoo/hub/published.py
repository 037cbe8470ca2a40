"""What a push did."""

from dataclasses import dataclass
from typing import Literal

ChangeKind = Literal["added", "changed", "unchanged", "deleted", "unknown"]


@dataclass(frozen=True)
class Change:
    """What becomes of one file of the repository.

    Attributes:
        name: The file.
        kind: What becomes of it; ``unknown`` in a trial for which the Hub could not be asked.
        size: In bytes, afterwards.
    """

    name: str
    kind: ChangeKind
    size: int


@dataclass(frozen=True)
class Published:
    """What a push did, or would do.

    Attributes:
        repository: ``org/name``.
        created: Whether the repository is new; False where the Hub could not be asked.
        changes: Every file of ours.
        card: The text of the card.
        commit: The commit that holds it all, in full; empty for a trial.
        commit_url: Its page; empty for a trial.
        pull_request_url: The page of the pull request, where one was opened.
        notes: What a person should know, in sentences.
    """

    repository: str
    created: bool
    changes: tuple[Change, ...]
    card: str
    commit: str = ""
    commit_url: str = ""
    pull_request_url: str = ""
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any file is not as it was."""
        return any(change.kind != "unchanged" for change in self.changes)
