"""Scores while training, and the weights of the best one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganzoo import registry
from ganzoo.config import RunConfig
from ganzoo.data.base import Dataset
from ganzoo.errors import ConfigError, PluginError, RequestError, TrainingError, WeightsError
from ganzoo.evaluation.records import LOWER_IS_BETTER, Score, protocol_differences
from ganzoo.evaluation.scorer import Scorer
from ganzoo.evaluation.translations import scorer_of
from ganzoo.hardware import choose
from ganzoo.spec import Architecture
from ganzoo.training.exporting import export_weights
from ganzoo.training.observers.observer import Observer
from ganzoo.training.run import BEST
from ganzoo.weights.files import not_finite

if TYPE_CHECKING:
    from ganzoo.training.trainer import Trainer


class Evaluation(Observer):
    """Scores the default maker, averaged, at a cadence and at the end, by the same fakes' seed.

    The weights of the best score are kept in ``best/``. What the best one is, that folder tells
    itself: so it is known when a run goes on, and a score of another protocol, as after a change
    of `evaluation.fakes`, is never compared with it but takes its place.

    Nothing here needs the other processes of a run, which wait in their next step meanwhile.

    Raises:
        ConfigError: A metric has no meaning for the data, or the extractor cannot be had.
    """

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        self.config = config.evaluation
        self._scorer = _scorer(config, dataset)

    def start(self, trainer: Trainer) -> None:
        """Look at the best weights so far, so that damage to them is told before training."""
        _ = trainer.run.best_by(self.config.best_metric)

    def step(self, trainer: Trainer) -> None:
        """Score if it is time; TrainingError where samples of finite weights are not finite."""
        if trainer.step % self.config.every and trainer.step != trainer.config.training.steps:
            return
        maker = trainer.snapshot()
        # Of weights that are not finite the trainer tells, at its next row or checkpoint.
        if not_finite(maker.module.state_dict()):
            return
        try:
            scores = self._scorer(maker, averaged=bool(trainer.emas))
        except WeightsError as error:
            raise TrainingError(
                f"at step {trainer.step} {error}; training was stopped: try a lower optimizers.*.lr"
            ) from error
        trainer.report_scores(scores)

    def scored(self, trainer: Trainer, scores: Sequence[Score]) -> None:
        """Keep the weights if they are the best so far."""
        metric = self.config.best_metric
        for score in scores:
            if score.protocol.metric == metric and _is_best(score, trainer.run.best_by(metric)):
                export_weights(trainer, trainer.run.path / BEST)


def _is_best(score: Score, before: tuple[int, Score] | None) -> bool:
    if before is None or protocol_differences(score, before[1]):
        return True
    if LOWER_IS_BETTER.get(score.protocol.metric, False):
        return score.value < before[1].value
    return score.value > before[1].value


def _scorer(config: RunConfig, dataset: Dataset) -> Scorer:
    try:
        return scorer_of(
            config.data,
            config.architecture,
            registry.get(Architecture, config.architecture.name).makers[0],
            dataset=dataset,
            metrics=config.evaluation.metrics,
            extractor=config.evaluation.extractor,
            fakes=config.evaluation.fakes,
            device=choose(config.training).device,
        )
    except PluginError as error:
        raise ConfigError(f"evaluation.extractor: {error}") from error
    except RequestError as error:
        raise ConfigError(f"evaluation.metrics: {error}") from error
