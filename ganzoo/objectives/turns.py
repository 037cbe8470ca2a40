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
        index: Which of the player's updates in the step, from 0.
    """

    player: str
    index: int = 0


@dataclass(frozen=True)
class Turn:
    """One part of a phase's batch.

    Attributes:
        step: The step, from 0.
        phase: The phase.
        update: The player's updates before this one.
        samples: Real samples that the run has seen before this step, as schedules count them.
        draws: The random numbers of the part, with a row for each of its samples.
    """

    step: int
    phase: Phase
    update: int
    samples: int
    draws: Draws
