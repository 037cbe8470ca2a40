"""The log of a run, one JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ganzoo.training.observers.base import Observer, Row
from ganzoo.training.run import LOG_FILE

if TYPE_CHECKING:
    from ganzoo.training.trainer import Trainer


class JsonLog(Observer):
    """Appends rows to ``log.jsonl``; rows after the checkpoint that a run goes on from are cut."""

    def start(self, trainer: Trainer) -> None:
        """Drop rows of steps that will be done again, a half-written one included."""
        self._path = trainer.run.path / LOG_FILE
        kept = []
        if self._path.is_file():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    row = json.loads(line)
                except ValueError:
                    break
                if row["step"] <= trainer.step:
                    kept.append(line + "\n")
        self._path.write_text("".join(kept), encoding="utf-8")

    def log(self, trainer: Trainer, row: Row) -> None:
        """Append a row."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
