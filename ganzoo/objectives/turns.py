"""The updates of a step, and their parts."""

from dataclasses import dataclass

from torch import Tensor

from ganzoo.randomness import Draws

Scalars = dict[str, Tensor]
"""Figures for the log, on the device."""


@dataclass(frozen=True)
class Phase:
    """One update of one player.

    Attributes:
        player: Whose networks are updated.
        index: Which of the player's main updates in the step, from 0.
        name: Empty for a main update. One that belongs to a penalty that is apart has its label; it
            follows the player's last main update, and has the index of that.
    """

    player: str
    index: int = 0
    name: str = ""

    @property
    def place(self) -> tuple[int | str, ...]:
        """What tells the phase from the others of its step, as seeds are hashed from it."""
        return (self.player, self.index, self.name) if self.name else (self.player, self.index)


@dataclass(frozen=True)
class Turn:
    """One part of a phase's batch.

    Attributes:
        step: The step, from 0.
        phase: The phase.
        update: The player's updates before this one.
        samples: Real samples that the run has seen before this step, as schedules count them.
        draws: The random numbers of the part, with a row for each of its samples.
        data: Those by which its reals are drawn; in an update apart they are the main one's, so
            that it sees the same reals.
    """

    step: int
    phase: Phase
    update: int
    samples: int
    draws: Draws
    data: Draws
