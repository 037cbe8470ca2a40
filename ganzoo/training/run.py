"""A run on disk."""

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from ganzoo.config import RunConfig
from ganzoo.errors import RunError, WeightsError, brief
from ganzoo.evaluation.records import Score
from ganzoo.health.findings import Finding
from ganzoo.resolve import resolve
from ganzoo.resolve.outline import Outline, outline
from ganzoo.resolve.paths import shown_path
from ganzoo.terminal import printable
from ganzoo.weights.description import CONFIG_FILE
from ganzoo.weights.locating import RUN_CONFIG, RUN_WEIGHTS
from ganzoo.weights.reading import check_inside

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
    """The folder of a run; a notebook shows its newest sample grid.

    Attributes:
        path: The folder, as an absolute path, so that it stays the same if the working folder
            changes.
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.path.absolute())

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
            raise RunError(f"{path} is not a run folder: it has no {RUN_CONFIG}")
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
    def outline(self) -> Outline:
        """What the config says without plugins and the data, which may be gone."""
        return outline(self.path / RUN_CONFIG)

    @property
    def weights(self) -> str:
        """A reference to the weights, for `ganzoo.load_generator` and the like."""
        return str(self.path / RUN_WEIGHTS)

    @property
    def exported(self) -> int | None:
        """The step of which the weights are; None where there are none yet."""
        file = self.path / RUN_WEIGHTS / CONFIG_FILE
        return _facts_in(file)[0] if file.is_file() else None

    def ended(self, step: int) -> bool:
        """Whether a run of so many steps has written all of its end; the film is the last of it."""
        drawn = any(self.samples.glob("step-*.png"))
        return self.exported == step and (not drawn or (self.path / PROGRESS_GIF).exists())

    @property
    def best(self) -> str | None:
        """A reference to the weights of the best score; None where none are kept."""
        folder = self.path / BEST
        return str(folder) if (folder / CONFIG_FILE).is_file() else None

    @property
    def best_score(self) -> tuple[int, Score] | None:
        """The step and the score for which the best weights are kept; None where none are."""
        if self.best is None:
            return None
        return self.best_by(self.outline.evaluation.best_metric)

    def best_by(self, metric: str) -> tuple[int, Score] | None:
        """Return the same where the best weights are those by this metric."""
        if self.best is None:
            return None
        step, scores = _facts_in(Path(self.best, CONFIG_FILE))
        found = next((score for score in scores if score.protocol.metric == metric), None)
        return None if found is None else (step, found)

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
        return _values_in(file, "start a new run with ganzoo finetune")

    def log_until(self, step: int) -> str:
        """Return the lines of the log up to a step as they are, but for a half-written last one."""
        lines = zip(self._whole_lines(), self._lines(), strict=True)
        return b"".join(line for line, values in lines if values["step"] <= step).decode()

    def _whole_lines(self) -> list[bytes]:
        file = self.path / LOG_FILE
        lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
        # The last one may be half-written, as the run may be going on.
        return [line for line in lines if line.endswith(b"\n")]

    def _lines(self) -> list[dict[str, Any]]:
        return [self._parsed(number, line) for number, line in enumerate(self._whole_lines(), 1)]

    def _parsed(self, number: int, line: bytes) -> dict[str, Any]:
        """Read a line of the log; RunError where it is none that ganzoo writes."""
        try:
            values = json.loads(line)
            figures = values.keys().isdisjoint((SCORES, FINDING))
            if not is_step(values["step"]) or (
                figures and not all(map(_is_figure, values.values()))
            ):
                raise TypeError
            if SCORES in values:
                values[SCORES] = [Score.model_validate(score) for score in values[SCORES]]
            if FINDING in values:
                values[FINDING] = Finding.model_validate(values[FINDING])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise RunError(
                f"line {number} of {shown_path(self.path / LOG_FILE)} is damaged; remove the line "
                "to read the others"
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

    def grid(self, step: int) -> Path:
        """The sample grid of a step, whether it is there or not."""
        return self.samples / f"step-{step:010d}.png"

    def __repr__(self) -> str:
        """Say in one line what it is and how it stands; where it is damaged, the folder alone."""
        from ganzoo.training.status import status_of  # which builds on this module

        parts = [shown_path(self.path)]
        with suppress(Exception):  # as debuggers and tracebacks show it too
            config, status = self.outline, status_of(self, self.log)
            steps = f"{status.step} of {config.training.steps} steps"
            parts += [config.architecture, steps, status.state]
        return printable(f"Run({', '.join(parts)})")

    def _repr_html_(self) -> str:
        from PIL import Image

        from ganzoo.sheet import to_html

        try:
            with Image.open(max(self.samples.glob("step-*.png"))) as grid:
                return to_html(repr(self), grid)
        except (ValueError, OSError, SyntaxError):  # there is none yet, or it is damaged
            return to_html(repr(self), None)

    def __fspath__(self) -> str:
        """Let a run stand where a path or a reference may."""
        return str(self.path)


def run_around(folder: Path) -> Path:
    """Return the run that a weights folder is part of, else the folder itself."""
    around = folder.expanduser().resolve().parent
    known = all((around / name).is_file() for name in (RUN_CONFIG, LOG_FILE))
    return around if known else folder


def _values_in(file: Path, cure: str) -> dict[str, Any]:
    """Read a JSON object that ganzoo wrote; RunError where it is damaged."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it holds no fields")
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{shown_path(file)} is damaged ({brief(error)}); {cure}") from error
    return values


def _facts_in(file: Path) -> tuple[int, list[Score]]:
    """Read of which step the weights in a run are, and their scores; RunError as above."""
    cure = f"remove {shown_path(file.parent)} and resume the run"
    values = _values_in(file, cure)
    try:
        step = values["training"]["steps"]
        if not is_step(step):
            raise TypeError(f"training.steps is {step!r}")
        return step, [Score.model_validate(score) for score in values["scores"]]
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{shown_path(file)} is damaged ({brief(repr(error))}); {cure}") from error


def is_step(value: object) -> bool:
    """Whether a value from a file can be a number of steps."""
    return type(value) is int and 0 <= value < 2**63


def _is_figure(value: object) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < 2**63)
