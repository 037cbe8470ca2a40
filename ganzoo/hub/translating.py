"""Translating image files by a reference to weights."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.drawing import save_image, to_pil
from ganzoo.errors import RequestError
from ganzoo.hub.loading import load_translator
from ganzoo.networks.given import GivenFile, ImagePath, files_of, read_image
from ganzoo.networks.translator import BATCH_SIZE, Translator

FORMATS = (".png", ".jpg", ".jpeg", ".webp")
"""The endings of an image that is written."""


def translate(
    reference: str | os.PathLike[str] | Translator,
    images: ImagePath | Sequence[ImagePath],
    out: str | os.PathLike[str] | None = None,
    *,
    role: str | None = None,
    use: str | None = None,
    seed: int | None = None,
    raw: bool = False,
    device: str | torch.device = "cpu",
    batch_size: int = BATCH_SIZE,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Translate image files, and write what they become.

    All images are read once before anything is written, so that nothing is begun that one of them
    would stop.

    Args:
        reference: As that of `ganzoo.load`; or a translator itself.
        images: The path of an image or of a folder of images, or a list of these.
        out: For one image, the file to write, which ends in .png, .jpg or .webp; or else a folder,
            in which each image has its own name and the ending .png. Left out, it is
            ``translated.png`` or ``translated``.
        role: Which of the translators; the default one where left out.
        use: As that of `ganzoo.Translator.translate`.
        seed: As that of `ganzoo.Translator.translate`.
        raw: Use the translator as trained instead of its moving average.
        device: Where to compute, unless a translator itself is given.
        batch_size: As that of `ganzoo.Translator.translate`.
        progress: Called with how many images were translated, and how many there are.

    Returns:
        The files that were written, in the order of the images.

    Raises:
        RequestError: An image cannot be read, or has a size that the network does not take; or
            something would be overwritten.
        ganzoo.errors.WeightsError: There are no such weights, or they do not fit.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """
    given = [images] if isinstance(images, str | os.PathLike) else [*images]
    files = [file for image in given for file in files_of(image)]
    alone = len(given) == 1 and not os.path.isdir(Path(given[0]).expanduser())
    targets = _targets(files, out, alone=alone)
    if isinstance(reference, Translator):
        translator = reference
    else:
        translator = load_translator(reference, role, raw=raw, device=device)
    _check(translator, files)
    sources = (_read(translator, file) for file in files)
    results = translator.translations(sources, seed, use, batch_size)
    for done, (target, result) in enumerate(zip(targets, results, strict=True), 1):
        save_image(to_pil(result)[0], target)
        if progress is not None:
            progress(done, len(files))
    return targets


def _targets(
    files: Sequence[GivenFile], out: str | os.PathLike[str] | None, *, alone: bool
) -> list[Path]:
    """Return where each image is written, of which nothing is there yet."""
    if not files:
        raise RequestError("there is nothing to translate; name an image, or a folder of images")
    place = Path(out or ("translated.png" if alone else "translated")).expanduser()
    if place.suffix.lower() in FORMATS:
        if not alone:
            raise RequestError(f"{place} is one image, and several are translated; give a folder")
        if place.exists():
            raise RequestError(f"{place} already exists; give a new file (--out)")
        return [place]
    if place.is_file():
        raise RequestError(
            f"{place} is a file; an image ends in .png, .jpg or .webp, and several need a folder"
        )
    if place.is_dir() and any(place.iterdir()):
        raise RequestError(f"{place} already exists; give a new folder for the images (--out)")
    found: dict[Path, GivenFile] = {}
    for file in files:
        target = (place / file.name).with_suffix(".png")
        if target in found:
            raise RequestError(
                f"{found[target].path} and {file.path} would both become {target}; translate them "
                "into two folders"
            )
        found[target] = file
    return [*found]


def _check(translator: Translator, files: Sequence[GivenFile]) -> None:
    """Check that every image can be read, and has a size that the network takes."""
    sizes = set()
    for file in files:
        size = _read(translator, file).shape[1:]
        if size not in sizes:
            try:
                translator.check_size(*size)
            except RequestError as error:
                raise RequestError(f"{file.path}: {error}") from error
            sizes.add(size)


def _read(translator: Translator, file: GivenFile) -> Tensor:
    background = translator.info.data.background
    return read_image(file.path, translator.source_shape[0], background)
