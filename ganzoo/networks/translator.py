"""Translating images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.config import TranslatorConfig
from ganzoo.errors import RequestError
from ganzoo.networks.base import Network, evaluating
from ganzoo.randomness import TURN, Draws, checked_seed, isolated, seed_for, takes_draws
from ganzoo.settings import own_settings
from ganzoo.spec import Architecture

USES = ("published", "eval")


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

    @own_settings(grad=False)
    def translate(
        self, images: Tensor, *, seed: int | None = None, use: str | None = None
    ) -> Tensor:
        """Translate images, each by itself, without touching the global random state.

        Args:
            images: ``(N, C, H, W)`` in [0, 1], of any size that the network allows, with the
                channels of its sources.
            seed: Of the dropout, where the network is used as published; None draws a new one.
            use: ``published`` (with dropout and the statistics of each image) or ``eval``
                (without dropout, with the statistics of the training); the config's own where
                left out.

        Returns:
            Images ``(N, C', H, W)``, float32 in [0, 1], on the network's device.

        Raises:
            RequestError: The images have other channels, or a size that the network does not
                take; or there is no such use.
        """
        use = use or getattr(self.config, "use", "eval")
        if use not in USES:
            raise RequestError(f"use is {use!r}; it must be published or eval")
        seed, channels = checked_seed(seed), self._channels
        if images.dim() != 4 or images.shape[1] != channels:
            raise RequestError(
                f"the images have the shape {tuple(images.shape)}; {self.role} of "
                f"{self.config.name} takes (N, {channels}, H, W)"
            )
        mode = _as_published(self.module) if use == "published" else evaluating(self.module)
        dtype, made = next(self.module.parameters()).dtype, []
        with TURN, mode:
            for index in range(len(images)):
                image = images[index : index + 1].to(self.device, dtype).mul(2).sub(1)
                place = (seed, "translate", index)
                with isolated(self.device, seed_for(*place)):
                    draws = Draws(place, 1, device=self.device, dtype=dtype)
                    made.append(self._called(image, draws))
        return torch.cat(made).float().add(1).div(2).clamp(0, 1)

    def _called(self, image: Tensor, draws: Draws) -> Tensor:
        if takes_draws(self.module):
            return cast(Tensor, self.module(image, draws=draws))
        return cast(Tensor, self.module(image))

    @property
    def _channels(self) -> int:
        """The channels of its sources: of the field that it reads."""
        spec = registry.get(Architecture, self.config.name)
        return spec.shape_of(spec.networks[self.role].reads[0], self.config)[0]


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
