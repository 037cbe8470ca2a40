"""Translating images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import cast, overload

import torch
from PIL import Image
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.config import TranslatorConfig
from ganzoo.drawing import to_pil
from ganzoo.errors import GanzooError, RequestError, brief
from ganzoo.memory import is_shortage
from ganzoo.networks.base import Network, evaluating
from ganzoo.networks.given import ImagePath, files_of, in_channels, read_image
from ganzoo.numbers import whole_number
from ganzoo.randomness import TURN, Draws, checked_seed, isolated, seed_for, takes_draws
from ganzoo.settings import own_settings
from ganzoo.spec import Architecture

USES = ("published", "eval")

BATCH_SIZE = 8
"""How many images are translated at once, where they do not depend on each other."""


class Translator(Network):
    """A translator: images ``(N, C, H, W)`` in [-1, 1] to images ``(N, C', H, W)`` in [-1, 1]."""

    @property
    def config(self) -> TranslatorConfig:
        """The architecture's config."""
        config = self.info.architecture
        assert isinstance(config, TranslatorConfig)
        return config

    def forward(
        self,
        images: Tensor,
        latents: Tensor | None = None,
        labels: Tensor | None = None,
        *,
        draws: Draws | None = None,
    ) -> Tensor:
        """Translate images, in the mode that the network is in."""
        if draws is None:
            return cast(Tensor, self.module(images, latents, labels))
        return cast(Tensor, self.module(images, latents, labels, draws=draws))

    @overload
    def translate(
        self,
        images: Tensor,
        *,
        seed: int | None = None,
        use: str | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> Tensor: ...

    @overload
    def translate(
        self,
        images: Image.Image,
        *,
        seed: int | None = None,
        use: str | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> Image.Image: ...

    @overload  # before that of sequences, as text is one
    def translate(  # type: ignore[overload-overlap]
        self,
        images: ImagePath,
        *,
        seed: int | None = None,
        use: str | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> Image.Image | list[Image.Image]: ...

    @overload
    def translate(
        self,
        images: Sequence[ImagePath | Image.Image],
        *,
        seed: int | None = None,
        use: str | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> list[Image.Image]: ...

    def translate(
        self,
        images: Tensor | ImagePath | Image.Image | Sequence[ImagePath | Image.Image],
        *,
        seed: int | None = None,
        use: str | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> Tensor | Image.Image | list[Image.Image]:
        """Translate images without touching the global random state.

        Images may have any size that the network takes, each its own. They are brought to the
        channels that the network reads: grey or colour, and what is transparent is put on the
        background that training had.

        Args:
            images: The path of an image or of a folder of images, a PIL image, a list of these, or
                a tensor ``(N, C, H, W)`` or ``(C, H, W)``: uint8, or floats in [0, 1].
            seed: Of the dropout, where the network is used as published; None draws a new one.
            use: ``published`` (in training mode: with dropout and the statistics of each image, so
                that images are translated one by one) or ``eval`` (without dropout, and with the
                statistics of training); the config's own where left out.
            batch_size: How many images of one size are translated at once, used as ``eval``.

        Returns:
            What was given: for a tensor a tensor of as many dimensions, float32 in [0, 1], on the
            network's device; for one image a PIL image; for a list or a folder a list of them, of a
            folder in the order of the paths.

        Raises:
            RequestError: An image cannot be read, has channels or a size that the network does not
                take, or there is no such use.
        """
        options = (seed, use, batch_size)
        background = self.info.data.background
        if isinstance(images, Tensor):
            batch = images[None] if images.dim() == 3 else images
            given = in_channels(batch, self.source_shape[0], background)
            made = torch.stack([*self.translations(given, *options)])
            return made[0] if images.dim() == 3 else made
        several = True
        if isinstance(images, Image.Image):
            images, several = [images], False
        elif isinstance(images, str | os.PathLike):
            several, images = os.path.isdir(images), [file.path for file in files_of(images)]
        found = [read_image(image, self.source_shape[0], background) for image in images]
        for height, width in {image.shape[1:] for image in found}:
            self.check_size(height, width)
        results = [to_pil(made)[0] for made in self.translations(found, *options)]
        return results if several else results[0]

    def translations(
        self, images: Iterable[Tensor], seed: int | None, use: str | None, batch_size: int
    ) -> Iterator[Tensor]:
        """Translate images one after another, of which a batch is held at a time.

        What is made of an image depends on the seed and on its place among the images.

        Args:
            images: Each ``(C, H, W)`` in [0, 1], with the channels that the network reads.
            seed: As that of `translate`.
            use: As that of `translate`.
            batch_size: As that of `translate`.

        Yields:
            Each image, ``(C', H, W)``, float32 in [0, 1].
        """
        use = use or self.config.use
        if use not in USES:
            raise RequestError(f"use is {use!r}; it must be published or eval")
        seed, most = checked_seed(seed), whole_number("batch_size", batch_size)
        place = 0
        for batch in _batches(images, 1 if use == "published" else most):
            yield from self._translated(batch, seed, place, published=use == "published")
            place += len(batch)

    @own_settings(grad=False)
    def _translated(self, batch: Tensor, seed: int, place: int, *, published: bool) -> Tensor:
        """Translate images of one size, of which the first has a place among all."""
        dtype = next(self.module.parameters()).dtype
        start = (seed, "translate", place)
        mode = _as_published(self.module) if published else evaluating(self.module)
        with TURN, mode, isolated(self.device, seed_for(*start)):
            images = batch.to(self.device, dtype).mul(2).sub(1)
            options = {}
            if takes_draws(self.module):
                options["draws"] = Draws(start, len(batch), device=self.device, dtype=dtype)
            try:
                made = self.module(images, **options)
            except Exception as error:  # a plugin may raise anything
                self._check_trained_size(batch.shape, error)
                raise
        return cast(Tensor, made).float().add(1).div(2).clamp(0, 1)

    def check_size(self, height: int, width: int) -> None:
        """Check that the network does not refuse images of a size before it computes anything.

        Raises:
            RequestError: It does; the message names sizes that it takes.
        """
        layers = [part for part in self.module.modules() if not [*part.children()]]
        with own_settings(grad=False), TURN, ExitStack() as hooks:
            for layer in layers:
                hooks.enter_context(layer.register_forward_pre_hook(_stop))
            image = torch.zeros(1, self.source_shape[0], height, width, device=self.device)
            with suppress(_BegunError):
                self.module(image)

    def _check_trained_size(self, shape: torch.Size, error: Exception) -> None:
        """Blame the size, if it is not that of training, for an error that tells of none."""
        given, trained = ("x".join(map(str, s[-2:])) for s in (shape, self.source_shape))
        if given != trained and not isinstance(error, GanzooError) and not is_shortage(error):
            raise RequestError(
                f"images of {given} pixels do not fit {self.role} of {self.config.name} "
                f"({brief(error)}); crop or resize them, as to {trained}, the size of its training"
            ) from error

    @property
    def source_shape(self) -> tuple[int, ...]:
        """The shape ``(C, H, W)`` of the images that it was trained to translate."""
        spec = registry.get(Architecture, self.config.name)
        return spec.shape_of(spec.networks[self.role].reads[0], self.config)


class _BegunError(Exception):
    """A network took an image, and begins to compute."""


def _stop(module: nn.Module, inputs: object) -> None:
    raise _BegunError


def _batches(images: Iterable[Tensor], most: int) -> Iterator[Tensor]:
    """Stack images that follow each other and have one size."""
    batch: list[Tensor] = []
    for image in images:
        if batch and (len(batch) == most or image.shape != batch[0].shape):
            yield torch.stack(batch)
            batch = []
        batch.append(image)
    if batch:
        yield torch.stack(batch)


@contextmanager
def _as_published(network: nn.Module) -> Iterator[nn.Module]:
    """Keep a network in training mode, and put its mode and its statistics back."""
    modes = [(part, part.training) for part in network.modules()]
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    network.train()
    try:
        yield network
    finally:
        for part, mode in modes:
            part.training = mode
        for name, buffer in network.named_buffers():
            buffer.copy_(buffers[name])
