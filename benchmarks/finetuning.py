"""What fine-tuning gives: a base of some categories of images, tuned on another, or from scratch.

The images come as an .npz file with ``images`` uint8 (N, S, S, 3), ``labels`` and ``categories``;
they are laid out as folders of PNGs. Each run is a process of its own with one thread. Finished
runs are kept, with sheets of their samples, and none is done twice:

``python -m benchmarks.finetuning IMAGES.npz [--workers 2] [--out runs/finetuning]``
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import ganzoo
from benchmarks.lite0 import LITE0
from benchmarks.quality import spread
from ganzoo.drawing import save_grid
from ganzoo.errors import RequestError
from ganzoo.training.finetuning import RATE

CATEGORY = "People & Body"
"""The images that are fine-tuned on; a base has seen all others."""

SEED = 2026
"""Of the choice of images, which is the same in all runs; 100 of them are among the 300."""

NETWORKS = {"name": "dcgan", "width": 32, "num_classes": 0}
# For so small networks autocast costs more than bf16 saves.
TRAINING = {"batch_size": 32, "precision": "fp32", "checkpoint_every": 0, "sample_every": 0}
LEARNING_RATE = 1e-3
"""Five times that of the recipe, as the runs are short."""

LONGER = 5
"""Times the steps of the others: runs in which discriminators learn few images by heart."""

R1 = {"r1": {"weight": 1.0, "every": 4}}

AUGMENTATIONS = {
    "none": {"name": "none"},
    "diffaugment": {"name": "diffaugment"},
    "diffaugment-color": {"name": "diffaugment", "policy": ["color"]},
}

FAKES, METRICS = 1_000, ("kid", "recall")


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        side: Of the images.
        images: How many it trains on; 0 for all there are.
        start: ``base`` to fine-tune one, or ``scratch``.
        augmentation: One of `AUGMENTATIONS`.
        seed: Of the run.
        steps: Of the run.
        base_steps: Of the base.
    """

    side: int
    images: int
    start: str
    augmentation: str
    seed: int
    steps: int
    base_steps: int

    @property
    def name(self) -> str:
        """What its folder is called."""
        return "-".join(map(str, asdict(self).values()))


def main() -> None:
    """Do the runs that are not done yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, help="the .npz file")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ... at 32x32")
    parser.add_argument("--steps", type=int, default=1_200, help="of each run")
    parser.add_argument("--base-steps", type=int, default=3_000, help="of each base")
    parser.add_argument("--workers", type=int, default=2, help="runs at once")
    parser.add_argument("--out", type=Path, default=Path("runs/finetuning"))
    parser.add_argument("--run", metavar="JSON", help="do one run, and write its result")
    arguments = parser.parse_args()
    if arguments.run:
        run(arguments.out, Case(**json.loads(arguments.run)))
        return
    lay_out(arguments.images, arguments.out)
    todo = list(cases(arguments.seeds, arguments.steps, arguments.base_steps))
    with ThreadPoolExecutor(arguments.workers) as workers:
        # The base of each size is made once, by the first that asks for it, before all others.
        for round_ in (bases(todo), todo):
            list(workers.map(lambda case: apart(arguments.images, arguments.out, case), round_))
    print("\n".join(table(arguments.out, todo)))
    print(f"\nsheets of samples: {sheets(arguments.out, todo)}")


def cases(seeds: int, steps: int, base_steps: int) -> Iterator[Case]:
    """All runs.

    At 32x32 some seeds, with and without augmentation, and one seed of 100 images for longer; at
    64x64 one seed, with augmentation.
    """
    starts = ("base", "scratch")
    small = itertools.product((100, 300, 0), AUGMENTATIONS, starts, range(seeds))
    for images, augmentation, start, seed in small:
        yield Case(32, images, start, augmentation, seed, steps, base_steps)
    for augmentation, start in itertools.product(AUGMENTATIONS, starts):
        yield Case(32, 100, start, augmentation, 0, LONGER * steps, base_steps)
    for start in starts:
        yield Case(64, 300, start, "diffaugment", 0, steps, base_steps)


def bases(todo: Sequence[Case]) -> list[Case]:
    """The runs that make the bases, one a size."""
    first = {case.side: case for case in todo}
    return [Case(side, 0, "others", "none", 0, case.base_steps, 0) for side, case in first.items()]


def lay_out(file: Path, out: Path) -> None:
    """Write the images as folders of PNGs: those of a base, and some or all of the category.

    Raises:
        RequestError: The file does not hold them.
    """
    if not file.is_file():
        raise SystemExit(f"there is no file {file}")
    with np.load(file, allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
        categories = [str(name) for name in arrays["categories"]]
    if CATEGORY not in categories:
        raise RequestError(f"{file} has no category {CATEGORY!r}")
    chosen = labels == categories.index(CATEGORY)
    own = np.flatnonzero(chosen)
    shuffled = np.random.default_rng(SEED).permutation(own)
    folders = {"others": np.flatnonzero(~chosen), "0": own}
    folders |= {str(number): shuffled[:number] for number in (100, 300)}
    for name, numbers in folders.items():
        folder = out / "images" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            Image.fromarray(images[number]).save(folder / f"{number:04}.png")


def apart(file: Path, out: Path, case: Case) -> None:
    """Do a run in a process of its own, if it is not done."""
    if (out / case.name / "result.json").is_file():
        return
    values = json.dumps(asdict(case))
    command = [sys.executable, "-m", "benchmarks.finetuning", str(file), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*command, "--run", values], check=True, env=environment, stdout=sys.stderr, text=True
    )


def run(out: Path, case: Case) -> None:
    """Train, score against all images of the category, and write the result."""
    ganzoo.register(LITE0)
    folder = out / case.name
    images = out / "images"
    source = images / (case.start if case.start == "others" else str(case.images))
    rate = LEARNING_RATE * (RATE if case.start == "base" else 1)
    config: dict[str, Any] = {
        "data": {"source": str(source.absolute()), "image_size": case.side, "flip": True},
        "training": {**TRAINING, "steps": case.steps, "seed": case.seed},
        "optimizers": {role: {"lr": rate} for role in ("generator", "discriminator")},
        "augmentation": AUGMENTATIONS[case.augmentation],
        "penalties": R1,
    }
    if case.start == "base":
        [base] = bases([case])
        done = ganzoo.finetune(out / base.name / "run", config=config, out=folder / "run")
    else:
        done = ganzoo.train({"architecture": NETWORKS, **config}, out=folder / "run")
    generator = ganzoo.load_generator(done)
    save_grid(generator.sample(24, seed=0), folder / "samples.png", columns=12)
    scores = ganzoo.evaluate(done, images / "0", metrics=METRICS, extractor="lite0", fakes=FAKES)
    values = {score.protocol.metric: score.value for score in scores}
    (folder / "result.json").write_text(json.dumps({**asdict(case), **values}))


def table(out: Path, todo: Sequence[Case]) -> list[str]:
    """Return the lines of a Markdown table: for each setting, medians and ranges over seeds."""
    lines = [
        "| size | images | steps | augmentation | KID-lite0 x 1,000, fine-tuned | from scratch "
        "| recall, fine-tuned | from scratch |",
        f"|{' --- |' * 8}",
    ]
    settings = dict.fromkeys(_setting(case) for case in todo)
    for setting in settings:
        side, images, steps, augmentation = setting
        cells = []
        for metric, start in itertools.product(METRICS, ("base", "scratch")):
            scale = 1_000 if metric == "kid" else 1
            results = [
                json.loads((out / case.name / "result.json").read_text())
                for case in todo
                if _setting(case) == setting and case.start == start
            ]
            cells.append(spread(scale * result[metric] for result in results))
        number = str(images or len(list((out / "images" / "0").iterdir())))
        row = [f"{side}x{side}", number, f"{steps:,}", augmentation, *cells]
        lines.append(f"| {' | '.join(row)} |")
    for base in bases(todo):
        kid, recall = (
            json.loads((out / base.name / "result.json").read_text())[m] for m in METRICS
        )
        side = f"{base.side}x{base.side}"
        lines.append(f"| {side} | the base itself | | | {1_000 * kid:,.0f} | | {recall:.3g} | |")
    return lines


def _setting(case: Case) -> tuple[int, int, int, str]:
    """What tells the rows of the table apart."""
    return case.side, case.images, case.steps, case.augmentation


def sheets(out: Path, todo: Sequence[Case]) -> Path:
    """Put the samples of seed 0 of all settings of a size below each other, and return the folder.

    Rows come in pairs, fine-tuned above from scratch.
    """
    for side in {case.side for case in todo}:
        chosen = [case for case in todo if case.side == side and case.seed == 0]
        images = [Image.open(out / case.name / "samples.png") for case in chosen]
        sheet = Image.new(
            "RGB", (images[0].width, sum(image.height + 4 for image in images)), "white"
        )
        top = 0
        for image in images:
            sheet.paste(image, (0, top))
            top += image.height + 4
        sheet.save(out / f"samples-{side}.png")
    return out


if __name__ == "__main__":
    main()
