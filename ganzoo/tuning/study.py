"""Carrying a sweep out: an Optuna study whose trials are runs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from ganzoo.errors import GanzooError, RequestError, RunError, TrainingError, brief
from ganzoo.evaluation.records import LOWER_IS_BETTER, Score
from ganzoo.randomness import seed_for
from ganzoo.resolve.paths import shown_path
from ganzoo.training.observers.console import Progress
from ganzoo.training.observers.observer import Observer
from ganzoo.training.trainer import InterruptedRunError, Trainer
from ganzoo.tuning.plan import SweepPlan, folder_of
from ganzoo.tuning.ranking import trial_line, write_report
from ganzoo.tuning.results import Sweep, Trial
from ganzoo.tuning.space import Choice, Dimension, Space
from ganzoo.weights.locating import RUN_CONFIG

JOURNAL = "study.journal"
TRIALS = "trials"
MESSAGE = "message"
"""The user attribute of a failed trial that says why."""

STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "stopped",
    TrialState.WAITING: "stopped",
}

LEAST_COMPLETE = 10
"""Of fewer complete trials no importances are told: they would be those of chance."""


class PrunedError(GanzooError):
    """A trial was worse than others at the same step; its run was saved first."""


class Reporter(Observer):
    """Tells a trial the scores of its run, and stops the run where they are poor."""

    def __init__(self, trial: optuna.Trial, metric: str) -> None:
        self._trial, self._metric = trial, metric

    def scored(self, trainer: Trainer, scores: Sequence[Score]) -> None:
        """Report a score.

        Raises:
            PrunedError: The run need not go on.
            TrainingError: The score is not finite.
        """
        value = next(s.value for s in scores if s.protocol.metric == self._metric)
        if not math.isfinite(value):
            raise TrainingError(f"{self._metric} is {value} at step {trainer.step}")
        if trainer.step not in _frozen(self._trial).intermediate_values:  # as of a run gone on with
            self._trial.report(value, trainer.step)
        if trainer.step < trainer.config.training.steps and self._trial.should_prune():
            trainer.save()
            raise PrunedError(f"stopped at step {trainer.step}")


def carry_out(
    plan: SweepPlan, out: str | Path | None, trials: int, say: Callable[[str], None]
) -> Sweep:
    """Run trials until there are as many as asked for; see `ganzoo.sweep`."""
    with folder_of(plan, out) as folder, _quiet():
        for note in plan.notes:
            say(f"note: {note}")
        study = _open(plan, folder)
        try:
            while (trial := _next(study, plan, trials)) is not None:
                try:
                    _carry_out_one(study, trial, plan, folder)
                except InterruptedRunError as error:
                    raise InterruptedRunError(
                        f"stopped in trial {trial.number} of {trials}, which was saved; resume "
                        f"with the same command and --out {shown_path(folder)}"
                    ) from error
                say(trial_line(_trial(_frozen(trial), plan.space, folder), plan.metric))
        finally:
            sweep = _result(study, plan, folder)
            write_report(sweep, plan.space)
    return sweep


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from telling of trials, of which we do."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _open(plan: SweepPlan, folder: Path) -> optuna.Study:
    lower = LOWER_IS_BETTER.get(plan.metric, False)
    try:
        return optuna.create_study(
            study_name="sweep",
            storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
            direction="minimize" if lower else "maximize",
            # The first score of a run says too little to stop it.
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=plan.base.evaluation.every + 1),
            load_if_exists=True,
        )
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise RunError(
            f"{folder / JOURNAL} is damaged ({brief(repr(error))}); give a new folder for the sweep"
        ) from error


def _next(study: optuna.Study, plan: SweepPlan, trials: int) -> optuna.Trial | None:
    """Return the trial to go on with or to begin; None where there are enough."""
    known = study.get_trials(deepcopy=False)
    for trial in known:
        if trial.state == TrialState.RUNNING:
            return optuna.Trial(study, trial._trial_id)
    if len(known) >= trials:
        return None
    # A sampler for each trial, so that proposals after resuming are as without.
    seed = seed_for(plan.seed, "sweep", len(known)) % 2**32
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    return study.ask({key: optuna_distribution(item) for key, item in plan.space.items()})


def optuna_distribution(dimension: Dimension) -> BaseDistribution:
    """Return what Optuna draws from."""
    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.labels)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high))
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _carry_out_one(study: optuna.Study, trial: optuna.Trial, plan: SweepPlan, folder: Path) -> None:
    """Train a trial's run and tell the study what became of it."""
    found = _trial(_frozen(trial), plan.space, folder)
    try:
        value = _train(trial, found, plan)
    except PrunedError:
        study.tell(trial, state=TrialState.PRUNED)
    except (TrainingError, RequestError) as error:
        trial.set_user_attr(MESSAGE, str(error))
        study.tell(trial, state=TrialState.FAIL)
        if isinstance(error, RequestError):
            raise  # the sweep itself asks for what cannot be
    else:
        study.tell(trial, value)


def _train(trial: optuna.Trial, found: Trial, plan: SweepPlan) -> float:
    """Begin a trial's run, or go on with it, and return its last score."""
    watching = [Reporter(trial, plan.metric)]
    resolution = plan.resolve(found.values)
    steps = resolution.config.training.steps
    try:
        if (found.path / RUN_CONFIG).is_file():
            trainer = Trainer.resume(found.path, observers=watching)
        else:
            trainer = Trainer(resolution, found.path, observers=watching)
    except RunError:
        if steps not in found.scores:
            raise
        return found.scores[steps]  # its run ended just before the sweep was stopped
    # A sweep tells of a trial in one line.
    trainer.observers = [item for item in trainer.observers if not isinstance(item, Progress)]
    trainer.fit()
    return _frozen(trial).intermediate_values[steps]


def _frozen(trial: optuna.Trial) -> FrozenTrial:
    """A trial as the study keeps it."""
    return trial.study.get_trials(deepcopy=False)[trial.number]


def _trial(frozen: FrozenTrial, space: Space, folder: Path) -> Trial:
    return Trial(
        number=frozen.number,
        path=folder / TRIALS / f"{frozen.number:03}",
        state=STATES[frozen.state],
        values={key: _value(item, frozen.params[key]) for key, item in space.items()},
        scores=dict(sorted(frozen.intermediate_values.items())),
        message=frozen.user_attrs.get(MESSAGE, ""),
    )


def _value(dimension: Dimension, drawn: Any) -> Any:
    if isinstance(dimension, Choice):
        return dimension.values[dimension.labels.index(drawn)]
    return drawn


def _result(study: optuna.Study, plan: SweepPlan, folder: Path) -> Sweep:
    trials = tuple(_trial(item, plan.space, folder) for item in study.get_trials(deepcopy=False))
    complete = sum(trial.state == "complete" for trial in trials)
    importances: dict[str, float] = {}
    if complete >= LEAST_COMPLETE:
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
        importances = {key: float(share) for key, share in shares.items()}
    lower = LOWER_IS_BETTER.get(plan.metric, False)
    return Sweep(folder, plan.metric, lower, trials, importances)
