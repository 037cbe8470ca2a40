"""The layers of the critics: of overlapping patches, and of single pixels.

Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017.
"""

from torch import nn

from ganzoo_pix2pix.config import Pix2pixConfig
from ganzoo_pix2pix.layers import SLOPE, biased, normalisation

MOST = 8
"""How many times its first width a critic of patches has at most."""


def patch_layers(config: Pix2pixConfig, channels: int) -> nn.Sequential:
    """Make ``(N, channels, H, W)`` to logits ``(N, 1, h, w)``, one for each patch.

    With n halvings h is H / 2^n - 2, rounded down, and each logit sees 16, 34, 70, 142 ... pixels
    a side.
    """
    width = config.discriminator_width
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(SLOPE, True)]
    for number in range(1, config.discriminator_layers + 1):
        stride = 2 if number < config.discriminator_layers else 1
        wider = config.discriminator_width * min(2**number, MOST)
        layers += [
            nn.Conv2d(width, wider, 4, stride, 1, bias=biased(config)),
            normalisation(config, wider),
            nn.LeakyReLU(SLOPE, inplace=True),
        ]
        width = wider
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))


def pixel_layers(config: Pix2pixConfig, channels: int) -> nn.Sequential:
    """Make ``(N, channels, H, W)`` to logits ``(N, 1, H, W)``, one for each pixel."""
    width, bias = config.discriminator_width, biased(config)
    return nn.Sequential(
        nn.Conv2d(channels, width, 1),
        nn.LeakyReLU(SLOPE, inplace=True),
        nn.Conv2d(width, 2 * width, 1, bias=bias),
        normalisation(config, 2 * width),
        nn.LeakyReLU(SLOPE, inplace=True),
        nn.Conv2d(2 * width, 1, 1, bias=bias),
    )
