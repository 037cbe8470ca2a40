"""Findings of the monitors, while a run trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.health.findings import Finding
from ganzoo.health.monitors import MONITORS
from ganzoo.health.rows import Row
from ganzoo.training.observers.observer import Observer

if TYPE_CHECKING:
    from ganzoo.training.trainer import Trainer


class Health(Observer):
    """Shows every row to the monitors, and reports what begins to go wrong or gets worse."""

    def start(self, trainer: Trainer) -> None:
        """Show the monitors what was logged before the run went on; that was reported then."""
        self._monitors = [monitor() for monitor in MONITORS.values()]
        self._worst: dict[str, str] = {}
        for row in trainer.history:
            self._see(row)

    def log(self, trainer: Trainer, row: Row) -> None:
        """Report what is new."""
        for finding in self._see(row):
            trainer.report_finding(finding)

    def _see(self, row: Row) -> list[Finding]:
        """Return what is found for the first time, or is worse than ever before."""
        new = []
        for monitor in self._monitors:
            finding = monitor.see(row)
            if finding and self._worst.get(monitor.name) not in ("severe", finding.severity):
                self._worst[monitor.name] = finding.severity
                new.append(finding)
        return new
