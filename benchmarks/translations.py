"""What translators learn in half an hour: colours from pairs, and digits from two unpaired sets.

``python -m benchmarks.translations colours IMAGES.npz`` teaches pix2pix the colours of images of
which it sees the luma. The file holds ``images`` uint8 (N, 64, 64, 3); 100 of them are held out.

``python -m benchmarks.translations digits`` teaches CycleGAN to turn white digits on black into
thicker black ones on white. Each domain has 2,250 digits of ``mnist5k`` that the other has not, and
500 are held out.

Each task is laid out as folders of PNGs, trained by ``ganzoo train`` in a process with one thread,
and judged on the images that were held out: a table, and a sheet beside it. Finished runs are kept
and are not repeated.
"""

import argparse
import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

import ganzoo
from benchmarks.digits import digits, fit
from ganzoo.drawing import save_grid
from ganzoo.evaluation.metrics import frechet_distance
from ganzoo.evaluation.moments import Moments
from ganzoo.evaluation.scorer import make_extractor
from ganzoo.networks.translator import Translator
from ganzoo_digits.network import Classifier, grey

COLOURS = (
    "architecture=pix2pix",
    "architecture.downs=2",
    "architecture.generator_width=32",
    "architecture.discriminator_layers=2",
    "architecture.discriminator_width=16",
    "architecture.norm=instance",
    "objective.l1_weight=300",
    "data=pairs",
    "data.image_size=64",
    "data.load_size=null",
    "training.batch_size=4",
    "training.steps=14000",
    "training.sample_every=3500",
    "training.checkpoint_every=0",
    "optimizers.generator.lr.schedule=linear",
    "optimizers.generator.lr.from=5e-3",
    "optimizers.generator.lr.to=0",
    "optimizers.generator.lr.over=run",
    "optimizers.discriminator.lr=5e-4",
)

DIGITS = (
    "architecture=cyclegan",
    "architecture.generator_width=16",
    "architecture.blocks=2",
    "architecture.discriminator_width=32",
    "architecture.discriminator_layers=1",
    "objective.identity_weight=0",
    "data=domains",
    "data.image_size=32",
    "data.load_size=null",
    "data.flip=false",
    "training.batch_size=4",
    "training.steps=1500",
    "training.checkpoint_every=0",
    "optimizers.generator.lr.from=5e-4",
    "optimizers.discriminator.lr.from=5e-4",
    "ema.half_life=1000",
)

SEED = 2026
"""Of the choice of images, and of the classifier."""

PERIODS = (32, 8)
"""Levels of luma in which each wave of a source repeats."""

SHOWN = 24
"""Images of a sheet."""

Images = NDArray[np.uint8]


def main() -> None:
    """Lay out the images of a task, train unless that is done, and print how it is judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/translations"))
    tasks = parser.add_subparsers(dest="task", required=True)
    colours = tasks.add_parser("colours", help="pix2pix, from luma to colour")
    colours.add_argument("images", type=Path, help="the .npz file")
    tasks.add_parser("digits", help="CycleGAN, from digits to thick and inverted ones")
    arguments = parser.parse_args()
    out = arguments.out / arguments.task
    if arguments.task == "colours":
        lay_out_colours(arguments.images, out)
        train(COLOURS, out)
        print("\n".join(judge_colours(out)))
    else:
        lay_out_digits(out)
        train(DIGITS, out)
        print("\n".join(judge_digits(out)))
    print(f"\nsheet: {out / 'sheet.png'}")


def train(settings: Iterable[str], out: Path) -> None:
    """Run ``ganzoo train`` on the two folders of a task, and print the CPU time that it took."""
    run = out / "run"
    if run.exists():
        print(f"{run} is there already, and is judged as it is\n")
        return
    folders = [f"data.{field}={out / 'train' / field}" for field in ("a", "b")]
    arguments = ["train", *settings, *folders, "--out", str(run)]
    print(shlex.join(["ganzoo", *arguments]))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-m", "ganzoo", *arguments], check=True, env=environment, stdout=sys.stderr
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{(used.ru_utime + used.ru_stime) / 60:.1f} minutes of CPU time\n")


def write(folder: Path, images: Images, names: Iterable[str]) -> None:
    """Write images, each under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image).save(folder / f"{name}.png")


def read(folder: Path) -> Tensor:
    """Return the images ``(N, C, H, W)`` of a folder in [0, 1], in the order of their names."""
    images = np.stack([np.asarray(Image.open(file)) for file in sorted(folder.iterdir())])
    if images.ndim == 3:
        images = images[..., None]
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def translated(out: Path, role: str, images: Tensor) -> Tensor:
    """Return what a translator of a task's run makes of images in [0, 1]."""
    translator = ganzoo.load(out / "run", role)
    assert isinstance(translator, Translator)
    return translator.translate(images, seed=0)


def sheet(out: Path, *sets: Tensor) -> None:
    """Write some images of each set, those of one place one below the other."""
    channels = max(images.shape[1] for images in sets)
    rows = torch.linspace(0, len(sets[0]) - 1, SHOWN).long()
    columns = [images[rows].expand(-1, channels, -1, -1) for images in sets]
    save_grid(torch.cat(columns, dim=2), out / "sheet.png", columns=12, scale=1)


def lay_out_colours(file: Path, out: Path) -> None:
    """Write luma and colour of every image, 100 of them aside."""
    if not file.is_file():
        raise SystemExit(f"there is no file {file}")
    with np.load(file, allow_pickle=False) as arrays:
        images: Images = arrays["images"]
    order = np.random.default_rng(SEED).permutation(len(images))
    for part, rows in (("held-out", order[:100]), ("train", order[100:])):
        names = [f"{row:04}" for row in rows]
        luma = np.stack([np.asarray(Image.fromarray(images[row]).convert("L")) for row in rows])
        write(out / part / "a", with_waves(luma), names)
        write(out / part / "b", images[rows], names)


def with_waves(luma: Images) -> Images:
    """Return luma ``(N, H, W)`` and two triangle waves of it ``(N, H, W, 3)``.

    Flat drawings have few colours, and neighbouring levels of luma may belong to green and to blue.
    From luma alone a network learns so steep a function very slowly; waves of it make levels far
    apart (Tancik et al., Fourier Features Let Networks Learn High Frequency Functions in Low
    Dimensional Domains, 2020), and hold nothing that luma does not.
    """
    waves = [abs(luma % period - period / 2) * 510 / period for period in PERIODS]
    return np.stack([luma, *waves], axis=-1).round().astype(np.uint8)


def judge_colours(out: Path) -> list[str]:
    """Return a table of mean absolute errors on the held-out images, and write a sheet."""
    sources, colour = read(out / "held-out" / "a"), read(out / "held-out" / "b")
    luma = sources[:, :1]
    known = read(out / "train" / "a")[:, :1], read(out / "train" / "b")
    means = table_of(*known, lambda pixels: pixels.mean(0))
    medians = table_of(*known, lambda pixels: pixels.median(0).values)
    found = {
        "luma on all three channels": luma.expand_as(colour),
        "mean colour of each level of luma": means[levels(luma)].permute(0, 3, 1, 2),
        "median colour of each level of luma": medians[levels(luma)].permute(0, 3, 1, 2),
        "pix2pix": translated(out, "generator", sources),
    }
    sheet(out, *found.values(), colour)
    errors = {name: float((images - colour).abs().mean()) for name, images in found.items()}
    [own, *_] = errors.values()
    lines = ["| colours | mean absolute error | of the luma's |", "| --- | --- | --- |"]
    return lines + [f"| {name} | {e:.4f} | {e / own:.3f} |" for name, e in errors.items()]


def levels(luma: Tensor) -> Tensor:
    """Return the level 0 to 255 of every pixel: ``(N, 1, H, W)`` in [0, 1] to ``(N, H, W)``."""
    return (255 * luma[:, 0]).round().long()


def table_of(luma: Tensor, colour: Tensor, middle: Callable[[Tensor], Tensor]) -> Tensor:
    """Return a colour ``(256, 3)`` for each level of luma; grey where no pixel has that level.

    Args:
        luma: ``(N, 1, H, W)`` in [0, 1].
        colour: ``(N, 3, H, W)`` in [0, 1].
        middle: What makes one colour of those of a level, ``(M, 3)`` to ``(3,)``.
    """
    places, pixels = levels(luma).flatten(), colour.permute(0, 2, 3, 1).reshape(-1, 3)
    table = torch.linspace(0, 1, 256)[:, None].repeat(1, 3)
    for level in places.unique():
        table[level] = middle(pixels[places == level].double()).float()
    return table


def lay_out_digits(out: Path) -> None:
    """Write 2,250 digits, as many others that are thick and inverted, and 500 of both kinds."""
    images, labels = digits()
    images = F.pad(images, (2, 2, 2, 2))
    random = np.random.default_rng(SEED)
    for label in range(10):
        rows = random.permutation(np.flatnonzero(labels == label))
        held_out, one, other = rows[:50], rows[50::2], rows[51::2]
        for place, chosen, thick in (
            ("train/a", one, False),
            ("train/b", other, True),
            ("held-out/a", held_out, False),
            ("held-out/b", held_out, True),
        ):
            ink = images[torch.from_numpy(chosen)]
            if thick:
                ink = 1 - F.max_pool2d(ink, 3, stride=1, padding=1)
            pixels = (255 * ink[:, 0]).round().to(torch.uint8).numpy()
            write(out / place, pixels, [f"{label}-{row:04}" for row in chosen])


def judge_digits(out: Path) -> list[str]:
    """Return a table of what was made of the held-out digits, and write a sheet.

    All is compared with the target domain that was trained on, turned to white on black: the median
    width of strokes as a share of its, FID-digits, and the verdict of a classifier of its digits.
    """
    inputs, wanted = read(out / "held-out" / "a"), read(out / "held-out" / "b")
    target = 1 - read(out / "train" / "b")
    made = translated(out, "a_to_b", inputs)
    sheet(out, inputs, made, wanted, translated(out, "b_to_a", made))
    extractor = make_extractor("digits")
    moments = Moments.of(extractor(target).features)
    width = np.median(stroke_widths(target))
    torch.manual_seed(SEED)
    classifier = Classifier()
    fit(classifier, grey(target), labels_of(out / "train" / "b"))
    classifier.eval()
    labels = labels_of(out / "held-out" / "a")
    lines = ["| digits | stroke width | FID-digits | digit kept |", f"|{' --- |' * 4}"]
    found = {"inverted": inputs, "CycleGAN": 1 - made, "inverted and thickened": 1 - wanted}
    for name, ink in found.items():
        share = np.median(stroke_widths(ink)) / width
        fid = frechet_distance(moments, Moments.of(extractor(ink).features))
        with torch.no_grad():
            kept = (classifier(grey(ink))[1].argmax(1) == labels).double().mean()
        lines.append(f"| {name} | {share:.3f} | {fid:.2f} | {kept:.1%} |")
    return lines


def labels_of(folder: Path) -> Tensor:
    """Return the digit of every image of a folder, in the order of their names."""
    return torch.tensor([int(file.name[0]) for file in sorted(folder.iterdir())])


def stroke_widths(ink: Tensor) -> NDArray[np.float64]:
    """Return the mean width in pixels of the strokes of each image.

    Across a stroke w wide the mean distance from its edges is w / 4, and half a pixel more where
    distances are counted between the centres of pixels. Images are made four times larger first, so
    that the distance of those pixels is the width in pixels of the image.

    Args:
        ink: ``(N, 1, H, W)`` in [0, 1]; ink is what is above a half.
    """
    large = F.interpolate(ink, scale_factor=4, mode="bilinear", align_corners=False)[:, 0] > 0.5
    distances = [ndimage.distance_transform_edt(np.pad(image, 1)) for image in large.numpy()]
    return np.array([d[d > 0].mean() - 0.5 if d.any() else 0.0 for d in distances])


if __name__ == "__main__":
    main()
