"""Images per second of several processes beside those of one, with equal batches for each.

Every process has one thread, and the DCGAN at 64x64 trains as in `benchmarks.training`. One process
and several are started in turn, so that a drift of the machine's speed meets both; what counts is
the ratio of each pair, and its median.

Run alone on the machine: ``python -m benchmarks.scaling [--processes N] [--rounds N]``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ganzoo.training.trainer import Trainer

BATCH = 64
"""Real images of each process in a step."""

WARM_UP, STEPS = 2, 8


def main() -> None:
    """Start one process and several in turn, and print their speeds and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    alone, shared = [], []
    for _ in range(arguments.rounds):
        alone.append(speed_of(1))
        shared.append(speed_of(arguments.processes))
    ratios = [many / one for many, one in zip(shared, alone, strict=True)]
    print(f"dcgan 64x64, {BATCH} images and one thread for each process, {STEPS} steps")
    print(f"  1 process   {statistics.median(alone):7.0f} images/s")
    print(f"  {arguments.processes} processes {statistics.median(shared):7.0f} images/s")
    print(
        f"  median of {arguments.rounds} pairs: {statistics.median(ratios):.2f}x "
        f"({min(ratios):.2f} to {max(ratios):.2f}; goal {0.8 * arguments.processes:.1f}x)"
    )


def speed_of(processes: int) -> float:
    """Train in fresh processes, and return the images per second of all together."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *launcher, "-m", "benchmarks.scaling"]
    done = subprocess.run(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout))


def train() -> None:
    """Train in one of the processes; the first one prints the speed of all."""
    with tempfile.TemporaryDirectory() as folder:
        world = int(os.environ["WORLD_SIZE"])
        config = {
            "architecture": {"name": "dcgan", "num_classes": 0},
            "data": {"source": "mnist5k", "image_size": 64},
            "training": {"batch_size": BATCH * world},
        }
        trainer = Trainer(config, Path(folder) / "run")
        for _ in range(WARM_UP):
            trainer.train_step()
        trainer.figures()
        begun = time.perf_counter()
        for _ in range(STEPS):
            trainer.train_step()
        trainer.figures()
        if trainer.processes.first:
            print(BATCH * world * STEPS / (time.perf_counter() - begun))


if __name__ == "__main__":
    train() if "WORLD_SIZE" in os.environ else main()
