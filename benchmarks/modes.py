"""How many modes of a mixture a generator covers, for several recipes and seeds.

Each run trains the default preset of ``vanilla`` in narrow on 2-D points with the trainer, and
counts 10,000 samples of its averaged generator. It is kept in a file of results as soon as it is
done, and none is done twice, so that the table may be made in parts:

``python -m benchmarks.modes [ring8|grid25 ...] [--recipes NAME ...] [--seeds N] [--steps N]``
"""

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data.mixtures import GaussianMixture
from ganzoo.evaluation import modes
from ganzoo.resolve import open_dataset
from ganzoo.training.trainer import Trainer

DATASETS = ("ring8", "grid25")

WIDTHS = [128, 128, 128]
"""Usual for points; those of the preset are for images, and take several times as long."""

WEIGHT = 0.1
"""Of R1 and R2. Points have unit variance, and neighbouring modes lie 0.7 (grid25) or 1.1 (ring8)
apart: at 0.1 a slope of 4.5 logits over one standard deviation of the data costs 1, which is about
the loss itself. It was chosen by that, once, and not by results."""

PENALTY = {"weight": WEIGHT}
RECIPES: dict[str, dict[str, Any]] = {
    "default": {},
    "r1": {"penalties": {"r1": PENALTY}},
    "relativistic-r1-r2": {"loss": "relativistic", "penalties": {"r1": PENALTY, "r2": PENALTY}},
}

SAMPLES = 10_000
Result = dict[str, Any]


def main() -> None:
    """Do the runs that are asked for and not done yet, and print the table of all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="*", choices=[[], *DATASETS], default=[])
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... of each")
    parser.add_argument("--steps", type=int, default=3000, help="generator updates of a run")
    parser.add_argument("--results", type=Path, default=Path("runs/modes.jsonl"))
    arguments = parser.parse_args()
    done = {key(result): result for result in read(arguments.results)}
    asked = [
        {"dataset": dataset, "recipe": recipe, "seed": seed, "steps": arguments.steps}
        for dataset in arguments.datasets or DATASETS
        for recipe in arguments.recipes
        for seed in range(arguments.seeds)
    ]
    for place in asked:
        if key(place) not in done:
            done[key(place)] = result = run(**place)
            arguments.results.parent.mkdir(parents=True, exist_ok=True)
            with arguments.results.open("a") as file:
                print(json.dumps(result), file=file)
    print("\n".join(table([done[key(place)] for place in asked])))


def read(path: Path) -> Iterator[Result]:
    """Return the runs that are kept."""
    if path.is_file():
        yield from map(json.loads, path.read_text().splitlines())


def key(result: Result) -> tuple[Any, ...]:
    """Tell one run from all others."""
    return tuple(result[name] for name in ("dataset", "recipe", "seed", "steps"))


def run(dataset: str, recipe: str, seed: int, steps: int) -> Result:
    """Train once, and count."""
    config = {
        "architecture": {
            "name": "vanilla",
            "generator_widths": WIDTHS,
            "discriminator_widths": WIDTHS,
        },
        "data": dataset,
        "training": {
            "steps": steps,
            "seed": seed,
            "checkpoint_every": 0,
            "sample_every": 0,
            # Of bfloat16's 8 bits, a mode's width would be about the last.
            "precision": "fp32",
        },
        **RECIPES[recipe],
    }
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Path(folder) / "run")
        trainer.fit()
    source = open_dataset(trainer.config.data)
    assert isinstance(source, GaussianMixture)
    points = trainer.snapshot().sample(SAMPLES, seed=seed, batch_size=SAMPLES).numpy()
    counts = modes.count(points, source.centres, source.std)
    return {
        "dataset": dataset,
        "recipe": recipe,
        "seed": seed,
        "steps": steps,
        "counts": counts.tolist(),
        "seconds": time.process_time() - begun,
    }


def reached(result: Result) -> int:
    """Return the number of modes with at least one sample of high quality.

    Source: Srivastava et al., VEEGAN, 2017, whose count of modes this is.
    """
    return sum(found > 0 for found in result["counts"])


def covered(result: Result) -> int:
    """Return the number of modes that a run covers."""
    return modes.covered(np.array(result["counts"]), SAMPLES)


def quality(result: Result) -> float:
    """Return the share of a run's samples that are of high quality, in [0, 1]."""
    return float(sum(result["counts"]) / SAMPLES)


def table(results: list[Result]) -> list[str]:
    """Return the lines of a Markdown table, a row for each dataset and recipe."""
    lines = [
        "| dataset | recipe | modes covered | modes reached | samples of high quality "
        "| CPU seconds a run |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (dataset, recipe), group in itertools.groupby(
        results, key=lambda result: (result["dataset"], result["recipe"])
    ):
        runs = list(group)
        total = len(runs[0]["counts"])
        cells = [
            f"`{dataset}`",
            recipe,
            f"{spread(map(covered, runs), '{:g}')} of {total}",
            f"{spread(map(reached, runs), '{:g}')} of {total}",
            spread(map(quality, runs), "{:.1%}"),
            f"{statistics.median(result['seconds'] for result in runs):.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def spread(values: Iterable[float], form: str) -> str:
    """Write the median of some values, and their range."""
    ordered = sorted(values)
    middle, low, high = statistics.median(ordered), ordered[0], ordered[-1]
    return f"{form.format(middle)} ({form.format(low)} to {form.format(high)})"


if __name__ == "__main__":
    main()
