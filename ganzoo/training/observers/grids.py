"""Sample grids with fixed latents, and the film that they make."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from ganzoo import drawing
from ganzoo.training.observers.observer import Observer
from ganzoo.training.run import PROGRESS_GIF

if TYPE_CHECKING:
    from ganzoo.training.trainer import Trainer

FRAMES = 60
"""Most frames of the film."""


class SampleGrids(Observer):
    """Writes ``samples/step-*.png`` at a cadence and ``progress.gif`` at the end.

    The latents are the same every time.
    """

    def start(self, trainer: Trainer) -> None:
        """Show where training starts from; a film of before is out of date."""
        (trainer.run.path / PROGRESS_GIF).unlink(missing_ok=True)
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
        if files:
            stride = math.ceil(len(files) / FRAMES)
            # Counted from the end, so that the last one is always there.
            found = map(_opened, files[::-1][::stride][::-1])
            frames = [frame for frame in found if frame is not None]
            drawing.save_gif(frames, trainer.run.path / PROGRESS_GIF)

    def _write(self, trainer: Trainer) -> None:
        path = trainer.run.grid(trainer.step)
        if path.exists() and _opened(path) is not None:
            return
        sheet = trainer.sheet()
        if sheet is not None:
            drawing.save_image(sheet, path)


def _opened(path: Path) -> Image.Image | None:
    """Read a grid; None where it is not whole, as older versions left it when they were killed."""
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except (OSError, SyntaxError, ValueError):
        return None
