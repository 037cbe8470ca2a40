"""Images that a user gives a network: files, folders, PIL images and tensors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image, ImageColor
from torch import Tensor

from ganzoo.data.decoding import EXTENSIONS, decode
from ganzoo.data.sources.filenames import is_image
from ganzoo.data.sources.folder import files_below
from ganzoo.data.sources.pixels import as_file
from ganzoo.errors import DataError, RequestError

ImagePath = str | os.PathLike[str]
"""The path of an image, or of a folder of images."""

READ = (1, 3, 4)
"""Numbers of channels that an image can be brought to: grey, colour, colour with alpha."""

LUMA = (0.299, 0.587, 0.114)
"""The shares of red, green and blue in grey, as Pillow has them (ITU-R BT.601)."""

TOLERANCE = 1e-3
"""How far rounding may lead out of [0, 1]."""


class GivenFile(NamedTuple):
    """An image file, and its path below the folder that was given, or else its name."""

    path: Path
    name: str


def files_of(path: ImagePath) -> list[GivenFile]:
    """Return a file, or the images below a folder in the order of their paths.

    Raises:
        RequestError: There is no such file or folder, or the folder holds no images.
    """
    place = Path(path).expanduser()
    if not place.is_dir():
        if not os.path.lexists(place):
            raise RequestError(f"there is no image {path}")
        return [GivenFile(place, place.name)]
    names = sorted(name for name, _ in files_below(str(place)) if is_image(name))
    if not names:
        raise RequestError(f"{path} holds no images ({', '.join(sorted(EXTENSIONS))})")
    return [GivenFile(place / name, name) for name in names]


def read_image(given: ImagePath | Image.Image, channels: int, background: str) -> Tensor:
    """Read an image, in the channels that a network takes.

    Args:
        given: Its path, or a PIL image.
        channels: 1 for grey, 3 for colour, 4 for colour with alpha.
        background: The colour behind transparent images, as Pillow knows it.

    Returns:
        float32 ``(channels, H, W)`` in [0, 1].

    Raises:
        ganzoo.errors.DataError: It cannot be read; the message names it.
    """
    if channels not in READ:
        raise RequestError(
            f"the network reads images of {channels} channels, and files have 1, 3 or 4; give a "
            "tensor"
        )
    if isinstance(given, Image.Image):
        try:
            pixels = as_file(given, "the image", channels, background)
        except (OSError, ValueError) as error:  # of a mode that no file has
            raise DataError(f"the image, of mode {given.mode}, cannot be read: {error}") from error
    else:
        pixels = decode(given, os.fspath(given), channels, background=background)
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], channels)).permute(2, 0, 1) / 255


def in_channels(images: Tensor, channels: int, background: str) -> Tensor:
    """Bring a tensor of images to [0, 1] and to the channels that a network takes.

    Args:
        images: ``(N, C, H, W)``, uint8, or floats in [0, 1].
        channels: As that of `read_image`; or the images' own, whatever that is.
        background: As that of `read_image`.

    Raises:
        RequestError: It has another shape, type or range, or there is no way to those channels.
    """
    if images.dim() != 4 or not images.numel():
        raise RequestError(
            f"a tensor of shape {tuple(images.shape)} is not a batch of images, (N, C, H, W), or "
            "one image, (C, H, W)"
        )
    if images.dtype == torch.uint8:
        images = images / 255
    elif not images.is_floating_point():
        raise RequestError(f"the images are {images.dtype}; give uint8, or floats in [0, 1]")
    low, high = images.min().item(), images.max().item()
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise RequestError(
            f"the images range from {low:.4g} to {high:.4g}; give uint8, or floats in [0, 1]"
        )
    given = images.shape[1]
    if given == channels:
        return images
    if not {given, channels} <= {*READ}:
        raise RequestError(
            f"the images have {given} channels, and the network reads {channels}; give as many"
        )
    if given == 4:
        colour = [number / 255 for number in ImageColor.getrgb(background)[:3]]
        images, alpha = images[:, :3], images[:, 3:]
        images = images * alpha + images.new_tensor(colour)[:, None, None] * (1 - alpha)
    if channels == 1 < images.shape[1]:
        return (images * images.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    images = images.expand(-1, 3, -1, -1)
    return images if channels == 3 else torch.cat([images, torch.ones_like(images[:, :1])], dim=1)
