"""The log of a run, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganzoo.aside import write_text
from ganzoo.health.rows import Row
from ganzoo.training.observers.observer import Observer
from ganzoo.training.run import FINDING, LOG_FILE, SCORES

if TYPE_CHECKING:
    from ganzoo.evaluation.records import Score
    from ganzoo.health.findings import Finding
    from ganzoo.training.trainer import Trainer


class JsonLog(Observer):
    """Appends rows to ``log.jsonl``; rows after the checkpoint that a run goes on from are cut."""

    def start(self, trainer: Trainer) -> None:
        """Drop rows of steps that will be done again, a half-written one included."""
        self._path = trainer.run.path / LOG_FILE
        write_text(self._path, trainer.run.log_until(trainer.step))

    def log(self, trainer: Trainer, row: Row) -> None:
        """Append a row."""
        self._append(row)

    def scored(self, trainer: Trainer, scores: Sequence[Score]) -> None:
        """Append the scores of a step."""
        records = [score.model_dump(mode="json") for score in scores]
        self._append({"step": trainer.step, SCORES: records})

    def found(self, trainer: Trainer, finding: Finding) -> None:
        """Append a finding."""
        self._append({"step": trainer.step, FINDING: finding.model_dump(mode="json")})

    def _append(self, row: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
