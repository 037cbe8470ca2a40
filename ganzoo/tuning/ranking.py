"""A sweep as a table and as an image."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ganzoo.aside import aside, write_text
from ganzoo.tuning.results import Sweep, Trial
from ganzoo.tuning.space import Choice, Range, Space, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REPORT = "report.md"
IMAGE = "sweep.png"
COLUMNS = 3
"""Panels of the image that stand side by side."""


def write_report(sweep: Sweep, space: Space) -> None:
    """Write ``report.md`` and ``sweep.png`` into the folder of a sweep."""
    write_text(sweep.path / REPORT, ranking(sweep))
    with aside(sweep.path / IMAGE) as file:
        draw(sweep, space).savefig(file, dpi=120)


def trial_line(trial: Trial, metric: str) -> str:
    """Tell a trial in one line."""
    score = "no score" if trial.score is None else f"{metric} {trial.score:.4g}"
    values = "  ".join(f"{key}={short(value)}" for key, value in trial.values.items())
    message = f"  ({trial.message})" if trial.message else ""
    return f"trial {trial.number}: {trial.state} at step {trial.steps}, {score}  {values}{message}"


def short(value: Any) -> str:
    """Write a value with few digits."""
    return f"{value:.3g}" if isinstance(value, float) else label(value)


def ranking(sweep: Sweep) -> str:
    """Rank the trials, best first, and say how much each field moved the score; Markdown."""
    keys = list(sweep.trials[0].values) if sweep.trials else []
    rows = [
        [
            str(trial.number),
            "" if trial.score is None else f"{trial.score:.4g}",
            str(trial.steps),
            trial.state,
            *(short(trial.values[key]) for key in keys),
        ]
        for trial in sweep.ranking
    ]
    better = "less" if sweep.lower else "more"
    parts = [
        f"# Sweep of {len(sweep.trials)} trials by {sweep.metric} ({better} is better)",
        _table(["trial", sweep.metric, "steps", "state", *keys], rows),
        *(f"Trial {t.number} failed: {t.message}" for t in sweep.trials if t.message),
    ]
    complete = len(sweep.complete)
    if sweep.importances:
        shares = [[key, f"{share:.2f}"] for key, share in sweep.importances.items()]
        parts += [
            "How much of the difference in scores each field explains, by fANOVA over "
            f"{complete} complete trials. Few trials prove little, and fields that act together "
            "cannot be separated:",
            _table(["field", "share"], shares),
        ]
    else:
        parts.append(f"{complete} complete trials are too few to say how much each field matters.")
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]

    def line(cells: Iterable[str]) -> str:
        padded = (f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    return "\n".join(map(line, lines))


def draw(sweep: Sweep, space: Space) -> Figure:
    """Draw the scores by trial and over each field, and the importances where there are some."""
    panels = 1 + len(space) + bool(sweep.importances)
    columns, rows = min(panels, COLUMNS), math.ceil(panels / COLUMNS)
    figure = Figure(figsize=(4.2 * columns, 3.4 * rows), layout="constrained")
    axes = [figure.add_subplot(rows, columns, index + 1) for index in range(panels)]
    scored = [trial for trial in sweep.trials if trial.score is not None]
    _history(axes[0], sweep)
    for panel, (key, dimension) in zip(axes[1:], space.items(), strict=False):
        _scatter(panel, [_position(dimension, trial.values[key]) for trial in scored], scored)
        panel.set(xlabel=key, ylabel=sweep.metric)
        if isinstance(dimension, Range):
            panel.set_xscale("log" if dimension.log else "linear")
            panel.tick_params(axis="x", which="both", rotation=30)  # as numbers are long
        else:
            panel.set_xticks(range(len(dimension.values)), dimension.labels)
            panel.set_xlim(-0.5, len(dimension.values) - 0.5)
    if sweep.importances:
        names = list(sweep.importances)[::-1]
        axes[-1].barh(names, [sweep.importances[name] for name in names], color="tab:blue")
        axes[-1].set(xlabel="share (fANOVA)")
    return figure


def _position(dimension: Range | Choice, value: Any) -> float:
    return dimension.values.index(value) if isinstance(dimension, Choice) else value


def _history(panel: Axes, sweep: Sweep) -> None:
    scored = [trial for trial in sweep.trials if trial.score is not None]
    _scatter(panel, [trial.number for trial in scored], scored)
    complete = sweep.complete
    best = accumulate(
        (t.score for t in complete if t.score is not None), min if sweep.lower else max
    )
    panel.step([t.number for t in complete], list(best), where="post", label="best so far")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set(xlabel="trial", ylabel=sweep.metric)
    panel.legend()


def _scatter(panel: Axes, positions: list[float], trials: list[Trial]) -> None:
    """Trials that ended as filled points, others, whose last score is an early one, as rings."""
    for state, label_, face in (("complete", "complete", "tab:blue"), ("", "not complete", "none")):
        chosen = [
            (x, trial.score)
            for x, trial in zip(positions, trials, strict=True)
            if (trial.state == "complete") == bool(state)
        ]
        if chosen:
            panel.scatter(
                *zip(*chosen, strict=True), facecolors=face, edgecolors="tab:blue", label=label_
            )
