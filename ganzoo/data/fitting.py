"""Bringing an image to the shape that networks take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageOps

from ganzoo.data.decoding import WHITE, clear_to, put_on
from ganzoo.spec import Shape

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def fit_image(
    sample: NDArray[Any], shape: Shape, *, fit: str = "crop", background: str = WHITE
) -> NDArray[np.uint8]:
    """Bring one image to a shape by antialiased bicubic resizing, grey or colour.

    Of another aspect ``crop`` cuts off what is too long, the same at both ends; ``pad`` adds the
    background (clear, where the shape has alpha) at both ends; ``stretch`` distorts. Where images
    have alpha, clear pixels lend their neighbours no colour.

    Args:
        sample: uint8 (H, W) or (H, W, C).
        shape: ``(C, height, width)`` with C of 1 or 3, or the image's own.
        fit: ``crop``, ``pad`` or ``stretch``.
        background: A colour as Pillow knows them.

    Returns:
        uint8 (height, width, C).
    """
    channels, height, width = shape
    if sample.dtype != np.uint8:
        raise TypeError(f"images are uint8, and the dataset reads {sample.dtype}")
    if sample.ndim == 3 and sample.shape[2] == 1:
        sample = sample[:, :, 0]
    if sample.shape == ((height, width) if channels == 1 else (height, width, channels)):
        return sample.reshape(height, width, channels)
    image = Image.fromarray(sample)
    if len(image.getbands()) != channels:
        if image.mode == "RGBA":
            image = put_on(image, background)
        image = image.convert(MODES[channels])
    if image.size != (width, height):
        image = _resized(image, (width, height), fit, background)
    pixels = np.asarray(image).reshape(height, width, channels)
    return clear_to(pixels, background) if channels == 4 else pixels


def _resized(image: Image.Image, size: tuple[int, int], fit: str, background: str) -> Image.Image:
    bicubic = Image.Resampling.BICUBIC
    if fit == "crop":
        return ImageOps.fit(image, size, bicubic)
    if fit == "stretch":
        return image.resize(size, bicubic)
    factor = min(size[0] / image.width, size[1] / image.height)
    inner = image.resize(
        (max(1, round(image.width * factor)), max(1, round(image.height * factor))), bicubic
    )
    colour = ImageColor.getcolor(background, image.mode)
    if image.mode == "RGBA":
        colour = (*ImageColor.getrgb(background)[:3], 0)
    sheet = Image.new(image.mode, size, colour)
    sheet.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return sheet
