"""The observers that every run has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.config import RunConfig
from ganzoo.data.base import Dataset
from ganzoo.training.observers.console import Progress
from ganzoo.training.observers.grids import SampleGrids
from ganzoo.training.observers.logs import JsonLog
from ganzoo.training.observers.monitoring import Health
from ganzoo.training.observers.observer import Observer
from ganzoo.training.observers.scoring import Evaluation

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


def default_observers(config: RunConfig, dataset: Dataset) -> list[Observer]:
    """Return the observers that a config asks for; RequestError where one has no meaning."""
    # Checkpoints after all that belongs to their step, as a run that goes on from one does not do
    # that step again.
    observers: list[Observer] = [JsonLog(), Progress(), SampleGrids(), CheckpointWriter()]
    if config.evaluation.every:
        observers.insert(1, Evaluation(config, dataset))
    if config.health.every:
        observers.append(Health())
    if config.logging.tensorboard:
        from ganzoo.training.observers.tensorboard import TensorBoard

        observers.append(TensorBoard())
    return observers
