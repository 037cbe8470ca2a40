"""A run on disk."""

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, cast

from ganzoo.config import RunConfig
from ganzoo.errors import RunError, WeightsError
from ganzoo.evaluation.records import Score
from ganzoo.health.findings import Finding
from ganzoo.resolve import resolve
from ganzoo.resolve.paths import short_name
from ganzoo.weights.info import CONFIG_FILE
from ganzoo.weights.places import RUN_CONFIG, RUN_WEIGHTS
from ganzoo.weights.store import check_inside

LOG_FILE = "log.jsonl"
SAMPLES = "samples"
CHECKPOINTS = "checkpoints"
PROGRESS_GIF = "progress.gif"
BEST = "best"
BASE_FILE = "base.json"

SCORES, FINDING = "scores", "finding"
"""What tells lines of the log that hold scores, or a finding, from rows of figures."""


@dataclass(frozen=True)
class Run:
    """The folder of a run.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    def open(cls, path: "Run | str | Path") -> "Run":
        """Open a run that exists.

        Raises:
            RunError: The folder is no run, or what is told of it is a link that leads out.
        """
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise RunError(f"there is no run folder {path}")
        if not (folder / RUN_CONFIG).is_file():
            raise RunError(f"{path} is no run folder: it holds no {RUN_CONFIG}")
        try:
            check_inside(folder, RUN_CONFIG, LOG_FILE, BASE_FILE)
        except WeightsError as error:
            raise RunError(str(error)) from None
        return cls(folder)

    @cached_property
    def config(self) -> RunConfig:
        """The resolved config."""
        return resolve(self.path / RUN_CONFIG).config

    @property
    def weights(self) -> str:
        """A reference to the weights, for `ganzoo.load_generator` and the like."""
        return str((self.path / RUN_WEIGHTS).absolute())

    @property
    def exported(self) -> int | None:
        """The step of which the weights are; None where there are none yet."""
        file = self.path / RUN_WEIGHTS / CONFIG_FILE
        if not file.is_file():
            return None
        return cast(int, json.loads(file.read_text(encoding="utf-8"))["training"]["steps"])

    @property
    def best(self) -> str | None:
        """A reference to the weights of the best score; None where none are kept."""
        folder = self.path / BEST
        return str(folder.absolute()) if (folder / CONFIG_FILE).is_file() else None

    @property
    def best_score(self) -> tuple[int, Score] | None:
        """The step and the score for which the best weights are kept; None where none are."""
        if self.best is None:
            return None
        values = json.loads(Path(self.best, CONFIG_FILE).read_text(encoding="utf-8"))
        scores = map(Score.model_validate, values["scores"])
        metric = self.config.evaluation.best_metric
        found = next((score for score in scores if score.protocol.metric == metric), None)
        return None if found is None else (values["training"]["steps"], found)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The rows of figures in ``log.jsonl``, oldest first."""
        return [line for line in self._lines() if SCORES not in line and FINDING not in line]

    @property
    def scores(self) -> list[tuple[int, list[Score]]]:
        """The scores that were taken during training, with their steps, oldest first."""
        return [(line["step"], line[SCORES]) for line in self._lines() if SCORES in line]

    def scores_at(self, step: int) -> list[Score]:
        """The scores that were taken at a step; none where it was not scored."""
        return [score for when, scores in self.scores if when == step for score in scores]

    @property
    def findings(self) -> list[Finding]:
        """What was found to go wrong during training, oldest first."""
        return [line[FINDING] for line in self._lines() if FINDING in line]

    @property
    def base(self) -> dict[str, Any] | None:
        """What a fine-tuning run took over, tensor by tensor; None where that is not told."""
        file = self.path / BASE_FILE
        if not file.is_file():
            return None
        return cast(dict[str, Any], json.loads(file.read_text(encoding="utf-8")))

    def _lines(self) -> list[dict[str, Any]]:
        file = self.path / LOG_FILE
        if not file.is_file():
            return []
        lines = file.read_bytes().splitlines(keepends=True)
        # The last one may be half-written, as the run may be going on.
        whole = [line for line in lines if line.endswith(b"\n")]
        return [self._parsed(number, line) for number, line in enumerate(whole, 1)]

    def _parsed(self, number: int, line: bytes) -> dict[str, Any]:
        """Read a line of the log.

        Raises:
            RunError: It is none that ganzoo writes.
        """
        try:
            values = json.loads(line)
            figures = values.keys().isdisjoint((SCORES, FINDING))
            numbers = {"step": values["step"], **(values if figures else {})}
            if not all(isinstance(number, int | float) for number in numbers.values()):
                raise TypeError
            if SCORES in values:
                values[SCORES] = [Score.model_validate(score) for score in values[SCORES]]
            if FINDING in values:
                values[FINDING] = Finding.model_validate(values[FINDING])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise RunError(
                f"line {number} of {self.path / LOG_FILE} is damaged; remove the line to read "
                "the others"
            ) from error
        return cast(dict[str, Any], values)

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / CHECKPOINTS

    @property
    def samples(self) -> Path:
        """The folder of sample grids."""
        return self.path / SAMPLES

    def __fspath__(self) -> str:
        """Let a run stand where a path or a reference may."""
        return str(self.path.absolute())


def new_folder(config: RunConfig, out: str | Path | None) -> Path:
    """Find the folder of a new run.

    Raises:
        RunError: It holds something already.
    """
    if out is None:
        source = short_name(config.data.source) or "data"
        stem = Path("runs") / f"{config.architecture.name}-{source}".replace(":", "-")
        candidates = (stem if n == 1 else stem.with_name(f"{stem.name}-{n}") for n in count(1))
        return next(path for path in candidates if not path.exists())
    folder = Path(out).expanduser()
    if folder.is_file():
        raise RunError(f"{out} is a file; give a folder for the run")
    if (folder / RUN_CONFIG).exists():
        raise RunError(f"{out} holds a run already; go on with it by: ganzoo resume {out}")
    if folder.is_dir() and any(folder.iterdir()):
        raise RunError(f"{out} is not empty; give a new folder for the run")
    return folder
