"""Having a run to oneself, from before its first file is written to after the last."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ganzoo import distribution, locks
from ganzoo.config import RunConfig
from ganzoo.distribution import Processes
from ganzoo.errors import RunError
from ganzoo.resolve.paths import short_name
from ganzoo.training.run import Run
from ganzoo.weights.locating import RUN_CONFIG


@contextmanager
def claim(run: Run, processes: Processes) -> Iterator[None]:
    """Keep other commands from writing into a run (RunError); its first process does it for all."""
    with ExitStack() as stack:
        if processes.first:
            stack.enter_context(locks.writing(run.path, "trained"))
        yield


@contextmanager
def new_run(config: RunConfig, out: str | Path | None, processes: Processes) -> Iterator[Run]:
    """Make the folder of a run, and claim it (RunError); it goes again if nothing is written."""
    with ExitStack() as stack:
        if out is None:
            source = short_name(config.data.source) or "data"
            stem = Path("runs") / f"{config.architecture.name}-{source}".replace(":", "-")
            first = processes.first
            number = stack.enter_context(locks.numbered(stem, "trained")) if first else 0
            yield Run(locks.nth(stem, distribution.number_of_first(processes, number)))
            return
        run = Run(Path(out).expanduser())
        if run.path.is_file():
            raise RunError(f"{out} is a file; give a folder for the run")
        stack.enter_context(claim(run, processes))
        if (run.path / RUN_CONFIG).exists() and processes.first:
            raise RunError(f"{out} already holds a run; resume it with: ganzoo resume {out}")
        if processes.first and not locks.is_empty(run.path):
            raise RunError(f"{out} is not empty; give a new folder for the run")
        yield run
