"""Samples as images: PIL images, grids, and plots of 2-D points."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageShow
from torch import Tensor

from ganzoo.aside import aside
from ganzoo.errors import RequestError
from ganzoo.numbers import whole_number

GAP = 2
"""Pixels between the images of a grid."""

COMFORTABLE = 512
"""Pixels of the longer side to which a grid is enlarged, about, so that it can be looked at."""


def to_pil(images: Tensor) -> list[Image.Image]:
    """Turn images into PIL images.

    Args:
        images: ``(N, C, H, W)`` or ``(C, H, W)`` in [0, 1]. One channel is grey, two are shown as
            red and green, three are colours, and four are colours with alpha.

    Raises:
        RequestError: The tensor is of another shape.
    """
    return [
        Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array)
        for array in _as_bytes(images)
    ]


def save_grid(
    images: Tensor, path: str | Path, *, columns: int | None = None, scale: int | None = None
) -> Path:
    """Write images side by side into one file.

    Args:
        images: ``(N, C, H, W)`` in [0, 1], with channels as `to_pil` has them.
        path: The file to write; its folder is made.
        columns: Images in a row; about a square where left out.
        scale: Whole factor by which every pixel is enlarged; 1 keeps the pixels as they are. If
            left out, the one that makes the grid about 512 pixels wide or high.

    Returns:
        The path.

    Raises:
        RequestError: The tensor holds no images, a number is below 1, or the path cannot be
            written or ends in no known image format.
    """
    return save_image(to_grid(images, columns=columns, scale=scale), path)


def save_each(images: Tensor, folder: str | Path, *, scale: int = 1) -> Path:
    """Write every image into a PNG of its own: ``00000.png``, ``00001.png`` and so on.

    Args:
        images: ``(N, C, H, W)`` in [0, 1], with channels as `to_pil` has them.
        folder: Where to write them; it is made.
        scale: Whole factor by which every pixel is enlarged.

    Returns:
        The folder.

    Raises:
        RequestError: The tensor holds no images, or the folder cannot be written.
    """
    for number, image in enumerate(to_pil(images)):
        save_image(_enlarged(image, scale), Path(folder, f"{number:05d}.png"))
    return Path(folder)


def to_grid(images: Tensor, *, columns: int | None = None, scale: int | None = None) -> Image.Image:
    """Return images side by side as one PIL image; arguments and errors as of `save_grid`."""
    arrays = _as_bytes(images)
    count, height, width, channels = arrays.shape
    square = math.ceil(math.sqrt(count))
    columns = min(count, square if columns is None else whole_number("columns", columns))
    rows = math.ceil(count / columns)
    shape = (rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels)
    sheet = np.full(shape, 255, dtype=np.uint8)
    for index, array in enumerate(arrays):
        top = GAP + (index // columns) * (height + GAP)
        left = GAP + (index % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = array
    image = Image.fromarray(sheet.squeeze(-1) if channels == 1 else sheet)
    if scale is None:
        scale = max(1, round(COMFORTABLE / max(image.size)))
    return _enlarged(image, whole_number("scale", scale))


def show(images: Tensor, *, columns: int | None = None, scale: int | None = None) -> None:
    """Show images side by side: in the notebook, or else in this system's viewer.

    Args:
        images: ``(N, C, H, W)`` in [0, 1], with channels as `to_pil` has them.
        columns: As that of `save_grid`.
        scale: As that of `save_grid`.

    Raises:
        RequestError: The tensor holds no images, or this system has no viewer.
    """
    grid = to_grid(images, columns=columns, scale=scale)
    if "ipykernel" in sys.modules:
        from IPython.display import display  # type: ignore[import-not-found]

        display(grid)
    elif not ImageShow.show(grid):
        raise RequestError("this system has no image viewer; write a file with ganzoo.save_grid")


def plot_points(points: Tensor, extent: float, *, side: int = 256) -> Image.Image:
    """Draw 2-D points as a density, dark where there are many.

    Args:
        points: ``(N, 2)``.
        extent: The plot shows [-extent, extent] in both directions, y upwards.
        side: Width and height in pixels.
    """
    x, y = points.detach().cpu().double().numpy().T
    bounds = [[-extent, extent], [-extent, extent]]
    density, _, _ = np.histogram2d(-y, x, bins=side // 2, range=bounds)
    shade = 255 * np.exp(-density * 500 / max(len(x), 1))
    return Image.fromarray(shade.astype(np.uint8)).resize((side, side), Image.Resampling.NEAREST)


def save_gif(
    frames: Sequence[Image.Image], path: str | Path, *, milliseconds: int = 150, rest: int = 10
) -> Path:
    """Write frames as an endless GIF.

    Args:
        frames: Images of one size, at least one.
        path: The file to write; its folder is made.
        milliseconds: How long a frame stays.
        rest: How many times as long the last one stays; 1 for a film that ends where it began.

    Returns:
        The path.

    Raises:
        RequestError: The path cannot be written.
    """
    times = [milliseconds] * (len(frames) - 1) + [rest * milliseconds]
    first, *others = (frame.convert("P", palette=Image.Palette.ADAPTIVE) for frame in frames)
    return save_image(first, path, save_all=True, append_images=others, duration=times, loop=0)


def save_image(image: Image.Image, path: str | Path, **options: Any) -> Path:
    """Write one image, whole or not at all, and its folder; RequestError if that cannot be."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside(path) as file:
            image.save(file, **options)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestError(f"{path} cannot be written: {reason}") from error
    return path


def _enlarged(image: Image.Image, scale: int) -> Image.Image:
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _as_bytes(images: Tensor) -> NDArray[np.uint8]:
    """Bring images in [0, 1] to uint8 ``(N, H, W, C)``."""
    batch = images.detach()[None] if images.dim() == 3 else images.detach()
    if batch.dim() != 4 or batch.shape[1] not in (1, 2, 3, 4) or not batch.numel():
        raise RequestError(
            f"a tensor of shape {tuple(images.shape)} is not a batch of images, (N, C, H, W) "
            "with C from 1 to 4"
        )
    if batch.shape[1] == 2:
        batch = torch.cat([batch, torch.zeros_like(batch[:, :1])], dim=1)
    scaled = batch.float().clamp(0, 1).mul(255).round().to(torch.uint8)
    array: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).cpu().numpy()
    return array
