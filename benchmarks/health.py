"""How often the monitors of health name a failure, and how often they raise a false alarm.

Runs are made to fail on purpose, each in a way that one monitor is for, and others are known to go
well. They come in two halves: `set`, on which thresholds were set, and `told`, with other seeds,
data and architectures, on which figures are told. Every finished run is kept with the rows of its
log, so that the monitors can be tried on them again in no time:

``python -m benchmarks.health [set|told ...] [--seeds N] [--healthy N] [--rows]``
"""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganzoo.errors import TrainingError
from ganzoo.health.findings import Finding
from ganzoo.health.monitors import MONITORS, diagnose, non_finite
from ganzoo.training.run import Run
from ganzoo.training.trainer import Trainer

Config = dict[str, Any]

POINTS: Config = {
    "architecture": {
        "name": "vanilla",
        "generator_widths": [64, 64],
        "discriminator_widths": [64, 64],
    },
    "data": {"source": "ring8", "std": 0.15, "holdout": 512},
    "training": {"steps": 2000, "precision": "fp32"},
}
WIDE: Config = {
    **POINTS,
    "architecture": {
        "name": "vanilla",
        "generator_widths": [128, 128, 128],
        "discriminator_widths": [128, 128, 128],
    },
    "data": {"source": "grid25", "std": 0.2, "holdout": 512},
}
DIGITS: Config = {
    "architecture": {
        "name": "vanilla",
        "generator_widths": [128, 256],
        "discriminator_widths": [256, 128],
    },
    "data": {"source": "mnist5k", "holdout": 512},
    "training": {"steps": 1500, "precision": "fp32"},
}
CONVOLUTIONS: Config = {
    "architecture": {"name": "dcgan", "width": 16},
    "data": {"source": "mnist5k", "holdout": 512},
    "training": {"steps": 1000, "precision": "fp32"},
}
NORMALISED: Config = {
    "architecture": {"name": "vanilla", "preset": "mlp"},
    "data": {"source": "mnist5k", "holdout": 512},
    "training": {"steps": 1000, "precision": "fp32"},
}
QUIET = {"training.checkpoint_every": 0, "training.sample_every": 0}

STEADY = {
    "loss": "relativistic",
    "penalties.r1.weight": 0.1,
    "penalties.r2.weight": 0.1,
}
"""What is known to keep the game on mixtures in balance."""

FEW = {"data.holdout": 4968, "training.batch_size": 32, "training.steps": 3000}
"""32 digits to train on, so that each is seen some thousand times."""

MEMORY = {"architecture.dropout": 0.0, "optimizers.discriminator.lr": 1e-3}
"""A discriminator that can learn them by heart."""

SMALL = {"architecture.width": 8, "training.steps": 2000}

_RATE = {"lr": 1e-2, "betas": [0.9, 0.999]}
FAST = {"optimizers.generator": _RATE, "optimizers.discriminator": _RATE}
"""Large steps with much momentum, by which both networks run after each other for ever."""

HALVES: dict[str, dict[str, list[tuple[Config, Config]]]] = {
    "set": {
        "healthy": [(POINTS, STEADY), (DIGITS, {})],
        "mode-collapse": [
            (POINTS, {"optimizers.generator.lr": 1e-2, "optimizers.discriminator.lr": 1e-4}),
            (DIGITS, {"optimizers.generator.lr": 1e-2, "optimizers.discriminator.lr": 5e-5}),
        ],
        "discriminator-dominance": [
            (
                DIGITS,
                {
                    "loss": "minimax",
                    "training.discriminator_steps": 10,
                    "optimizers.discriminator.lr": 1e-3,
                    "training.steps": 600,
                },
            ),
        ],
        "oscillation": [
            (POINTS, FAST),
            (POINTS, {"loss": "wasserstein"}),
        ],
        "discriminator-overfitting": [(DIGITS, {**FEW, **MEMORY})],
        "non-finite": [(POINTS, {"optimizers.generator": {"name": "sgd", "lr": 1e30}})],
    },
    "told": {
        "healthy": [(WIDE, STEADY), (CONVOLUTIONS, {})],
        "mode-collapse": [
            (WIDE, {"optimizers.generator.lr": 1e-2, "optimizers.discriminator.lr": 1e-4}),
            (NORMALISED, {"optimizers.generator.lr": 1e-2, "optimizers.discriminator.lr": 5e-5}),
        ],
        "discriminator-dominance": [
            (
                CONVOLUTIONS,
                {
                    "architecture.width": 8,
                    "loss": "minimax",
                    "training.batch_size": 32,
                    "training.discriminator_steps": 10,
                    "optimizers.discriminator.lr": 1e-3,
                    "training.steps": 500,
                },
            ),
        ],
        "oscillation": [
            (WIDE, FAST),
            (WIDE, {"loss": "wasserstein"}),
        ],
        "discriminator-overfitting": [(CONVOLUTIONS, {**FEW, **SMALL})],
        "non-finite": [
            (CONVOLUTIONS, {"optimizers.discriminator": {"name": "sgd", "lr": 1e30}}),
        ],
    },
}
FIRST_SEED = {"set": 0, "told": 200}

Result = dict[str, Any]


def main() -> None:
    """Do the runs that are asked for and not done yet, and print the table of all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("halves", nargs="*", choices=[[], *HALVES], default=[])
    parser.add_argument("--seeds", type=int, default=5, help="of each failure")
    parser.add_argument("--healthy", type=int, default=20, help="runs of each half that go well")
    parser.add_argument("--only", choices=["healthy", *MONITORS], help="one kind of run alone")
    parser.add_argument("--rows", action="store_true", help="show the signals of every run")
    parser.add_argument("--results", type=Path, default=Path("runs/health.jsonl"))
    arguments = parser.parse_args()
    done = {key(result): result for result in read(arguments.results)}
    for half in arguments.halves or HALVES:
        results = []
        for kind, cases in HALVES[half].items():
            count = arguments.healthy if kind == "healthy" else arguments.seeds * len(cases)
            for number in range(count if arguments.only in (None, kind) else 0):
                place = {"half": half, "kind": kind, "number": number}
                if key(place) not in done:
                    done[key(place)] = {**place, **run(half, cases[number % len(cases)], number)}
                    arguments.results.parent.mkdir(parents=True, exist_ok=True)
                    with arguments.results.open("a") as file:
                        print(json.dumps(done[key(place)]), file=file)
                results.append(done[key(place)])
        if arguments.rows:
            print("\n".join(line for result in results for line in signals(result)))
        print("\n".join(table(half, results)))


def read(path: Path) -> Iterator[Result]:
    """Return the runs that are kept."""
    if path.is_file():
        yield from map(json.loads, path.read_text().splitlines())


def key(result: Result) -> tuple[Any, ...]:
    """Tell one run from all others."""
    return tuple(result[name] for name in ("half", "kind", "number"))


def run(half: str, case: tuple[Config, Config], number: int) -> Result:
    """Train once, and keep the rows of the log, and how the run ended."""
    base, changes = case
    overrides = {**QUIET, **changes, "training.seed": FIRST_SEED[half] + number}
    begun, error = time.process_time(), ""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        try:
            Trainer(base, place, overrides=overrides).fit()
        except TrainingError as failure:
            error = str(failure)
        rows = Run.open(place).log
    return {"rows": rows, "error": error, "seconds": time.process_time() - begun}


def findings(result: Result) -> list[Finding]:
    """Return what the monitors, as they are now, find in a run."""
    found = diagnose(result["rows"])
    if result["error"]:
        found.append(non_finite(0, result["error"]))
    return found


def named(result: Result) -> list[str]:
    """Return the monitors that find something, in their order."""
    found = {finding.monitor for finding in findings(result)}
    return [monitor for monitor in MONITORS if monitor in found]


def table(half: str, results: list[Result]) -> list[str]:
    """Return the lines of a Markdown table, a row for each kind of run."""
    lines = [
        f"| runs ({half}) | number | named (95% interval) | also or else named |",
        "| --- | --- | --- | --- |",
    ]
    for kind in HALVES[half]:
        names = [named(result) for result in results if result["kind"] == kind]
        if not names:
            continue
        hits = sum(bool(found) if kind == "healthy" else kind in found for found in names)
        others = [name for found in names for name in found if name != kind]
        counted = ", ".join(f"{name} {others.count(name)}" for name in MONITORS if name in others)
        title = "healthy (false alarms)" if kind == "healthy" else kind
        low, high = interval(hits, len(names))
        lines.append(f"| {title} | {len(names)} | {hits} ({low:.0%} to {high:.0%}) | {counted} |")
    return lines


def interval(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's interval of a share at 95% (Wilson, 1927)."""
    z = 1.96
    share, weight = hits / count, 1 + z**2 / count
    middle = (share + z**2 / (2 * count)) / weight
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / weight
    return max(0.0, middle - half), min(1.0, middle + half)


def signals(result: Result) -> list[str]:
    """Return the looks of a run as lines, for people who set thresholds."""
    lines = [f"{result['half']} {result['kind']} {result['number']}: {named(result)}"]
    for row in result["rows"]:
        found = {k.removeprefix("health/"): v for k, v in row.items() if k.startswith("health/")}
        if found:
            values = " ".join(f"{name[:9]} {value:.3g}" for name, value in found.items())
            lines.append(f"  {row['step']:5} {values}")
    return lines


if __name__ == "__main__":
    main()
