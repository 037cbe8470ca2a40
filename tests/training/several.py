"""Does the jobs of a file in each of several processes; tests start it through torchrun.

A job is a mapping: ``out`` is a run folder; ``config`` begins a run there, ``resume`` goes on with
it and overrides what it holds.
"""

import json
import sys
from pathlib import Path

from ganzoo.training.trainer import Trainer


def do(jobs: list[dict]) -> None:
    for job in jobs:
        if "resume" in job:
            trainer = Trainer.resume(job["out"], overrides=job["resume"])
        else:
            trainer = Trainer(job["config"], job["out"])
        trainer.fit()


if __name__ == "__main__":
    do(json.loads(Path(sys.argv[1]).read_text()))
