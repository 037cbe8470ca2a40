"""Sweeping in one call."""

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ganzoo.config import RunConfig
from ganzoo.errors import RequestError
from ganzoo.tuning.results import Sweep
from ganzoo.tuning.space import Dimension, parse_space

PACKAGES = {"optuna": "optuna", "matplotlib": "matplotlib", "sklearn": "scikit-learn"}
TRIALS = 20


def sweep(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    over: Mapping[str, str | Dimension] | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    trials: int = TRIALS,
    out: str | Path | None = None,
    metric: str | None = None,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> Sweep:
    """Train with many values of some fields, and tell which gave the best score.

    Values are proposed by the tree-structured Parzen estimator (Bergstra et al. 2011), the first
    ten at random; a trial whose score is worse than the median of those before it at the same step
    is stopped early. The folder holds the trials as ordinary runs in ``trials/``, ``report.md`` and
    ``sweep.png``. The same call on a folder that exists goes on until there are `trials` of them.

    Args:
        config: As that of `ganzoo.train`: what is the same in all trials.
        over: The values to try by dotted key, as
            ``{"optimizers.generator.lr": "1e-5..1e-2", "loss.name": "hinge,non-saturating"}``.
        overrides: Values by dotted key, laid over the config.
        trials: How many there are in the end, whatever became of them.
        out: The folder; one under ``runs/`` where left out.
        metric: What is optimised; ``evaluation.best``, or the first of ``evaluation.metrics``,
            where left out.
        seed: Of the proposals. One after another, trial for trial, they depend on it and on the
            scores before them alone, so that a sweep that was stopped goes on as it would have.
        say: Called with a sentence on what was decided, and with a line for each trial.

    Returns:
        What was found.

    Raises:
        RequestError: A key, a value, the config or the folder will not do, or a package is missing.
        ganzoo.training.trainer.InterruptedRunError: SIGINT or SIGTERM came; the running trial was
            saved, and the same call goes on with it.
    """
    space = parse_space(over or {})
    for module, package in PACKAGES.items():
        if find_spec(module) is None:
            raise RequestError(
                f"a sweep needs the package {package}, which is not installed; install {package}"
            )
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise RequestError("a sweep trains in one process; start it without torchrun")
    if trials < 1:
        raise RequestError(f"trials is {trials}; it must be at least 1")
    from ganzoo.tuning.plan import make_plan

    plan = make_plan(config, dict(overrides or {}), space, metric, seed)

    from ganzoo.tuning.study import carry_out

    return carry_out(plan, out, trials, say or (lambda text: None))
