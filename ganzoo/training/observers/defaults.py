"""The observers that every run has."""

from ganzoo.config import RunConfig
from ganzoo.training.observers.base import Observer
from ganzoo.training.observers.checkpoints import CheckpointWriter
from ganzoo.training.observers.evaluation import Evaluation
from ganzoo.training.observers.grids import SampleGrids
from ganzoo.training.observers.health import Health
from ganzoo.training.observers.logs import JsonLog
from ganzoo.training.observers.progress import Progress


def default_observers(config: RunConfig) -> list[Observer]:
    """Return the observers that a config asks for.

    Raises:
        ganzoo.errors.RequestError: What they are to do has no meaning here.
    """
    # The log first, as others read from it what was scored; checkpoints after all that belongs to
    # their step, as a run that goes on from one does not do that step again.
    observers: list[Observer] = [JsonLog(), Progress(), SampleGrids(), CheckpointWriter()]
    if config.evaluation.every:
        observers.insert(1, Evaluation(config))
    if config.health.every:
        observers.append(Health())
    if config.logging.tensorboard:
        from ganzoo.training.observers.tensorboard import TensorBoard

        observers.append(TensorBoard())
    return observers
