"""Does the jobs of a file in each of several processes; tests start it through torchrun.

A job is a mapping: ``out`` is a run folder; ``config`` begins a run there, ``resume`` goes on with
it and overrides what it holds.
"""

import json
import sys
from pathlib import Path

from ganzoo import distribution
from ganzoo.training.trainer import Trainer


def do(jobs: list[dict]) -> None:
    for job in jobs:
        if "resume" in job:
            trainer = Trainer.resume(job["out"], overrides=job["resume"])
        else:
            trainer = Trainer(job["config"], job["out"])
        trainer.fit()


def threads() -> set[str]:
    """Return the names of this process's threads."""
    return {(path / "comm").read_text().strip() for path in Path("/proc/self/task").iterdir()}


if __name__ == "__main__":
    do(json.loads(Path(sys.argv[1]).read_text()))
    assert any("gloo" in name for name in threads())
    distribution._leave()
    # One that is left aborts the interpreter's end, sometimes.
    assert not any("gloo" in name for name in threads())
