"""How far a run on disk is."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ganzoo.resolve.paths import shown_path
from ganzoo.training import checkpoints
from ganzoo.training.run import LOG_FILE, Run

RunState = Literal["finished", "running", "interrupted", "stopped", "empty"]

PATIENCE = 60.0
"""Seconds without a row of the log after which no run is taken to be going on, however fast."""


@dataclass(frozen=True)
class Status:
    """What a run's folder shows of how it stands.

    Attributes:
        step: Steps that it is known to have done.
        state: ``finished``; ``interrupted`` by a signal, and saved; ``empty`` before the first row
            of the log; ``running`` where there was a row lately, and else ``stopped``.
        note: That in words.
    """

    step: int
    state: RunState
    note: str


def status_of(run: Run, rows: Sequence[Mapping[str, float]]) -> Status:
    """Tell how a run stands, from its rows, its checkpoints and the clock.

    Args:
        run: The run.
        rows: Of its log, oldest first.
    """
    config = run.outline
    training = config.training
    go_on = f"resume with: ganzoo resume {shown_path(run.path)}"
    saved = [int(path.name.removeprefix("step-")) for path in checkpoints.every(run.checkpoints)]
    kept, logged = max(saved, default=0), int(rows[-1]["step"]) if rows else 0
    step = max(kept, logged)
    if kept >= training.steps and run.ended(kept):
        return Status(step, "finished", "finished")
    # At its cadence a checkpoint tells nothing; another one is written when a signal comes.
    at_cadence = bool(training.checkpoint_every) and kept % training.checkpoint_every == 0
    if training.steps > kept >= max(logged, 1) and not at_cadence:
        return Status(step, "interrupted", f"interrupted by a signal, and saved; {go_on}")
    if not rows:
        return Status(step, "empty", "its log holds no figures yet")
    silent = time.time() - (run.path / LOG_FILE).stat().st_mtime
    between = config.logging.every / max(float(rows[-1].get("steps_per_second", 0.0)), 1e-3)
    if silent <= max(PATIENCE, 3 * between):
        return Status(step, "running", f"running (last row {max(silent, 0):.0f} s ago)")
    return Status(step, "stopped", f"stopped before its end, or lost; {go_on}")
