"""The networks of pix2pix, and what every pair of translator and critic is made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo_pix2pix.config import Pix2pixConfig
from ganzoo_pix2pix.critics import patch_layers, pixel_layers
from ganzoo_pix2pix.generators import Resnet, Unet
from ganzoo_pix2pix.layers import by_convolution, check_size, initialise

if TYPE_CHECKING:
    from ganzoo.randomness import Draws


class Translator(nn.Module):
    """Images ``(N, inputs, H, W)`` to images ``(N, outputs, H, W)``, both in [-1, 1].

    Args:
        config: What kind of network it is, and its sizes.
        inputs: Channels of the images that it takes.
        outputs: Channels of those that it makes.
    """

    def __init__(self, config: Pix2pixConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        kind = Unet if config.generator == "unet" else Resnet
        self.network: Unet | Resnet = kind(config, inputs, outputs)
        self.apply(initialise)

    def stages(self) -> Sequence[nn.Module | list[nn.Module]]:
        """Return the parts of the network, from input to output."""
        return self.network.stages()

    def forward(
        self,
        images: Tensor,
        latents: Tensor | None = None,
        labels: Tensor | None = None,
        *,
        draws: Draws | None = None,
    ) -> Tensor:
        """Translate images of any size that the network allows; there are no latents or labels.

        Args:
            images: ``(N, inputs, H, W)``.
            latents: Not used.
            labels: Not used.
            draws: Random numbers of N rows, from which dropout takes its masks in training mode;
                torch's global random state where left out.

        Raises:
            RequestError: The network does not take images of this height or width.
        """
        made: Tensor = self.network(images, draws)
        return made


class Critic(nn.Module):
    """Images ``(N, C, H, W)`` to logits ``(N, 1, h, w)``, one for each patch or pixel.

    Args:
        config: What kind of network it is, and its sizes.
        channels: Channels of the images that it scores.
        condition: Channels of the images beside which it scores them; 0 for none.
    """

    def __init__(self, config: Pix2pixConfig, channels: int, condition: int = 0) -> None:
        super().__init__()
        make = patch_layers if config.discriminator == "patch" else pixel_layers
        self.layers = make(config, condition + channels)
        self.conditional, self.least = condition > 0, config.least_judged
        self.apply(initialise)

    def stages(self) -> list[list[nn.Module]]:
        """Return each convolution with its norm, from the image to the logits."""
        return by_convolution(self.layers)

    def forward(
        self, samples: Tensor, labels: Tensor | None = None, condition: Tensor | None = None
    ) -> Tensor:
        """Return logits; there are no labels, and a condition where the critic was made for one.

        Raises:
            RequestError: The images are smaller than a patch discriminator can score.
        """
        check_size(samples, 1, self.least, "patch discriminator")
        if self.conditional:
            if condition is None:
                raise ValueError("a conditional discriminator needs a condition")
            samples = torch.cat([condition, samples], dim=1)
        logits: Tensor = self.layers(samples)
        return logits


class Generator(Translator):
    """From source to target."""

    def __init__(self, config: Pix2pixConfig) -> None:
        super().__init__(config, config.source_shape[0], config.sample_shape[0])


class Discriminator(Critic):
    """Scores a target, real or made, beside its source."""

    def __init__(self, config: Pix2pixConfig) -> None:
        super().__init__(config, config.sample_shape[0], condition=config.source_shape[0])
