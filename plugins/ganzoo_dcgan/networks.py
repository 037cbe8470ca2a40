"""The deep convolutional generator and discriminator, at any power of two from 16 to 256."""

from collections.abc import Iterable

from torch import Tensor, nn

from ganzoo.layers import orthogonal, spectral_norm
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
        strided = config.layers == "strided"
        width = config.width * side // (8 if strided else 4)
        self.start = (width, 4, 4)
        self.project: nn.ConvTranspose2d | nn.Linear
        if strided:
            self.project = nn.ConvTranspose2d(config.latent_dim, width, 4, 1, 0, bias=False)
        else:
            self.project = nn.Linear(config.latent_dim, width * 16)
        self.classes = nn.Embedding(config.num_classes, width * 16) if config.num_classes else None

        def normalised(width: int) -> list[nn.Module]:
            return [nn.BatchNorm2d(width, eps=config.norm_eps), nn.ReLU(inplace=True)]

        layers = normalised(width) if strided else []
        while width > config.width:
            width //= 2
            up = nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=not strided)
            layers += [up, *normalised(width)]
        if strided:
            layers.append(nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False))
        else:
            layers.append(nn.Conv2d(width, channels, 3, padding=1))
        self.layers = nn.Sequential(*layers, nn.Tanh())
        initialise(self, config)

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers of each size of maps, from the latents to the image."""
        return _by_convolution([self.project, *self.layers])

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images; labels int64 ``(N,)`` where conditional."""
        if isinstance(self.project, nn.Linear):
            maps: Tensor = self.project(latents).unflatten(1, self.start)
        else:
            maps = self.project(latents[:, :, None, None])
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
        width = config.discriminator_width or config.width
        if config.layers == "strided":
            self.first = nn.Conv2d(channels, width, 4, 2, 1, bias=False)
            layers = _strided(config, width, levels=(side // 8).bit_length() - 1)
        else:
            self.first = nn.Conv2d(channels, width, 3, padding=1)
            layers = _alternating(config, width, levels=(side // 4).bit_length() - 1)
        self.classes = nn.Embedding(config.num_classes, width) if config.num_classes else None
        self.layers = nn.Sequential(*layers)
        initialise(self, config)
        if config.discriminator_norm == "spectral":
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


class _Summed(nn.Module):
    """Sums maps over their places."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.sum(dim=(2, 3))


def _strided(config: DcganConfig, width: int, *, levels: int) -> list[nn.Module]:
    """The layers after the first; each halves the size, down to a logit."""
    layers: list[nn.Module] = [nn.LeakyReLU(SLOPE, inplace=True)]
    for _ in range(levels):
        # A layer that no norm shifts needs a bias of its own.
        bias = config.discriminator_norm in ("none", "spectral")
        layers.append(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=bias))
        width *= 2
        layers += [*_norm(config, width), nn.LeakyReLU(SLOPE, inplace=True)]
    return [*layers, nn.Conv2d(width, 1, 4, 1, 0, bias=False)]


def _alternating(config: DcganConfig, width: int, *, levels: int) -> list[nn.Module]:
    """The layers after the first: one that halves the size and one that doubles the width."""
    layers: list[nn.Module] = [*_norm(config, width), nn.ReLU(inplace=True)]
    for _ in range(levels):
        layers += [nn.Conv2d(width, width, 4, 2, 1), *_norm(config, width), nn.ReLU(inplace=True)]
        layers.append(nn.Conv2d(width, 2 * width, 3, padding=1))
        width *= 2
        layers += [*_norm(config, width), nn.ReLU(inplace=True)]
    return [*layers, _Summed(), nn.Linear(width, 1)]


def _norm(config: DcganConfig, width: int) -> list[nn.Module]:
    if config.discriminator_norm == "batch":
        return [nn.BatchNorm2d(width, eps=config.norm_eps)]
    if config.discriminator_norm == "instance":
        return [nn.InstanceNorm2d(width, eps=config.norm_eps, affine=True)]
    return []


def initialise(network: nn.Module, config: DcganConfig) -> None:
    """Draw convolutions from N(0, 0.02) and norm weights from N(1, 0.02), as the paper says.

    Orthogonal weights go with gains of 1.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            if config.initialisation == "orthogonal":
                orthogonal(layer)
                continue
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if not isinstance(layer, nn.Embedding) and layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d | nn.InstanceNorm2d):
            if config.initialisation == "normal":
                nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)


def _by_convolution(layers: Iterable[nn.Module]) -> list[list[nn.Module]]:
    """Each convolution with what follows it."""
    stages: list[list[nn.Module]] = []
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            stages.append([])
        stages[-1].append(layer)
    return stages
