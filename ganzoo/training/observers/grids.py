"""Sample grids with fixed latents, and the film that they make."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image

from ganzoo import pictures
from ganzoo.networks import Generator
from ganzoo.training.observers.base import Observer
from ganzoo.training.run import PROGRESS_GIF

if TYPE_CHECKING:
    from ganzoo.training.trainer import Trainer

ROWS = COLUMNS = 8
MAX_CLASSES = 10
POINTS = 4000
FRAMES = 60
SMALL = 48
"""Pictures below this side are enlarged, so that a grid can be looked at."""


class SampleGrids(Observer):
    """Writes ``samples/step-*.png`` at a cadence and ``progress.gif`` at the end.

    The latents are the same every time. A conditional generator gets one row for each class (of
    the first ten). Vectors of two numbers are drawn as points; longer ones are not drawn.
    """

    def start(self, trainer: Trainer) -> None:
        """Show where training starts from."""
        if trainer.step == 0:
            self._write(trainer)

    def step(self, trainer: Trainer) -> None:
        """Write a grid if it is time."""
        every = trainer.config.training.sample_every
        if every and trainer.step % every == 0:
            self._write(trainer)

    def finish(self, trainer: Trainer, completed: bool) -> None:
        """Write the last grid, and the film of all."""
        if not completed:
            return
        self._write(trainer)
        files = sorted(trainer.run.samples.glob("step-*.png"))
        if len(files) > 1:
            stride = math.ceil(len(files) / FRAMES)
            # Counted from the end, so that the last one is always there.
            frames = [Image.open(file) for file in files[::-1][::stride][::-1]]
            pictures.save_gif(frames, trainer.run.path / PROGRESS_GIF)

    def _write(self, trainer: Trainer) -> None:
        path = trainer.run.samples / f"step-{trainer.step:010d}.png"
        shape = trainer.config.architecture.sample_shape
        if path.exists() or (len(shape) == 1 and shape != (2,)):
            return
        trainer.run.samples.mkdir(exist_ok=True)
        sample_sheet(trainer.snapshot(), seed=trainer.config.training.seed).save(path)


def sample_sheet(generator: Generator, *, seed: int) -> Image.Image:
    """Draw a sheet of samples: a grid, with a row for each class; or a plot of points."""
    if generator.info.data.kind == "vectors":
        points = generator.sample(POINTS, seed=seed, batch_size=POINTS)
        return pictures.plot_points(points, extent=2 * max(generator.info.data.scale))
    classes = min(generator.config.num_classes, MAX_CLASSES)
    rows, columns = (classes, MAX_CLASSES) if classes else (ROWS, COLUMNS)
    labels = [row for row in range(rows) for _ in range(columns)] if classes else None
    images = generator.sample(rows * columns, seed=seed, labels=labels)
    scale = math.ceil(SMALL / images.shape[-1])
    return pictures.to_grid(images, columns=columns, scale=scale)
