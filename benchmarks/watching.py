"""What looking at a run's health costs.

Two trainers of the same config take turns, chunk by chunk, in one process: one that looks as often
as it does by default, and one that does not. What counts is the ratio chunk by chunk, and its
median. Run alone on the machine: ``python -m benchmarks.watching [points|digits|dcgan ...]``.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from ganzoo.training.trainer import Trainer

CONFIGS: dict[str, dict[str, Any]] = {
    "points": {
        "architecture": {
            "name": "vanilla",
            "generator_widths": [128, 128, 128],
            "discriminator_widths": [128, 128, 128],
        },
        "data": {"source": "ring8", "holdout": 512},
    },
    "digits": {"architecture": "vanilla", "data": {"source": "mnist5k", "holdout": 512}},
    "dcgan": {"architecture": "dcgan", "data": {"source": "mnist5k", "holdout": 512}},
}
EVERY = 250
"""Steps between looks, and steps of a chunk, so that each has one look."""


def main() -> None:
    """Run the comparisons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *CONFIGS], default=[])
    parser.add_argument("--rounds", type=int, default=7, help="chunks of each that count")
    arguments = parser.parse_args()
    print("| config | steps per second | time with looks over time without | range |")
    print("| --- | --- | --- | --- |")
    for name in arguments.names or CONFIGS:
        ratios, speed = compare(CONFIGS[name], arguments.rounds)
        low, high = min(ratios), max(ratios)
        middle = statistics.median(ratios)
        print(f"| {name} | {speed:.1f} | {middle:.4f} | {low:.3f} to {high:.3f} |", flush=True)


def compare(config: dict[str, Any], rounds: int) -> tuple[list[float], float]:
    """Return the ratios of time, and the steps per second without looks."""
    training = {"checkpoint_every": 0, "sample_every": 0, "steps": 10**6}
    config = {**config, "training": training}
    with tempfile.TemporaryDirectory() as folder:
        trainers = [
            Trainer({**config, "health": {"every": every}}, Path(folder) / str(every))
            for every in (EVERY, 0)
        ]
        for trainer in trainers:
            chunk(trainer)  # warm-up
        times = [[chunk(trainer) for trainer in trainers] for _ in range(rounds)]
    ratios = [watched / alone for watched, alone in times]
    return ratios, EVERY / statistics.median(alone for _, alone in times)


def chunk(trainer: Trainer) -> float:
    """Train for one look, with the rows of the log, and return the seconds that it took."""
    begun = time.perf_counter()
    row = trainer.config.logging.every
    for step in range(1, EVERY + 1):
        trainer.train_step()
        if step % row == 0:
            trainer._row(1.0)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
