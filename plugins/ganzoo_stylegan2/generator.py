"""The generator: a mapping network, and a synthesis network of modulated convolutions.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020.
"""

import math
from collections.abc import Iterator
from collections.abc import Mapping as Named
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ganzoo.layers import (
    GAIN,
    EqualConv2d,
    EqualLinear,
    RunningMean,
    enlarged,
    full_precision,
    leaky,
    low_pass,
    modulated_conv,
)
from ganzoo.objectives.base import Draws
from ganzoo_stylegan2.config import SMALLEST, Stylegan2Config
from ganzoo_stylegan2.mapping import Mapping

Noise = str | Named[str, Tensor]

OF_A_CLASS = 1024
"""Latents whose styles are averaged for the mean of a class."""


class Layer(nn.Module):
    """A modulated 3x3 convolution, noise, a bias and the leaky ReLU."""

    taps: Tensor | None
    noise: Tensor

    def __init__(
        self, config: Stylegan2Config, inputs: int, outputs: int, side: int, *, up: bool
    ) -> None:
        super().__init__()
        self.affine = EqualLinear(config.style_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(side, side))
        self.register_buffer("taps", low_pass() if up else None, persistent=False)
        self.clamp = config.clamp

    def forward(
        self, maps: Tensor, style: Tensor, noise: Tensor | None, gain: float = 1.0
    ) -> Tensor:
        """Return maps ``(N, outputs, side, side)``; noise is broadcast to them."""
        with full_precision(style.device):
            scales = self.affine(style)
        gain, clamp = GAIN * gain, None if self.clamp is None else self.clamp * gain
        maps = modulated_conv(
            maps,
            self.weight,
            scales,
            taps=self.taps,
            gain=gain,
            bias=self.bias * gain,
            noise=None if noise is None else noise * (self.strength * gain),
        )
        return leaky(maps, clamp)


class ToImage(nn.Module):
    """A modulated 1x1 convolution to the channels of images, in float32 beyond it."""

    def __init__(self, config: Stylegan2Config, inputs: int) -> None:
        super().__init__()
        channels = config.sample_shape[0]
        self.affine = EqualLinear(config.style_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.clamp = config.clamp

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Return images ``(N, C, S, S)`` of maps of that size."""
        with full_precision(style.device):
            scales = self.affine(style) / math.sqrt(self.weight.shape[1])
        images = modulated_conv(maps, self.weight, scales, demodulate=False, bias=self.bias)
        if self.clamp is not None:
            images = images.clamp(-self.clamp, self.clamp)
        return images.to(style.dtype)


class Block(nn.Module):
    """The layers of one size of maps: the first doubles what it is given.

    Attributes:
        in_bf16: Whether they may compute in bfloat16.
        rows: Styles that they read, the image's among them.
    """

    def __init__(self, config: Stylegan2Config, side: int) -> None:
        super().__init__()
        width, self.in_bf16 = config.width_at(side), config.in_bf16(side)
        layers = []
        if side > SMALLEST:
            layers.append(Layer(config, config.width_at(side // 2), width, side, up=True))
        layers.append(Layer(config, width, width, side, up=False))
        self.layers = nn.ModuleList(layers)
        self.shortcut = None
        if config.generator_blocks == "resnet" and side > SMALLEST:
            self.shortcut = EqualConv2d(
                config.width_at(side // 2), width, 1, bias=False, resize="up", gain=math.sqrt(0.5)
            )
        last = side == config.sides[-1]
        shows = last or config.generator_blocks == "skip"
        self.image = ToImage(config, width) if shows else None
        self.register_buffer("taps", low_pass() if shows else None, persistent=False)
        self.rows = len(layers) + shows

    def forward(
        self, maps: Tensor, image: Tensor | None, styles: Tensor, noises: list[Tensor | None]
    ) -> tuple[Tensor, Tensor | None]:
        """Return the maps and the sum of images of this size."""
        with nullcontext() if self.in_bf16 else full_precision(maps.device):
            if not self.in_bf16:
                maps = maps.to(styles.dtype)
            short = None if self.shortcut is None else self.shortcut(maps)
            for number, (layer, noise) in enumerate(zip(self.layers, noises, strict=True)):
                joins = short is not None and layer is self.layers[-1]
                maps = layer(maps, styles[:, number], noise, math.sqrt(0.5) if joins else 1.0)
            if short is not None:
                maps = maps + short
            own = None if self.image is None else self.image(maps, styles[:, len(self.layers)])
        if own is None or image is None:
            return maps, own
        assert isinstance(self.taps, Tensor)
        with full_precision(maps.device):
            return maps, enlarged(image, self.taps) + own


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)``, nominally in [-1, 1].

    Styles are ``(N, L, style_dim)``, a row for each convolution and one for the last image; the
    image of a smaller size reads the row of the next size's first convolution.
    """

    def __init__(self, config: Stylegan2Config) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(
            config.latent_dim,
            config.num_classes,
            config.style_dim,
            config.mapping_layers,
            config.mapping_rate,
        )
        self.mean = RunningMean(config.style_dim, keep=config.style_keep)
        width = config.width_at(SMALLEST)
        self.constant = nn.Parameter(torch.randn(width, SMALLEST, SMALLEST))
        self.blocks = nn.ModuleDict({str(side): Block(config, side) for side in config.sides})
        self.count = 2 * len(config.sides)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        return [[self.mapping], *([block] for block in self.blocks.values())]

    def forward(
        self, latents: Tensor, labels: Tensor | None = None, *, draws: Draws | None = None
    ) -> Tensor:
        """Generate images; with the draws of a batch, their noise and, in training, mixed styles.

        Labels are int64 ``(N,)`` where conditional.
        """
        styles = self.map(latents, labels, draws=draws)
        return self.synthesize(styles, noise=self.draw_noise(draws))

    def map(
        self, latents: Tensor, labels: Tensor | None = None, *, draws: Draws | None = None
    ) -> Tensor:
        """Map latents to styles, one for all rows; in training the draws of a batch mix some."""
        style: Tensor = self.mapping(latents, labels)
        self.mean.measure(style)
        styles = style[:, None].expand(-1, self.count, -1)
        if draws is None or not self.training or not self.config.mixing:
            return styles
        return self._mixed(styles, labels, draws)

    def synthesize(self, styles: Tensor, *, noise: Noise = "const") -> Tensor:
        """Make images of styles ``(N, L, style_dim)``.

        Args:
            styles: One row for each layer.
            noise: ``const``, ``random``, ``none``, or the noise of each layer by its place.
        """
        styles = styles.to(self.constant.dtype)
        maps = self.constant.expand(len(styles), -1, -1, -1)
        image: Tensor | None = None
        first = 0
        for side, block in self.blocks.items():
            assert isinstance(block, Block)
            noises = [
                _noise(noise, f"{side}.{number}", layer, len(styles))
                for number, layer in enumerate(block.layers)
            ]
            maps, image = block(maps, image, styles[:, first : first + block.rows], noises)
            first += len(block.layers)
        assert image is not None
        return image

    def draw_noise(self, draws: Draws | None) -> Noise:
        """Draw the noise of a batch, or name the one that is kept."""
        if draws is None:
            return "const"
        return {
            place: draws.normal(f"noise {place}", 1, *kept.shape)
            for place, kept in self.noises().items()
        }

    def noises(self) -> dict[str, Tensor]:
        """Return the noise that is kept, by the side of the maps and the number of the layer."""
        return {place: layer.noise for place, layer in self._layers()}

    def mean_style(self, labels: Tensor | None = None) -> Tensor:
        """Return the running mean ``(L, style_dim)``, or those of classes ``(N, L, style_dim)``."""
        if labels is None or not self.config.num_classes:
            mean = self.mean.value.expand(self.count, -1)
            return mean if labels is None else mean.expand(len(labels), -1, -1)
        classes, places = torch.unique(labels, return_inverse=True)
        source = torch.Generator().manual_seed(0)
        latents = torch.randn(OF_A_CLASS, self.config.latent_dim, generator=source)
        latents = latents.to(self.constant)
        means = [self.mapping(latents, c.expand(OF_A_CLASS)).mean(dim=0) for c in classes]
        return torch.stack(means)[places, None].expand(-1, self.count, -1)

    def truncate(
        self,
        styles: Tensor,
        psi: float | Tensor,
        cutoff: int | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Move the first `cutoff` rows of styles, or all, towards their mean."""
        moved = self.mean_style(labels).lerp(styles, psi)
        return moved if cutoff is None else torch.cat([moved[:, :cutoff], styles[:, cutoff:]], 1)

    def readers(self) -> dict[str, Tensor]:
        """Return what reads the latent, and what reads the style of each layer."""
        first = self.mapping.layers[0]
        assert isinstance(first, EqualLinear)
        return {
            "mapping": first.weight[:, : self.config.latent_dim],
            **{place: layer.affine.weight for place, layer in self._layers()},
        }

    def _layers(self) -> Iterator[tuple[str, Layer]]:
        """Go through the layers by their places, as in ``32.1``."""
        for side, block in self.blocks.items():
            assert isinstance(block, Block)
            for number, layer in enumerate(block.layers):
                assert isinstance(layer, Layer)
                yield f"{side}.{number}", layer

    def _mixed(self, styles: Tensor, labels: Tensor | None, draws: Draws) -> Tensor:
        """Take the rows after a random one from other latents, the same one for all samples."""
        latents = draws.latents("mixed", self.config.latent_dim, self.config.latent)
        others = self.mapping(latents, labels)[:, None]
        happens = draws.once("mixing") < self.config.mixing
        cutoff = 1 + (draws.once("cutoff") * (self.count - 1)).floor()
        rows = torch.arange(self.count, device=styles.device)[:, None]
        return torch.where(happens & (rows >= cutoff), others, styles)


def _noise(asked: Noise, place: str, layer: nn.Module, count: int) -> Tensor | None:
    kept = layer.noise
    assert isinstance(kept, Tensor)
    if not isinstance(asked, str):
        return asked[place]
    if asked == "random":
        return torch.randn(count, 1, *kept.shape, device=kept.device, dtype=kept.dtype)
    return kept if asked == "const" else None
