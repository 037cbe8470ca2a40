"""A style-based generator, and a discriminator for it.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, section 2.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from ganzoo.objectives.base import Draws
from torch import Tensor, nn

from ganzoo_styles.config import StylesConfig

SMALLEST = 4
"""Side of the constant from which images grow."""

MOVED = 0.005
"""How much of the running mean of styles each batch replaces."""


class Layer(nn.Module):
    """A convolution whose input channels are scaled by a style, and noise that is added to it."""

    def __init__(self, inputs: int, outputs: int, style_dim: int, side: int, *, up: bool) -> None:
        super().__init__()
        self.up, self.side = up, side
        self.affine = nn.Linear(style_dim, inputs)
        nn.init.ones_(self.affine.bias)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(side, side))

    def forward(self, maps: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        """Return maps ``(N, outputs, side, side)``; noise is broadcast to them."""
        if self.up:
            maps = F.interpolate(maps, scale_factor=2.0, mode="nearest")
        scales = self.affine(style)
        sizes = scales.square() @ self.weight.square().sum(dim=(2, 3)).T
        maps = F.conv2d(maps * scales[:, :, None, None], self.weight, padding=1)
        maps = maps * (sizes + 1e-8).rsqrt()[:, :, None, None]
        if noise is not None:
            maps = maps + self.strength * noise
        return F.leaky_relu(maps + self.bias[:, None, None], 0.2)


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)``, by way of styles ``(N, L, D)``."""

    def __init__(self, config: StylesConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        width, length = config.width, config.style_dim
        self.read = nn.Linear(config.latent_dim, length)
        self.classes = nn.Embedding(config.num_classes, length) if config.num_classes else None
        self.mapped = nn.Linear(length, length)
        self.register_buffer("mean", torch.zeros(length))
        self.constant = nn.Parameter(torch.randn(width, SMALLEST, SMALLEST))
        layers = [Layer(width, width, length, SMALLEST, up=False)]
        while layers[-1].side < side:
            layers.append(Layer(width, width, length, 2 * layers[-1].side, up=True))
        self.layers = nn.ModuleList(layers)
        self.output = nn.Conv2d(width, channels, 1)

    def forward(
        self, latents: Tensor, labels: Tensor | None = None, *, draws: Draws | None = None
    ) -> Tensor:
        """Generate images, with the noise of the batch where its draws are given."""
        noise: str | Mapping[str, Tensor] = "const"
        if draws is not None:
            noise = {
                place: draws.normal(f"noise {place}", 1, *kept.shape)
                for place, kept in self.noises().items()
            }
        return self.synthesize(self.map(latents, labels), noise=noise)

    def map(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map latents to styles, one and the same for every layer."""
        hidden = self.read(latents)
        if self.classes is not None and labels is not None:
            hidden = hidden + self.classes(labels)
        styles: Tensor = self.mapped(F.leaky_relu(hidden, 0.2))
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(styles.mean(dim=0).to(self.mean.dtype), MOVED)
        return styles[:, None].expand(-1, len(self.layers), -1)

    def synthesize(
        self,
        styles: Tensor,
        *,
        noise: str | Mapping[str, Tensor] = "const",
        transform: Tensor | None = None,
    ) -> Tensor:
        """Make images of styles.

        Args:
            styles: ``(N, L, D)``.
            noise: ``const``, ``random``, ``none``, or the noise of each layer.
            transform: Affine maps ``(N, 2, 3)`` that move what the images grow from.
        """
        maps = self.constant.expand(len(styles), -1, -1, -1)
        if transform is not None:
            grid = F.affine_grid(transform, list(maps.shape), align_corners=False)
            maps = F.grid_sample(maps, grid, padding_mode="reflection", align_corners=False)
        for place, layer in enumerate(self.layers):
            maps = layer(
                maps, styles[:, place], _noise(noise, str(place), layer.noise, len(styles))
            )
        images: Tensor = self.output(maps)
        return images

    def noises(self) -> Mapping[str, Tensor]:
        """Return the noise of each layer."""
        return {str(place): layer.noise for place, layer in enumerate(self.layers)}

    def mean_style(self, labels: Tensor | None = None) -> Tensor:
        """Return the running mean of the styles of all classes."""
        mean = self.mean.expand(len(self.layers), -1)
        return mean if labels is None else mean.expand(len(labels), -1, -1)

    def truncate(
        self,
        styles: Tensor,
        psi: float | Tensor,
        cutoff: int | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Move styles towards their mean."""
        mean = self.mean_style(labels)
        moved = mean + psi * (styles - mean)
        if cutoff is None:
            return moved
        return torch.cat([moved[:, :cutoff], styles[:, cutoff:]], dim=1)

    def readers(self) -> Mapping[str, Tensor]:
        """Return what reads the latent, and what reads the style of each layer."""
        layers = {f"layer {place}": layer.affine.weight for place, layer in enumerate(self.layers)}
        return {"mapping": self.read.weight, **layers}


def _noise(
    asked: str | Mapping[str, Tensor], place: str, kept: Tensor, count: int
) -> Tensor | None:
    if isinstance(asked, Mapping):
        return asked[place]
    if asked == "random":
        return torch.randn(count, 1, *kept.shape, device=kept.device, dtype=kept.dtype)
    return kept if asked == "const" else None


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` to logits ``(N,)``."""

    def __init__(self, config: StylesConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        width = config.width
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2)]
        while side > SMALLEST:
            side //= 2
            layers += [nn.Conv2d(width, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.output = nn.Linear(width * SMALLEST**2, 1)
        self.classes = None
        if config.num_classes:
            self.classes = nn.Embedding(config.num_classes, width * SMALLEST**2)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score images: by their classes too, where there are any."""
        hidden = self.layers(samples)
        logits: Tensor = self.output(hidden).squeeze(1)
        if self.classes is not None and labels is not None:
            logits = logits + (self.classes(labels) * hidden).mean(dim=1)
        return logits
