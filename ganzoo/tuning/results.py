"""What a sweep found."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Attributes:
        number: From 0 on.
        path: Its run folder.
        state: ``complete``; ``pruned``, stopped as worse than half of those before; ``failed``; or
            ``stopped``, which going on with the sweep goes on with.
        values: What the varied fields had, by their keys.
        scores: By step, as taken while it trained.
        message: Why it failed.
    """

    number: int
    path: Path
    state: str
    values: Mapping[str, Any]
    scores: Mapping[int, float]
    message: str = ""

    @property
    def steps(self) -> int:
        """The step of the last score; 0 for none."""
        return max(self.scores, default=0)

    @property
    def score(self) -> float | None:
        """The last score."""
        return self.scores[self.steps] if self.scores else None


@dataclass(frozen=True)
class Sweep:
    """A sweep on disk, and its trials.

    Attributes:
        path: Its folder.
        metric: As ``fid``.
        lower: Whether less of it is better.
        trials: In the order in which they began.
        importances: The share of each field in how scores differ, by fANOVA (Hutter et al., An
            Efficient Approach for Assessing Hyperparameter Importance, 2014); empty where too few
            trials are complete.
    """

    path: Path
    metric: str
    lower: bool
    trials: tuple[Trial, ...]
    importances: Mapping[str, float]

    @property
    def complete(self) -> tuple[Trial, ...]:
        """The trials that trained to their end."""
        return tuple(trial for trial in self.trials if trial.state == "complete")

    @property
    def best(self) -> Trial | None:
        """The best of the complete trials."""
        return next((trial for trial in self.ranking if trial.state == "complete"), None)

    @property
    def ranking(self) -> list[Trial]:
        """Best first: the complete ones, then those that were pruned, then the rest."""
        order = ("complete", "pruned", "stopped", "failed")

        def place(trial: Trial) -> tuple[int, int, float]:
            score = trial.score
            if score is None:
                return order.index(trial.state), 1, 0.0
            return order.index(trial.state), 0, score if self.lower else -score

        return sorted(self.trials, key=place)
