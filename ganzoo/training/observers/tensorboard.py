"""TensorBoard events, with the ``tensorboard`` extra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganzoo.errors import ConfigError
from ganzoo.health.rows import Row
from ganzoo.training.observers.observer import Observer

if TYPE_CHECKING:
    from ganzoo.evaluation.records import Score
    from ganzoo.health.findings import Finding
    from ganzoo.training.trainer import Trainer


class TensorBoard(Observer):
    """Writes every row, and every score, as scalars into ``tensorboard/``."""

    def __init__(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ConfigError(
                "logging.tensorboard: TensorBoard is not installed; install the package "
                "tensorboard, or set it to false"
            ) from error
        self._make = SummaryWriter

    def start(self, trainer: Trainer) -> None:
        """Open the events; those of steps that will be done again are dropped."""
        self._writer = self._make(str(trainer.run.path / "tensorboard"), purge_step=trainer.step)

    def log(self, trainer: Trainer, row: Row) -> None:
        """Write a row."""
        for name, value in row.items():
            if name not in ("step", "samples"):
                self._writer.add_scalar(name, value, row["step"])

    def scored(self, trainer: Trainer, scores: Sequence[Score]) -> None:
        """Write scores."""
        for score in scores:
            name = f"score/{score.protocol.metric}"
            self._writer.add_scalar(name, score.value, trainer.step)

    def found(self, trainer: Trainer, finding: Finding) -> None:
        """Write a finding as text."""
        text = f"{finding.severity}: {finding.evidence}; try: {finding.advice}"
        self._writer.add_text(f"finding/{finding.monitor}", text, finding.step)

    def finish(self, trainer: Trainer, completed: bool) -> None:
        """Close the events."""
        self._writer.close()
