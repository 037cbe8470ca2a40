"""How often the monitors of health name a failure, and how often they raise a false alarm.

Runs are made to fail on purpose, each in a way that one monitor is for, and others are known to go
well; some are short, and some are fine-tuned. They come in two halves: `set`, on which thresholds
were set, and `told`, with other seeds, data and architectures, on which figures are reported. Every
finished run is kept with the rows of its log, so that the monitors can be tried on them again in no
time. The images that are fine-tuned on come as an .npz file (see `benchmarks.finetuning`); without
it those runs are left out:

``python -m benchmarks.health [set|told ...] [--images FILE.npz] [--seeds N] [--healthy N]``
"""

import argparse
import json
import math
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganzoo.errors import TrainingError
from ganzoo.health.findings import Finding
from ganzoo.health.monitors import MONITORS, diagnose, non_finite, too_early
from ganzoo.training.finetuning import finetuning_config
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

BASE = "dcgan.mnist5k"
"""Digits, which are fine-tuned."""
TUNED: Config = {
    "architecture.sample_shape": [3, 32, 32],
    "finetune.allow_partial": True,
    "training.batch_size": 16,
    "training.precision": "fp32",
}
FOOD = ("Food & Drink", "Smileys & Emotion")
PLACES = ("Animals & Nature", "Activities")
UNHELD: Config = {
    "penalties.r1": None,
    **{f"optimizers.{role}.lr": 1e-4 for role in ("generator", "discriminator")},
}
"""Fine-tuning as it must not be by default: nothing holds the discriminator back."""
HASTY: Config = {"optimizers.generator.lr": 1e-2, "optimizers.discriminator.lr": 1e-4}
MINIMAX: Config = {
    "loss": "minimax",
    "objective.discriminator_steps": 10,
    "optimizers.discriminator.lr": 1e-3,
}


def tuned(steps: int, images: tuple[str, ...], changes: Config) -> tuple[Config, Config]:
    """Make the case of a fine-tuned run."""
    return {"images": images}, {**TUNED, **changes, "training.steps": steps}


def short(steps: int, base: Config, changes: Config) -> tuple[Config, Config]:
    """Make the case of a short run."""
    return base, {**changes, "training.steps": steps}


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
                    "objective.discriminator_steps": 10,
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
        "healthy (short)": [
            *(short(steps, POINTS, STEADY) for steps in (200, 500)),
            *(short(steps, DIGITS, {}) for steps in (100, 300, 500)),
        ],
        "mode-collapse (short)": [short(steps, DIGITS, HASTY) for steps in (300, 500)],
        "discriminator-dominance (short)": [short(300, DIGITS, MINIMAX)],
        "healthy (fine-tuned)": [tuned(steps, FOOD, {}) for steps in (300, 500)],
        "discriminator-dominance (fine-tuned)": [
            tuned(steps, FOOD, UNHELD) for steps in (300, 500)
        ],
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
                    "objective.discriminator_steps": 10,
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
        "healthy (short)": [
            *(short(steps, WIDE, STEADY) for steps in (250, 400)),
            *(short(steps, NORMALISED, {}) for steps in (100, 250, 400)),
        ],
        "mode-collapse (short)": [short(steps, NORMALISED, HASTY) for steps in (250, 400)],
        "discriminator-dominance (short)": [short(400, NORMALISED, MINIMAX)],
        "healthy (fine-tuned)": [tuned(steps, PLACES, {}) for steps in (250, 400)],
        "discriminator-dominance (fine-tuned)": [
            tuned(steps, PLACES, UNHELD) for steps in (250, 400)
        ],
    },
}
FIRST_SEED = {"set": 0, "told": 400}
"""Rules were changed after runs with seeds from 200 on, which count nowhere."""

Result = dict[str, Any]


def main() -> None:
    """Do the runs that are asked for and not done yet, and print the table of all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("halves", nargs="*", choices=[[], *HALVES], default=[])
    parser.add_argument("--seeds", type=int, default=5, help="of each failure")
    parser.add_argument("--healthy", type=int, default=20, help="runs of each half that go well")
    kinds = list(dict.fromkeys(kind for half in HALVES.values() for kind in half))
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds, help="kinds of runs")
    parser.add_argument("--images", type=Path, help="the .npz file of images to fine-tune on")
    parser.add_argument("--sheets", type=Path, help="a folder for samples of new runs of images")
    parser.add_argument("--rows", action="store_true", help="show the signals of every run")
    parser.add_argument("--results", type=Path, default=Path("runs/health.jsonl"))
    arguments = parser.parse_args()
    done = {key(result): result for result in read(arguments.results)}
    for half in arguments.halves or HALVES:
        results = []
        for kind, cases in HALVES[half].items():
            fails = not kind.startswith("healthy")
            count = arguments.seeds * len(cases) if fails else arguments.healthy
            for number in range(count if kind in arguments.only else 0):
                place = {"half": half, "kind": kind, "number": number}
                if key(place) not in done:
                    case = cases[number % len(cases)]
                    if "images" in case[0] and arguments.images is None:
                        continue
                    sheet = arguments.sheets and arguments.sheets / f"{half}-{kind}-{number}.png"
                    result = run(half, case, number, arguments.images, sheet)
                    done[key(place)] = {**place, **result}
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


def run(
    half: str,
    case: tuple[Config, Config],
    number: int,
    images: Path | None = None,
    sheet: Path | None = None,
) -> Result:
    """Train once, and keep the rows of the log, and how the run ended."""
    base, changes = case
    overrides = {**QUIET, **changes, "training.seed": FIRST_SEED[half] + number}
    error = ""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        config: Any = base
        if "images" in base:
            assert images is not None
            lay_out(images, base["images"], Path(folder) / "images")
            config = finetuning_config(BASE, f"{folder}/images", None, overrides)
            overrides = {}
        begun = time.process_time()
        try:
            Trainer(config, place, overrides=overrides).fit()
            if sheet is not None and (place / "weights" / "samples.png").is_file():
                sheet.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(place / "weights" / "samples.png", sheet)
        except TrainingError as failure:
            error = str(failure)
        rows = Run.open(place).log
    return {"rows": rows, "error": error, "seconds": time.process_time() - begun}


def lay_out(file: Path, categories: tuple[str, ...], folder: Path) -> None:
    """Write the images of some categories, a hundred each at most, as folders of PNGs."""
    with np.load(file, allow_pickle=False) as arrays:
        names = [str(name) for name in arrays["categories"]]
        for category in categories:
            target = folder / category
            target.mkdir(parents=True)
            for number in np.flatnonzero(arrays["labels"] == names.index(category))[:100]:
                Image.fromarray(arrays["images"][number]).save(target / f"{number:04}.png")


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
        f"| runs ({half}) | number | named (95% interval) | too early | also or else named |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in HALVES[half]:
        runs = [result for result in results if result["kind"] == kind]
        if not runs:
            continue
        names, failure = [named(result) for result in runs], kind.partition(" (")[0]
        healthy = failure == "healthy"
        hits = sum(bool(found) if healthy else failure in found for found in names)
        # Where it found nothing and said so, it neither missed a failure nor gave an all-clear.
        early = sum(
            bool(waits) if healthy else failure in waits and failure not in found
            for found, waits in zip(names, (too_early(run["rows"]) for run in runs), strict=True)
            if not (healthy and found)
        )
        others = [name for found in names for name in found if name != failure]
        counted = ", ".join(f"{name} {others.count(name)}" for name in MONITORS if name in others)
        title = f"{kind}: false alarms" if healthy else kind
        low, high = interval(hits, len(names))
        lines.append(
            f"| {title} | {len(names)} | {hits} ({low:.0%} to {high:.0%}) | {early} | {counted} |"
        )
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
