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
from collections.abc import Iterable
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

SEED = 2026
"""Of the choice of images, and of the classifier."""

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
        rows = judge_colours(out)
    else:
        lay_out_digits(out)
        train(DIGITS, out)
        rows = judge_digits(out)
    print("\n".join(rows))
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


# Colours --------------------------------------------------------------------------------------

COLOURS = (
    "architecture=pix2pix",
    "architecture.generator_width=16",
    "architecture.discriminator_width=16",
    "architecture.discriminator_layers=2",
    "architecture.use=eval",
    "data=pairs",
    "data.image_size=64",
    "data.load_size=null",
    "training.batch_size=8",
    "training.steps=8000",
    "optimizers.generator.lr.schedule=linear",
    "optimizers.generator.lr.from=1e-3",
    "optimizers.generator.lr.to=0",
    "optimizers.generator.lr.over=64000",
)


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
        write(out / part / "a", luma, names)
        write(out / part / "b", images[rows], names)


def judge_colours(out: Path) -> list[str]:
    """Return a table of mean absolute errors on the held-out images, and write a sheet."""
    luma, colour = read(out / "held-out" / "a"), read(out / "held-out" / "b")
    translator = ganzoo.load(out / "run")
    assert isinstance(translator, Translator)
    made = translator.translate(luma, seed=0)
    table = mean_colours(read(out / "train" / "a"), read(out / "train" / "b"))
    found = {
        "luma on all three channels": luma.expand_as(colour),
        "mean colour of each level of luma": table[levels(luma)].permute(0, 3, 1, 2),
        "pix2pix": made,
    }
    errors = {name: float((images - colour).abs().mean()) for name, images in found.items()}
    [own, *_] = errors.values()
    save_grid(beside(*(images[:SHOWN] for images in (*found.values(), colour))), out / "sheet.png",
              columns=12, scale=1)  # fmt: skip
    lines = ["| colours | mean absolute error | of the luma's |", "| --- | --- | --- |"]
    return lines + [f"| {name} | {e:.4f} | {e / own:.3f} |" for name, e in errors.items()]


def levels(luma: Tensor) -> Tensor:
    """Return the level 0 to 255 of every pixel: ``(N, 1, H, W)`` in [0, 1] to ``(N, H, W)``."""
    return (255 * luma[:, 0]).round().long()


def mean_colours(luma: Tensor, colour: Tensor) -> Tensor:
    """Return the mean colour ``(256, 3)`` of the pixels of each level; its own where there is none.

    Args:
        luma: ``(N, 1, H, W)`` in [0, 1].
        colour: ``(N, 3, H, W)`` in [0, 1].
    """
    places = levels(luma).flatten()
    pixels = colour.permute(0, 2, 3, 1).reshape(-1, 3).double()
    sums = torch.zeros(256, 3, dtype=torch.float64).index_add_(0, places, pixels)
    counts = places.bincount(minlength=256)[:, None]
    own = torch.linspace(0, 1, 256, dtype=torch.float64)[:, None].expand(256, 3)
    return torch.where(counts > 0, sums / counts.clamp(min=1), own).float()


# Digits ---------------------------------------------------------------------------------------

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
    "training.batch_size=8",
    "training.steps=5000",
)


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
    """Return a table of what was made of the held-out digits, and write a sheet."""
    inputs, wanted = read(out / "held-out" / "a"), read(out / "held-out" / "b")
    target = 1 - read(out / "train" / "b")
    translator = ganzoo.load(out / "run", "a_to_b")
    assert isinstance(translator, Translator)
    made = translator.translate(inputs, seed=0)
    back = ganzoo.load(out / "run", "b_to_a")
    assert isinstance(back, Translator)
    save_grid(
        beside(*(images[:: 500 // SHOWN][:SHOWN] for images in
                 (inputs, made, wanted, back.translate(made, seed=0)))),
        out / "sheet.png", columns=12, scale=2,
    )  # fmt: skip
    extractor = make_extractor("digits")
    moments = Moments.of(extractor(target).features)
    width = float(np.median(stroke_widths(target)))
    classifier = classifier_of(target, labels_of(out / "train" / "b"))
    labels = labels_of(out / "held-out" / "a")
    lines = [
        "| digits | stroke width, of the target's | FID-digits | digit kept |",
        "| --- | --- | --- | --- |",
    ]
    for name, ink in (
        ("inverted", inputs),
        ("CycleGAN", 1 - made),
        ("inverted and thickened", 1 - wanted),
    ):
        share = float(np.median(stroke_widths(ink))) / width
        fid = frechet_distance(moments, Moments.of(extractor(ink).features))
        with torch.no_grad():
            kept = (classifier(grey(ink))[1].argmax(1) == labels).double().mean()
        lines.append(f"| {name} | {share:.3f} | {fid:.2f} | {kept:.1%} |")
    return lines


def labels_of(folder: Path) -> Tensor:
    """Return the digit of every image of a folder, in the order of their names."""
    return torch.tensor([int(file.name[0]) for file in sorted(folder.iterdir())])


def classifier_of(ink: Tensor, labels: Tensor) -> Classifier:
    """Train a classifier of white digits ``(N, 1, H, W)`` on black."""
    torch.manual_seed(SEED)
    classifier = Classifier()
    fit(classifier, grey(ink), labels)
    return classifier.eval()


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


def beside(*sets: Tensor) -> Tensor:
    """Return one image for each place of the sets: theirs ``(C, H, W)``, one below the other."""
    channels = max(images.shape[1] for images in sets)
    return torch.cat([images.expand(-1, channels, -1, -1) for images in sets], dim=2)


if __name__ == "__main__":
    main()
