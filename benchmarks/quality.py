"""The quality of the architectures at equal cost: images, and modes of mixtures.

Every run has the same CPU time, in a process of its own with one thread, and is scored as it is
then. Finished runs are kept in a file, and none is done twice:

``python -m benchmarks.quality [digits|labelled-digits|emoji|ring8|grid25 ...] [--seeds N]
[--seconds N] [--workers N] [--emoji FILE.npz] [--table]``
"""

import argparse
import contextlib
import functools
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import ganzoo
from benchmarks.lite0 import LITE0
from ganzoo.evaluation.scorer import Scorer, make_extractor
from ganzoo.networks.generator import Generator
from ganzoo.training.observers.observer import Observer
from ganzoo.training.trainer import Trainer

RESULTS = Path(__file__).parent / "results" / "quality.jsonl"
ASKED = 2_000
"""Samples whose digit is compared with the one that was asked for."""

Config = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Recipes on the same data.

    Attributes:
        data: The section of their configs; without a source, it is the file that is given.
        cases: The rest of their configs, by the name of the row.
        metrics: The columns.
        extractor: Of features; None for the one that suits the data.
        fakes: Samples that are scored.
        seconds: CPU time of a run.
        precision: Of the arithmetic.
    """

    data: Config
    cases: dict[str, Config]
    metrics: tuple[str, ...]
    extractor: str | None = None
    fakes: int = 10_000
    seconds: float = 60
    precision: str = "auto"


NARROW = {"generator_widths": [128, 128, 128], "discriminator_widths": [128, 128, 128]}
"""Of the perceptrons for points; those of the presets are for images."""

UNLABELLED = {"num_classes": 0}
WIDTHS = {"name": "vanilla", **NARROW}
WEIGHT = {"weight": 0.1}
"""Of R1 and R2 on points; see benchmarks/modes.py."""

GULRAJANI = {"lr": 1e-4, "betas": [0.5, 0.9]}


def rates(rate: float) -> Config:
    """The optimizers of a recipe at another rate."""
    return {"generator": {"lr": rate}, "discriminator": {"lr": rate}}


def residual(name: str) -> Config:
    """A family with StudioGAN's networks and recipe, 32 channels wide and in a hurry."""
    config: Config = {
        "architecture": {
            "name": name,
            "preset": "studiogan",
            "width": 8,
            "discriminator_width": 8 if name == "biggan" else 16,
        },
        "objective": {"discriminator_steps": 1},
        "training": {"batch_size": 32},
        "optimizers": rates(5e-4 if name == "biggan" else 1e-3),
    }
    if name == "biggan":  # whose average would begin when the run is over
        config["ema"] = {"half_life": 10_000, "ramp_up": 0.05, "start": 0}
    return config


POINTS: dict[str, Config] = {
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
DIGITS: dict[str, Config] = {
    "vanilla": {"architecture": {"name": "vanilla", **UNLABELLED}},
    "dcgan": {"architecture": {"name": "dcgan", **UNLABELLED}},
    "wgan-gp (cnn)": {"architecture": {"name": "wgan-gp", "preset": "cnn", **UNLABELLED}},
    "wgan-gp (cnn), a quarter as wide": {
        "architecture": {"name": "wgan-gp", "preset": "cnn", "width": 32, **UNLABELLED},
        "objective": {"discriminator_steps": 3},
        "training": {"penalty_precision": "bf16"},
        "optimizers": rates(3e-4),
    },
}
SMALL: dict[str, Config] = {
    "dcgan": {"architecture": {"name": "dcgan", "width": 32}, "optimizers": rates(5e-4)},
    "wgan-gp": {
        "architecture": {"name": "wgan-gp", "preset": "cnn", "width": 32},
        "objective": {"discriminator_steps": 3},
        "optimizers": rates(3e-4),
    },
    **{name: residual(name) for name in ("sngan", "sagan", "biggan")},
}
"""Networks and rates for a few minutes; all else is as the presets have it."""

COMPARISONS = {
    "digits": Comparison(
        {"source": "mnist5k"}, DIGITS, ("fid", "precision", "recall", "classes"), seconds=120
    ),
    "labelled-digits": Comparison(
        {"source": "mnist5k"}, SMALL, ("fid", "precision", "recall", "accuracy"), seconds=600
    ),
    "emoji": Comparison(
        {"image_size": 32, "labels": ""},
        SMALL,
        ("kid", "precision", "recall"),
        extractor="lite0",
        fakes=2_000,  # which the extractor takes a while to see
        seconds=600,
    ),
    # bfloat16 has no digits for narrow modes.
    "ring8": Comparison(
        {"source": "ring8"}, POINTS, ("modes", "quality", "divergence"), precision="fp32"
    ),
    "grid25": Comparison(
        {"source": "grid25"}, POINTS, ("modes", "quality", "divergence"), precision="fp32"
    ),
}


def main() -> None:
    """Do the runs that are asked for and not done yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", choices=[[], *COMPARISONS], default=[])
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ... of each")
    parser.add_argument("--seconds", type=float, help="CPU time of a run")
    parser.add_argument("--workers", type=int, default=1, help="runs at once")
    parser.add_argument("--emoji", metavar="FILE", help="the .npz file of emoji")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print what is there, and run nothing")
    parser.add_argument("--run", metavar="JSON", help="do one run, and print its result")
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(run(**json.loads(arguments.run), file=arguments.emoji)))
        return
    done = read(arguments.results)
    places = [
        {"data": name, "case": case, "seed": seed, "seconds": seconds}
        for name in arguments.data or COMPARISONS
        for seconds in [arguments.seconds or COMPARISONS[name].seconds]
        for seed, case in itertools.product(range(arguments.seeds), COMPARISONS[name].cases)
    ]
    todo = [] if arguments.table else [place for place in places if key(place) not in done]
    if any(place["data"] == "emoji" for place in todo) and arguments.emoji is None:
        parser.error("runs of emoji are due; give the file: --emoji FILE.npz")
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(arguments.workers) as workers:
        for result in workers.map(lambda place: apart(place, arguments.emoji), todo):
            done[key(result)] = result
            with arguments.results.open("a") as file:
                print(json.dumps(result), file=file)
    for name, group in itertools.groupby(places, key=lambda place: str(place["data"])):
        found = [done[key(place)] for place in group if key(place) in done]
        if found:
            print("\n".join(table(name, found)), end="\n\n")


def read(file: Path) -> dict[tuple[Any, ...], Result]:
    """Return the results that a file holds."""
    lines = file.read_text().splitlines() if file.is_file() else []
    return {key(result): result for result in map(json.loads, lines)}


def key(result: Result) -> tuple[Any, ...]:
    """Tell one run from all others."""
    return tuple(result[name] for name in ("data", "case", "seed", "seconds"))


def apart(place: Result, file: str | None) -> Result:
    """Do a run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.quality", "--run", json.dumps(place)]
    if file is not None:
        command += ["--emoji", file]
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


def run(data: str, case: str, seed: int, seconds: float, file: str | None = None) -> Result:
    """Train for some CPU time, and score the averaged generator."""
    comparison = COMPARISONS[data]
    if comparison.extractor == LITE0.name:
        ganzoo.register(LITE0)
    quiet = {"checkpoint_every": 0, "sample_every": 0, "steps": 10**9, "seed": seed}
    config = {"data": {"source": file, **comparison.data}, **comparison.cases[case]}
    config["training"] = {"precision": comparison.precision, **config.get("training", {}), **quiet}
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Path(folder) / "run", observers=[Budget(seconds)])
        with contextlib.suppress(EnoughError):
            trainer.fit()
        generator = trainer.snapshot()
        scorer = Scorer(
            trainer.config.data,
            trainer.config.architecture.sample_shape,
            metrics=[name for name in comparison.metrics if name != "accuracy"],
            extractor=comparison.extractor,
            fakes=comparison.fakes,
        )
        values = {score.protocol.metric: score.value for score in scorer(generator)}
    if "accuracy" in comparison.metrics and generator.config.num_classes:
        values["accuracy"] = accuracy(generator)
    place = {"data": data, "case": case, "seed": seed, "seconds": seconds}
    return {**place, "steps": trainer.step, **values, "cpu": processor(), "commit": commit()}


def accuracy(generator: Generator) -> float:
    """Return the share of samples that are the digit that was asked for."""
    labels = torch.arange(ASKED) % 10
    images = generator.sample(ASKED, seed=0, labels=labels.tolist(), batch_size=250)
    logits = make_extractor("digits")(images).logits
    assert logits is not None
    return (logits.argmax(dim=1) == labels).double().mean().item()


def processor() -> str:
    """Return what the processor calls itself."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@functools.cache
def commit() -> str:
    """Return the commit of the code; with a plus, where files differ from it."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def table(data: str, results: list[Result]) -> list[str]:
    """Return the lines of a Markdown table, a row for each case."""
    comparison = COMPARISONS[data]
    titles = {
        "fid": "FID-digits",
        "kid": f"KID-{comparison.extractor} x 1,000",
    }
    names = [titles.get(name, name) for name in comparison.metrics]
    lines = [f"| {' | '.join([data, *names, 'steps'])} |", f"|{' --- |' * (len(names) + 2)}"]
    for case in comparison.cases:
        runs = [result for result in results if result["case"] == case]
        if not runs:
            continue
        cells = []
        for name in (*comparison.metrics, "steps"):
            values = [result[name] for result in runs if name in result]
            scale = 1_000 if name == "kid" else 1
            cells.append(spread(scale * value for value in values) if values else "")
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
