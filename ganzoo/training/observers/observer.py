"""The protocol by which anything may watch a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ganzoo.evaluation.records import Score
    from ganzoo.health.findings import Finding
    from ganzoo.health.rows import Row
    from ganzoo.training.trainer import Trainer


class Observer:
    """Watches a run; a subclass overrides what it needs.

    A method that reads a tensor's value waits for the device, so `step` should do that only at a
    cadence of its own.

    Attributes:
        everywhere: Whether it is called in every process of a run, or only in the first. What is
            called in one alone must not call what needs all of them, as `Trainer.save` does.
    """

    everywhere: ClassVar[bool] = False

    def start(self, trainer: Trainer) -> None:
        """Called once before the first step, also when a run goes on."""

    def step(self, trainer: Trainer) -> None:
        """Called after every step; `trainer.step` steps are done."""

    def log(self, trainer: Trainer, row: Row) -> None:
        """Called every `logging.every` steps with what happened since the last time.

        Args:
            trainer: The trainer.
            row: ``step``, ``samples``, ``steps_per_second``, and means of the losses by player
                (``loss/generator``), of the outputs of each critic (``real/discriminator``,
                ``fake/discriminator``) and of the penalties before their weight (``penalty/r1``).
        """

    def scored(self, trainer: Trainer, scores: Sequence[Score]) -> None:
        """Called when the generator was evaluated.

        That is after the row of that step, if it has one, and before its checkpoint.

        Args:
            trainer: The trainer.
            scores: One for each metric.
        """

    def found(self, trainer: Trainer, finding: Finding) -> None:
        """Called when something begins to go wrong, and when it gets worse.

        Args:
            trainer: The trainer.
            finding: What was seen, and what to try.
        """

    def finish(self, trainer: Trainer, completed: bool) -> None:
        """Called once at the end.

        Args:
            trainer: The trainer.
            completed: Whether it ended in good order, so that the networks are saved.
        """
