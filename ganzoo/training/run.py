"""A run on disk."""

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from ganzoo.config import RunConfig
from ganzoo.errors import RunError
from ganzoo.resolve import resolve
from ganzoo.weights.places import RUN_CONFIG, RUN_WEIGHTS

LOG_FILE = "log.jsonl"
SAMPLES = "samples"
CHECKPOINTS = "checkpoints"
PROGRESS_GIF = "progress.gif"


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
            RunError: The folder is no run.
        """
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise RunError(f"there is no run folder {path}")
        if not (folder / RUN_CONFIG).is_file():
            raise RunError(f"{path} is no run folder: it holds no {RUN_CONFIG}")
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
    def log(self) -> list[dict[str, Any]]:
        """The rows of ``log.jsonl``."""
        file = self.path / LOG_FILE
        if not file.is_file():
            return []
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

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
        source = Path(config.data.source).name or "data"
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
