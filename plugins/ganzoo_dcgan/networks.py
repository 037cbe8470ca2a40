"""The deep convolutional generator and discriminator, at any power of two from 16 to 256."""

from collections.abc import Iterable

from torch import Tensor, nn

from ganzoo.layers import spectral_norm
from ganzoo_dcgan.config import DcganConfig

SLOPE = 0.2


class Generator(nn.Module):
    """Latents ``(N, latent_dim)`` to images ``(N, C, S, S)`` in [-1, 1].

    Source: Radford et al., Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks, 2016. Classes are concatenated to the latent as one-hot vectors, written
    as a learned vector of each class, which is the same map.
    """

    def __init__(self, config: DcganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        width = config.width * side // 8
        self.project = nn.ConvTranspose2d(config.latent_dim, width, 4, 1, 0, bias=False)
        self.classes = nn.Embedding(config.num_classes, width * 16) if config.num_classes else None
        layers: list[nn.Module] = [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        while width > config.width:
            width //= 2
            layers += [
                nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(initialise)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        return _by_convolution([self.project, *self.layers])

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; labels int64 ``(N,)`` where conditional."""
        maps: Tensor = self.project(latents[:, :, None, None])
        if self.classes is not None:
            if labels is None:
                raise ValueError("a conditional generator needs labels")
            maps = maps + self.classes(labels).view_as(maps)
        images: Tensor = self.layers(maps)
        return images


class Discriminator(nn.Module):
    """Images ``(N, C, S, S)`` in [-1, 1] to logits ``(N,)``.

    Classes are concatenated to the image as one-hot planes, written as a learned vector of each
    class that is added to the first layer's maps: the same but at the padded border.
    """

    def __init__(self, config: DcganConfig) -> None:
        super().__init__()
        channels, side, _ = config.sample_shape
        norm = config.discriminator_norm
        width = config.discriminator_width or config.width
        self.first = nn.Conv2d(channels, width, 4, 2, 1, bias=False)
        self.classes = nn.Embedding(config.num_classes, width) if config.num_classes else None
        layers: list[nn.Module] = [nn.LeakyReLU(SLOPE, inplace=True)]
        for _ in range((side // 8).bit_length() - 1):
            # A layer that no norm shifts needs a bias of its own.
            bias = norm in ("none", "spectral")
            layers.append(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=bias))
            width *= 2
            if norm == "batch":
                layers.append(nn.BatchNorm2d(width))
            elif norm == "instance":
                layers.append(nn.InstanceNorm2d(width, affine=True))
            layers.append(nn.LeakyReLU(SLOPE, inplace=True))
        layers.append(nn.Conv2d(width, 1, 4, 1, 0, bias=False))
        self.layers = nn.Sequential(*layers)
        self.apply(initialise)
        if norm == "spectral":
            for part in (self.first, self.layers):
                spectral_norm(part)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the image to the logit."""
        return _by_convolution([self.first, *self.layers])

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits ``(N,)``; labels int64 ``(N,)`` where conditional."""
        maps: Tensor = self.first(samples)
        if self.classes is not None:
            if labels is None:
                raise ValueError("a conditional discriminator needs labels")
            maps = maps + self.classes(labels)[:, :, None, None]
        logits: Tensor = self.layers(maps)
        return logits.flatten()


def initialise(module: nn.Module) -> None:
    """Draw convolutions from N(0, 0.02) and norm weights from N(1, 0.02), as the paper says."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Embedding)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, (nn.BatchNorm2d, nn.InstanceNorm2d)):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _by_convolution(layers: Iterable[nn.Module]) -> list[list[nn.Module]]:
    """Each convolution with what follows it."""
    stages: list[list[nn.Module]] = []
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            stages.append([])
        stages[-1].append(layer)
    return stages
