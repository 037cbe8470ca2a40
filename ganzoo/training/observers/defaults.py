"""The observers that every run has."""

from ganzoo.config import RunConfig
from ganzoo.training.observers.base import Observer
from ganzoo.training.observers.checkpoints import CheckpointWriter
from ganzoo.training.observers.grids import SampleGrids
from ganzoo.training.observers.logs import JsonLog
from ganzoo.training.observers.progress import Progress


def default_observers(config: RunConfig) -> list[Observer]:
    """Return the observers that a config asks for."""
    observers: list[Observer] = [Progress(), JsonLog(), SampleGrids(), CheckpointWriter()]
    if config.logging.tensorboard:
        from ganzoo.training.observers.tensorboard import TensorBoard

        observers.append(TensorBoard())
    return observers
