"""Images per second of the trainer, beside plain re-writings of the loops that people use.

Each comparison runs three loops in turn, chunk by chunk, in one process: the plain loop, ganzoo
with precision ``auto``, and ganzoo in float32; so that a drift of the machine's speed meets all of
them. What counts is the ratio chunk by chunk, and its median. Floating-point operations of a step
are counted, not measured.

Run alone on the machine:
``python -m benchmarks.training [dcgan|mlp|wgan-gp|sngan|biggan|stylegan2 ...] [--rounds N]``.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain import biggan, dcgan, mlp, sngan, stylegan2, wgan_gp
from ganzoo.data.config import Mnist5kConfig
from ganzoo.data.digits import Mnist5k
from ganzoo.training.trainer import Trainer


@dataclass(frozen=True)
class Comparison:
    """One plain loop and the config that does the same with ganzoo.

    Attributes:
        plain: Makes the plain loop from digits and a working folder.
        config: Plain values of the config, but for the precision.
        steps: Generator steps of a chunk.
        goals: Ratios aimed at, with precision ``auto`` and in float32.
    """

    plain: Callable[[np.ndarray, Path], Any]
    config: Callable[[Path], dict[str, Any]]
    steps: int
    goals: tuple[float, float]


COMPARISONS = {
    "dcgan": Comparison(
        dcgan.PlainLoop,
        lambda folder: {
            "architecture": {"name": "dcgan", "num_classes": 0},
            "data": {"source": str(folder), "channels": 3, "image_size": 64},
        },
        steps=8,
        goals=(1.8, 1.1),
    ),
    "mlp": Comparison(
        mlp.PlainLoop,
        lambda folder: {
            "architecture": {"name": "vanilla", "preset": "mlp", "num_classes": 0},
            "training": {"batch_size": 128},
        },
        steps=60,
        goals=(2.0, 1.6),
    ),
    "wgan-gp": Comparison(
        wgan_gp.PlainLoop,
        lambda folder: {"architecture": {"name": "wgan-gp", "preset": "cnn", "width": 64}},
        steps=4,
        goals=(1.25, 1.0),
    ),
    "sngan": Comparison(
        sngan.PlainLoop,
        lambda folder: {
            "architecture": {
                "name": "sngan",
                "preset": "mimicry",
                "width": 16,
                "num_classes": 0,
            },
        },
        steps=2,
        goals=(1.3, 1.0),
    ),
    "biggan": Comparison(
        biggan.PlainLoop,
        lambda folder: {
            "architecture": {
                "name": "biggan",
                "preset": "cifar",
                "width": 16,
                "latent_path": "split",
                "shared_dim": 128,
            },
            "objective": {"passes": "separate"},
            "training": {"batch_size": 64},
            "ema": {"start": 0},
        },
        steps=2,
        goals=(1.3, 1.0),
    ),
    "stylegan2": Comparison(
        stylegan2.PlainLoop,
        lambda folder: {
            "architecture": {
                "name": "stylegan2",
                "preset": "small",
                "sample_shape": (1, 64, 64),
                "num_classes": 0,
            },
            "augmentation": "none",
        },
        steps=16,  # in which R1 is due once
        goals=(1.3, 1.0),
    ),
}


def main() -> None:
    """Run the comparisons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *COMPARISONS], default=[])
    parser.add_argument("--rounds", type=int, default=7, help="chunks of each loop that count")
    arguments = parser.parse_args()
    digits = Mnist5k(Mnist5kConfig())
    images = np.stack([digits.read(index).sample for index in range(len(digits))])
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in arguments.names or COMPARISONS:
        with tempfile.TemporaryDirectory() as folder:
            compare(name, COMPARISONS[name], images, Path(folder), arguments.rounds)


def compare(
    name: str, comparison: Comparison, images: np.ndarray, folder: Path, rounds: int
) -> None:
    """Print the speeds of one comparison and their ratios."""
    plain = comparison.plain(images, folder / "plain")
    ours = {precision: trainer_of(comparison, folder, precision) for precision in ("auto", "fp32")}
    chunks: dict[str, Callable[[], int]] = {
        "plain": lambda: plain.run(comparison.steps),
        **{
            precision: (lambda trainer=trainer: advance(trainer, comparison.steps))
            for precision, trainer in ours.items()
        },
    }
    speeds: dict[str, list[float]] = {loop: [] for loop in chunks}
    for index in range(rounds + 1):
        for loop, chunk in chunks.items():
            begun = time.perf_counter()
            count = chunk()
            if index:  # the first round warms up
                speeds[loop].append(count / (time.perf_counter() - begun))
    print(f"\n{name}: median of {rounds} interleaved rounds of {comparison.steps} steps")
    print(f"  plain loop            {statistics.median(speeds['plain']):9.0f} images/s")
    for (precision, trainer), goal in zip(ours.items(), comparison.goals, strict=True):
        ratios = [a / b for a, b in zip(speeds[precision], speeds["plain"], strict=True)]
        label = f"ganzoo {precision} ({trainer.hardware.precision})"
        print(
            f"  {label:<21} {statistics.median(speeds[precision]):9.0f} images/s   "
            f"{statistics.median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f}; "
            f"goal {goal}x)"
        )
        if name == "dcgan":
            print(f"    {share_of_matmul(trainer, statistics.median(speeds[precision]))}")
    counts = operations(lambda: plain.run(1)), operations(ours["fp32"].train_step)
    print(f"  GFLOP of a step: {counts[0] / 1e9:.2f} plain, {counts[1] / 1e9:.2f} ganzoo")
    plain.close()


def trainer_of(comparison: Comparison, folder: Path, precision: str) -> Trainer:
    """Make a trainer that does what the plain loop does."""
    config = comparison.config(folder / "plain")
    overrides = {"training.precision": precision}
    return Trainer(config, folder / precision, overrides=overrides)


def advance(trainer: Trainer, steps: int) -> int:
    """Do some steps and fetch their figures, as a row of the log does."""
    for _ in range(steps):
        trainer.train_step()
    trainer.figures()
    config = trainer.config
    return steps * config.training.batch_size * config.objective.critic_updates


def operations(step: Callable[[], object]) -> int:
    """Count the floating-point operations of products and convolutions in a step."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _NoModules()  # type: ignore[assignment]
    with counter:
        step()
    return counter.get_total_flops()


class _NoModules(contextlib.nullcontext[None]):
    """Replaces the tracker of modules, which fails where inputs are differentiated."""

    parents = frozenset({"Global"})


def share_of_matmul(trainer: Trainer, speed: float) -> str:
    """Tell what part of this machine's matrix-product rate the steps reach."""
    config = trainer.config
    samples = config.training.batch_size * config.objective.critic_updates
    reached = operations(trainer.train_step) / samples * speed
    dtype = torch.bfloat16 if trainer.hardware.precision == "bf16" else torch.float32
    rate = matmul_rate(dtype)
    return (
        f"{reached / 1e9:.0f} GFLOP/s, {reached / rate:.0%} of the {rate / 1e9:.0f} GFLOP/s of a "
        f"{str(dtype).removeprefix('torch.')} matrix product"
    )


def matmul_rate(dtype: torch.dtype, side: int = 2048, repeats: int = 9) -> float:
    """Measure floating-point operations per second of a square matrix product."""
    matrix = torch.randn(side, side).to(dtype)
    times = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        matrix @ matrix
        times.append(time.perf_counter() - begun)
    return 2 * side**3 / statistics.median(times[1:])


if __name__ == "__main__":
    main()
