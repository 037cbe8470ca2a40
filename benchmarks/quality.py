"""The quality of the baselines at equal cost: digits, and modes of mixtures.

Every run has the same CPU time, in a process of its own with one thread, and is scored as it is
then. Finished runs are kept in a file, and none is done twice:

``python -m benchmarks.quality [digits|ring8|grid25 ...] [--seeds N] [--seconds N]``
"""

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganzoo.evaluation.scorer import Scorer
from ganzoo.training.observers.observer import Observer
from ganzoo.training.trainer import Trainer

NARROW = {"generator_widths": [128, 128, 128], "discriminator_widths": [128, 128, 128]}
"""Of the perceptrons for points; those of the presets are for images."""

UNLABELLED = {"num_classes": 0}
WIDTHS = {"name": "vanilla", **NARROW}
WEIGHT = {"weight": 0.1}
"""Of R1 and R2 on points; see benchmarks/modes.py."""

GULRAJANI = {"lr": 1e-4, "betas": [0.5, 0.9]}

POINTS: dict[str, dict[str, Any]] = {
    "vanilla": {"architecture": WIDTHS},
    "vanilla, WGAN-GP": {
        "architecture": WIDTHS,
        "loss": "wasserstein",
        "penalties": {"gradient-penalty": {}},
        "objective": {"discriminator_steps": 5},
        "optimizers": {"generator": GULRAJANI, "discriminator": GULRAJANI},
    },
    "vanilla, relativistic, R1 and R2": {
        "architecture": WIDTHS,
        "loss": "relativistic",
        "penalties": {"r1": WEIGHT, "r2": WEIGHT},
    },
}
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "digits": {
        "vanilla": {"architecture": {"name": "vanilla", **UNLABELLED}},
        "dcgan": {"architecture": {"name": "dcgan", **UNLABELLED}},
        "wgan-gp (cnn)": {"architecture": {"name": "wgan-gp", "preset": "cnn", **UNLABELLED}},
        "wgan-gp (cnn), a quarter as wide": {
            "architecture": {"name": "wgan-gp", "preset": "cnn", "width": 32, **UNLABELLED},
            "objective": {"discriminator_steps": 3},
            "training": {"penalty_precision": "bf16"},
            "optimizers": {"generator": {"lr": 3e-4}, "discriminator": {"lr": 3e-4}},
        },
    },
    "ring8": POINTS,
    "grid25": POINTS,
}
METRICS = {
    "digits": ("fid", "precision", "recall", "classes"),
    "ring8": ("modes", "quality", "divergence"),
    "grid25": ("modes", "quality", "divergence"),
}

Result = dict[str, Any]


def main() -> None:
    """Do the runs that are asked for and not done yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ... of each")
    parser.add_argument("--seconds", type=float, default=120, help="CPU time of a run")
    parser.add_argument("--results", type=Path, default=Path("runs/quality.jsonl"))
    parser.add_argument("--run", metavar="JSON", help="do one run, and print its result")
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(run(**json.loads(arguments.run))))
        return
    lines = arguments.results.read_text().splitlines() if arguments.results.is_file() else []
    done = {key(result): result for result in map(json.loads, lines)}
    for data in arguments.data or CASES:
        results = []
        for case, seed in itertools.product(CASES[data], range(arguments.seeds)):
            place = {"data": data, "case": case, "seed": seed, "seconds": arguments.seconds}
            if key(place) not in done:
                done[key(place)] = result = apart(place)
                arguments.results.parent.mkdir(parents=True, exist_ok=True)
                with arguments.results.open("a") as file:
                    print(json.dumps(result), file=file)
            results.append(done[key(place)])
        print("\n".join(table(data, results)), end="\n\n")


def key(result: Result) -> tuple[Any, ...]:
    """Tell one run from all others."""
    return tuple(result[name] for name in ("data", "case", "seed", "seconds"))


def apart(place: Result) -> Result:
    """Do a run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.quality", "--run", json.dumps(place)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    result: Result = json.loads(done.stdout)
    return result


class EnoughError(Exception):
    """The time of a run is over."""


class Budget(Observer):
    """Ends a run when the process has had some CPU time since its first step."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def start(self, trainer: Trainer) -> None:
        """Look at the clock."""
        self._end = time.process_time() + self._seconds

    def step(self, trainer: Trainer) -> None:
        """Look at the clock again.

        Raises:
            EnoughError: It is over.
        """
        if time.process_time() > self._end:
            raise EnoughError


def run(data: str, case: str, seed: int, seconds: float) -> Result:
    """Train for some CPU time, and score the averaged generator."""
    quiet = {"checkpoint_every": 0, "sample_every": 0, "steps": 10**9, "seed": seed}
    config = dict(CASES[data][case])
    config["training"] = {**config.get("training", {}), **quiet}
    config["data"] = "mnist5k" if data == "digits" else data
    if data != "digits":
        config["training"]["precision"] = "fp32"  # bfloat16 has no digits for narrow modes
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Path(folder) / "run", observers=[Budget(seconds)])
        with contextlib.suppress(EnoughError):
            trainer.fit()
        shape = trainer.config.architecture.sample_shape
        scorer = Scorer(trainer.config.data, shape, metrics=METRICS[data], fakes=10_000)
        scores = scorer(trainer.snapshot())
    values = {score.protocol.metric: score.value for score in scores}
    place = {"data": data, "case": case, "seed": seed, "seconds": seconds}
    return {**place, "steps": trainer.step, **values}


def table(data: str, results: list[Result]) -> list[str]:
    """Return the lines of a Markdown table, a row for each case."""
    metrics = METRICS[data]
    names = ["FID-digits" if name == "fid" else name for name in metrics]
    lines = [f"| {' | '.join([data, *names, 'steps'])} |", f"|{' --- |' * (len(names) + 2)}"]
    for case, group in itertools.groupby(results, key=lambda result: str(result["case"])):
        runs = list(group)
        cells = [spread(result[name] for result in runs) for name in (*metrics, "steps")]
        lines.append(f"| {' | '.join([case, *cells])} |")
    return lines


def spread(values: Iterable[float]) -> str:
    """Write the median of some values, and their range."""
    ordered = sorted(values)
    middle, low, high = (
        f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        for value in (statistics.median(ordered), ordered[0], ordered[-1])
    )
    return middle if low == high else f"{middle} ({low} to {high})"


if __name__ == "__main__":
    main()
