"""What a person sees of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ganzoo.data.progress import SECONDS_BETWEEN_LINES, say
from ganzoo.health.rows import FAKE, REAL, Row, with_outputs
from ganzoo.resolve.paths import shown_path
from ganzoo.training.observers.observer import Observer

if TYPE_CHECKING:
    from ganzoo.evaluation.records import Score
    from ganzoo.health.findings import Finding
    from ganzoo.training.trainer import Trainer

BAR = 8
"""Characters of the bar, so that 80 columns have room for the losses, D(real) and D(fake)."""

PROBABILITIES, LOGITS = ("D(real)", "D(fake)"), ("logit real", "fake")
"""Names of the discriminator's mean outputs on reals and fakes, by what the loss makes of them."""


class Progress(Observer):
    """Shows steps, speed, both losses, D(real), D(fake) and the time left, on standard error."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self._bar: Bar | None = None
        self._last_line = 0.0
        self._row: Row | None = None
        self._speed = 0.0

    def start(self, trainer: Trainer) -> None:
        """Say what is about to happen, and show the bar."""
        hardware, steps = trainer.hardware, trainer.config.training.steps
        for note in trainer.notes:
            self._say(f"note: {note}")
        self._say(
            f"training {trainer.config.architecture.name} on {trainer.config.data.source} to step "
            f"{steps}, on {hardware.device} in {hardware.precision} ({hardware.reason}); "
            f"run folder {shown_path(trainer.run.path)}"
        )
        games = trainer.objective.games
        unsure = games and not games[0].loss.probabilities
        self._outputs = LOGITS if unsure else PROBABILITIES
        if self.console.is_terminal:
            self._bar = Bar(
                MofNCompleteColumn(),
                BarColumn(bar_width=BAR),
                TimeRemainingColumn(compact=True),
                TextColumn("{task.fields[figures]}"),
                console=self.console,
            )
            self._task = self._bar.add_task("", total=steps, completed=trainer.step, figures="")
            self._bar.start()
        self._last_line = time.monotonic()

    def step(self, trainer: Trainer) -> None:
        """Move the bar, or write a line if the last one is some seconds old."""
        now, steps = time.monotonic(), trainer.config.training.steps
        if self._bar is not None:
            self._bar.update(self._task, completed=trainer.step)
        elif now - self._last_line >= SECONDS_BETWEEN_LINES or trainer.step == steps:
            self._last_line = now
            line = f"step {trainer.step}/{steps}"
            if self._row is not None:
                line += f"  {row_text(self._row, self._outputs)}"
                self._row = None  # what was said once would be of older steps the next time
            if self._speed:
                line += f"  {_clock((steps - trainer.step) / self._speed)} left"
            self._say(line)

    def log(self, trainer: Trainer, row: Row) -> None:
        """Take the latest figures."""
        self._row, self._speed = row, row["steps_per_second"]
        if self._bar is not None:
            # Before them stand both numbers of steps, a slash, the bar, h:mm:ss and three gaps.
            room = self.console.width - 2 * len(str(trainer.config.training.steps)) - BAR - 11
            self._bar.update(self._task, figures=row_text(row, self._outputs, room))

    def scored(self, trainer: Trainer, scores: Sequence[Score]) -> None:
        """Show the scores, and the best one so far."""
        step, steps = trainer.step, trainer.config.training.steps
        best = trainer.run.best_by(trainer.config.evaluation.best_metric)
        self._say(f"step {step}/{steps}  {score_text(scores, best)}")

    def found(self, trainer: Trainer, finding: Finding) -> None:
        """Show a finding, and what to try."""
        self._say(
            f"step {finding.step}/{trainer.config.training.steps}  {finding.monitor} "
            f"({finding.severity}): {finding.evidence}; try: {finding.advice}"
        )

    def finish(self, trainer: Trainer, completed: bool) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.stop()

    def _say(self, text: str) -> None:
        # Where the terminal has gone, the run is still to be saved.
        with contextlib.suppress(OSError):
            say(text, self.console)


def score_text(scores: Sequence[Score], best: tuple[int, Score] | None) -> str:
    """Format scores for one line, with the step and the value of the best one so far."""
    texts = []
    for score in scores:
        text = f"{score.name} {score.value:.4g}"
        if best is not None and best[1].name == score.name:
            text += f" (best {best[1].value:.4g} at {best[0]})"
        texts.append(text)
    return "  ".join(texts)


def row_text(row: Row, outputs: tuple[str, str], room: int | None = None) -> str:
    """Format a row for one line.

    Args:
        row: What was logged.
        outputs: Names of the discriminator's outputs on reals and fakes.
        room: How many characters there is room for; what does not fit is left out from the end.
    """
    names = {
        "loss/discriminator": "loss D",
        "loss/generator": "G",
        REAL: outputs[0],
        FAKE: outputs[1],
    }
    row = with_outputs(row)
    parts = [f"{label} {row[name]:.3f}" for name, label in names.items() if name in row]
    parts.append(f"{row['steps_per_second']:.1f} steps/s")
    text = ""
    for part in parts:
        longer = f"{text}  {part}" if text else part
        if room is not None and len(longer) > room:
            break
        text = longer
    return text


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
