"""Generators and critics of Gulrajani et al., plain and residual.

Source: Gulrajani et al., Improved Training of Wasserstein GANs, 2017. Strided 5x5 convolutions are
padded symmetrically, as PyTorch ports have them.
"""

import math
from collections.abc import Iterable

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import conv_then_pool, upsample_then_conv
from ganzoo_wgan_gp.config import WganGpConfig

SLOPE = 0.2

PASSIVE = (nn.BatchNorm2d, nn.ReLU, nn.LeakyReLU, nn.Tanh)
"""Layers that belong to the one before them."""


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)`` in [-1, 1]."""

    def __init__(self, config: WganGpConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        levels = (side // 4).bit_length() - 1
        resnet = config.blocks == "resnet"
        width = config.width if resnet else config.width * 2 ** (levels - 1)
        norm = config.generator_norm == "batch"
        self.start = (width, 4, 4)
        self.project = linear(config.latent_dim, width * 16)
        layers: list[nn.Module] = []
        if resnet:
            layers += [UpBlock(width, norm) for _ in range(levels)]
            layers += [*_norm(width, norm), nn.ReLU(), convolution(width, channels, 3, gain=1)]
            self.after_project = nn.Sequential()
        else:
            flat = [nn.BatchNorm1d(width * 16)] if norm else []
            self.after_project = nn.Sequential(*flat, nn.ReLU(inplace=True))
            for _ in range(levels - 1):
                layers += [upscaling(width, width // 2), *_norm(width // 2, norm)]
                layers.append(nn.ReLU(inplace=True))
                width //= 2
            layers.append(upscaling(width, channels))
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        return [[self.project, self.after_project], *_by_convolution(self.layers)]

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; there are no labels."""
        maps = self.after_project(self.project(latents)).unflatten(1, self.start)
        images: Tensor = self.layers(maps)
        return images


class Discriminator(nn.Module):
    """A critic without norm layers: images ``(N, C, S, S)`` in [-1, 1] to scores ``(N,)``."""

    def __init__(self, config: WganGpConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        levels = (side // 4).bit_length() - 1
        width = config.discriminator_width or config.width
        self.mean_pool = config.blocks == "resnet"
        layers: list[nn.Module]
        if self.mean_pool:
            # The published critic ends at 8x8, one halving before the generator's start.
            layers = [FirstBlock(channels, width)]
            layers += [DownBlock(width) for _ in range(levels - 2)]
            layers += [PlainBlock(width), PlainBlock(width), nn.ReLU()]
        else:
            layers = [convolution(channels, width, 5, stride=2), nn.LeakyReLU(SLOPE, inplace=True)]
            for _ in range(levels - 1):
                layers += [
                    convolution(width, 2 * width, 5, stride=2),
                    nn.LeakyReLU(SLOPE, inplace=True),
                ]
                width *= 2
        self.layers = nn.Sequential(*layers)
        self.score = linear(width if self.mean_pool else width * 16, 1)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the score."""
        return [*_by_convolution(self.layers), [self.score]]

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return scores ``(N,)``; there are no labels."""
        maps: Tensor = self.layers(samples)
        features = maps.mean(dim=(2, 3)) if self.mean_pool else maps.flatten(1)
        scores: Tensor = self.score(features)
        return scores.squeeze(1)


class UpBlock(nn.Module):
    """A residual block that doubles height and width by nearest-neighbour upsampling."""

    def __init__(self, width: int, norm: bool) -> None:
        super().__init__()
        self.before = nn.Sequential(*_norm(width, norm), nn.ReLU())
        self.main = nn.Sequential(
            convolution(width, width, 3),
            *_norm(width, norm),
            nn.ReLU(inplace=True),
            convolution(width, width, 3),
        )
        self.shortcut = convolution(width, width, 1, gain=1)

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, W, H, H)`` to ``(N, W, 2H, 2H)``."""
        first, *others = self.main
        assert isinstance(first, nn.Conv2d)
        main = upsample_then_conv(self.before(maps), first)
        for layer in others:
            main = layer(main)
        # A pointwise convolution commutes with repeating pixels, and costs a quarter before it.
        shortcut = F.interpolate(self.shortcut(maps), scale_factor=2)
        return shortcut + main


class FirstBlock(nn.Module):
    """The critic's first residual block, which halves height and width."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            convolution(channels, width, 3),
            nn.ReLU(inplace=True),
            convolution(width, width, 3),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), convolution(channels, width, 1, gain=1))

    def forward(self, images: Tensor) -> Tensor:
        """``(N, C, S, S)`` to ``(N, W, S/2, S/2)``."""
        return self.shortcut(images) + _pooled(self.main, images)  # type: ignore[no-any-return]


class PlainBlock(nn.Module):
    """A residual block that keeps the size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ReLU(),
            convolution(width, width, 3),
            nn.ReLU(inplace=True),
            convolution(width, width, 3),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, W, H, H)`` to the same shape."""
        return maps + self.main(maps)  # type: ignore[no-any-return]


class DownBlock(nn.Module):
    """A residual block that halves height and width by mean pooling."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.main = PlainBlock(width).main
        self.shortcut = convolution(width, width, 1, gain=1)

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, W, H, H)`` to ``(N, W, H/2, H/2)``."""
        # Pooling is linear and commutes with the pointwise convolution, so that the shortcut runs
        # on a quarter of the pixels.
        shortcut = self.shortcut(F.avg_pool2d(maps, 2))
        return shortcut + _pooled(self.main, maps)  # type: ignore[no-any-return]


def _pooled(layers: nn.Sequential, maps: Tensor) -> Tensor:
    """Apply layers and mean pooling; the last layer is a 3x3 convolution."""
    *others, last = layers
    assert isinstance(last, nn.Conv2d)
    for layer in others:
        maps = layer(maps)
    return conv_then_pool(last, maps)


def _by_convolution(layers: Iterable[nn.Module]) -> list[list[nn.Module]]:
    """Each block or convolution with what stands between it and the next."""
    stages: list[list[nn.Module]] = []
    for layer in layers:
        if not isinstance(layer, PASSIVE) or not stages:
            stages.append([])
        stages[-1].append(layer)
    return stages


def convolution(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, gain: float = 2.0
) -> nn.Conv2d:
    """A padded convolution as the paper's code initialises it.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Side of the kernel, odd.
        stride: Stride.
        gain: 2 before a ReLU (He), 1 for shortcuts and outputs (Glorot).
    """
    layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    _initialise(layer, inputs * kernel**2, outputs * kernel**2 / stride**2, gain)
    return layer


def upscaling(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """A transposed 5x5 convolution that doubles height and width."""
    layer = nn.ConvTranspose2d(inputs, outputs, 5, 2, 2, output_padding=1)
    _initialise(layer, inputs * 25 / 4, outputs * 25, 2.0)
    return layer


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A Glorot-initialised linear layer."""
    layer = nn.Linear(inputs, outputs)
    _initialise(layer, inputs, outputs, 1.0)
    return layer


def _initialise(
    layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, fan_in: float, fan_out: float, gain: float
) -> None:
    """Uniform weights of variance 2 gain / (fan in + fan out), and zero biases."""
    bound = math.sqrt(3) * math.sqrt(2 * gain / (fan_in + fan_out))
    nn.init.uniform_(layer.weight, -bound, bound)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)


def _norm(width: int, norm: bool) -> list[nn.Module]:
    return [nn.BatchNorm2d(width)] if norm else []
