"""What augmentation costs in a step of training.

Trainers of the same config, each with another augmentation, take turns, chunk by chunk, in one
process. What counts is the ratio to the one without, chunk by chunk, and its median. On a CPU
``ada`` costs more the higher its p is, as only images that are moved are resampled; here p is 0.5.
Run alone on the machine: ``python -m benchmarks.augmenting [grey|colour ...]``.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from ganzoo.training.trainer import Trainer

CONFIGS: dict[str, dict[str, Any]] = {
    "grey": {"architecture": {"name": "dcgan", "sample_shape": [1, 32, 32]}},
    "colour": {"architecture": {"name": "dcgan", "sample_shape": [3, 64, 64]}},
}
AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "none": {"name": "none"},
    "diffaugment": {"name": "diffaugment"},
    "ada": {"name": "ada", "p": 0.5},
}


def main() -> None:
    """Run the comparisons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *CONFIGS], default=[])
    parser.add_argument("--rounds", type=int, default=7, help="chunks of each that count")
    parser.add_argument("--steps", type=int, default=10, help="steps of a chunk")
    arguments = parser.parse_args()
    print("| config | augmentation | steps per second | time over time without | range |")
    print("| --- | --- | --- | --- | --- |")
    for name in arguments.names or CONFIGS:
        for other, (speed, ratios) in compare(
            CONFIGS[name], arguments.rounds, arguments.steps
        ).items():
            low, high, middle = min(ratios), max(ratios), statistics.median(ratios)
            line = f"{name} | {other} | {speed:.2f} | {middle:.3f} | {low:.2f} to {high:.2f}"
            print(f"| {line} |", flush=True)


def compare(
    config: dict[str, Any], rounds: int, steps: int
) -> dict[str, tuple[float, list[float]]]:
    """Return for each augmentation the steps per second, and the ratios of time."""
    quiet = {"training": {"steps": 10**6}, "health": {"every": 0}}
    with tempfile.TemporaryDirectory() as folder:
        trainers = {
            name: Trainer({**config, **quiet, "augmentation": values}, Path(folder) / name)
            for name, values in AUGMENTATIONS.items()
        }
        for trainer in trainers.values():
            chunk(trainer, steps)  # warm-up
        times = [
            {name: chunk(trainer, steps) for name, trainer in trainers.items()}
            for _ in range(rounds)
        ]
    return {
        name: (
            steps / statistics.median(turn[name] for turn in times),
            [turn[name] / turn["none"] for turn in times],
        )
        for name in AUGMENTATIONS
    }


def chunk(trainer: Trainer, steps: int) -> float:
    """Train some steps and read their figures, and return the seconds that it took."""
    begun = time.perf_counter()
    for _ in range(steps):
        trainer.train_step()
    trainer.figures()
    if trainer.hardware.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
