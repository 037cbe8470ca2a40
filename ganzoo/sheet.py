"""Sheets and films of samples: what a person looks at first."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor

from ganzoo import drawing

if TYPE_CHECKING:
    from ganzoo.networks.generator import Generator

ROWS = COLUMNS = 8
MAX_CLASSES = 10
FILM_COLUMNS = 5
POINTS = 4000
SMALL = 48
"""Images below this side are enlarged, so that a sheet can be looked at."""

ALONE = 128
"""The same for images that stand alone."""


def sample_sheet(generator: Generator, *, seed: int = 0) -> Image.Image | None:
    """Draw a sheet of samples.

    Images become a grid; of a conditional generator with a row for each class (of the first
    ten). Vectors of two numbers become a plot of points; of longer ones, and of more channels than
    an image file has, there is no image: None.
    """
    shape = generator.config.sample_shape
    if shape[0] > 4 or (len(shape) == 1 and shape != (2,)):
        return None
    if generator.info.data.kind == "vectors":
        points = generator.sample(POINTS, seed=seed, batch_size=POINTS)
        return drawing.plot_points(points, extent=2 * max(generator.info.data.scale or [1.0]))
    classes = min(generator.config.num_classes, MAX_CLASSES)
    rows, columns = (classes, MAX_CLASSES) if classes else (ROWS, COLUMNS)
    labels = [label for label in generator.classes[:rows] for _ in range(columns)] or None
    images = generator.sample(rows * columns, seed=seed, labels=labels)
    return drawing.to_grid(images, columns=columns, scale=_scale(images, SMALL))


def translation_sheet(columns: Sequence[Tensor]) -> Image.Image:
    """Draw images beside what they were translated into.

    Args:
        columns: Each ``(N, C, H, W)`` in [0, 1], of the same sides; grey ones become colour.
    """
    colour = [c.float().cpu().expand(-1, 3 if c.shape[1] == 1 else -1, -1, -1) for c in columns]
    rows = torch.stack(colour, dim=1).flatten(0, 1)
    return drawing.to_grid(rows, columns=len(columns), scale=_scale(rows, SMALL))


def interpolation_sheet(generator: Generator, n: int, **options: Any) -> Image.Image:
    """Draw ways between latents as a grid with a row for each leg; options of `interpolate`."""
    legs = generator.interpolate(n, **options)
    images = legs.flatten(0, 1)
    return drawing.to_grid(images, columns=legs.shape[1], scale=_scale(images, SMALL))


def interpolation_film(
    generator: Generator, n: int, *, labels: int | str | None = None, **options: Any
) -> list[Image.Image]:
    """Draw a round of ways between latents as the frames of a film without an end.

    Where no class is given, every frame of a conditional generator shows each class (of the first
    ten) at the same latent, so that no cut is needed. Options are those of `interpolate`.
    """
    classes: Sequence[int | str | None] = [labels]
    if labels is None and generator.config.num_classes:
        classes = generator.classes[:MAX_CLASSES]
    films = torch.stack(
        [
            # The end of a leg is the beginning of the next.
            generator.interpolate(n, labels=label, loop=True, **options)[:, :-1].flatten(0, 1)
            for label in classes
        ],
        dim=1,
    )
    scale = _scale(films, SMALL if len(classes) > 1 else ALONE)
    columns = min(len(classes), FILM_COLUMNS)
    return [drawing.to_grid(frame, columns=columns, scale=scale) for frame in films]


def blend_sheet(
    generator: Generator, start: int | str, end: int | str, n: int, **options: Any
) -> Image.Image:
    """Draw ways between classes as a grid with a row for each latent; options of `blend`."""
    rows = generator.blend(start, end, n, **options)
    images = rows.flatten(0, 1)
    return drawing.to_grid(images, columns=rows.shape[1], scale=_scale(images, SMALL))


def blend_film(
    generator: Generator, start: int | str, end: int | str, n: int, **options: Any
) -> list[Image.Image]:
    """Draw ways from one class to another and back as a film that shows all latents at once.

    Arguments and errors are those of `blend_sheet`.
    """
    there = generator.blend(start, end, n, **options).transpose(0, 1)
    frames = torch.cat([there, there[1:-1].flip(0)])
    scale, columns = _scale(frames, SMALL if n > 1 else ALONE), min(n, FILM_COLUMNS)
    return [drawing.to_grid(frame, columns=columns, scale=scale) for frame in frames]


def to_html(text: str, sheet: Image.Image | None) -> str:
    """Put a line of text above a sheet, as notebooks show them."""
    if sheet is None:
        return f"<p>{html.escape(text)}</p>"
    file = io.BytesIO()
    sheet.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f'<p>{html.escape(text)}</p><img src="data:image/png;base64,{data}">'


def _scale(images: Tensor, side: int) -> int:
    """The factor that makes images at least as wide as a side."""
    return math.ceil(side / images.shape[-1])
