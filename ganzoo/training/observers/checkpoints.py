"""Checkpoints at their cadence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.training.observers.base import Observer

if TYPE_CHECKING:
    from ganzoo.training.trainer import Trainer


class CheckpointWriter(Observer):
    """Saves every `training.checkpoint_every` steps; the trainer itself saves at the end."""

    everywhere = True

    def step(self, trainer: Trainer) -> None:
        """Save if it is time."""
        every = trainer.config.training.checkpoint_every
        if every and trainer.step % every == 0 and trainer.step < trainer.config.training.steps:
            trainer.save()
