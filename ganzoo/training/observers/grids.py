"""Sample grids with fixed latents, and the film that they make."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image

from ganzoo import pictures
from ganzoo.sheet import sample_sheet
from ganzoo.training.observers.base import Observer
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
        if path.exists():
            return
        sheet = sample_sheet(trainer.snapshot(), seed=trainer.config.training.seed)
        if sheet is not None:
            trainer.run.samples.mkdir(exist_ok=True)
            sheet.save(path)
