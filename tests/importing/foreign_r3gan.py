"""R3GAN as its authors' pickles have it, in plain torch from the formulas of the paper.

Only the names of tensors and attributes are theirs. With ``plain=True`` there are no kernels among
the tensors, the embedding of classes is a table of rows, and no weight has a dimension of 1 more.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def kernel() -> Tensor:
    """1 3 3 1 by 1 3 3 1, with a sum of 1: convolving 1 2 1 and 1 1 makes it."""
    row = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return row[:, None] * row / 64


def filtered(x: Tensor, factor: float) -> Tensor:
    taps = factor * kernel().to(x.dtype).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, taps, groups=x.shape[1])


def doubled(x: Tensor) -> Tensor:
    """Zeros between, two zeros before and one behind, the filter."""
    n, c, h, w = x.shape
    sparse = x.new_zeros(n, c, 2 * h, 2 * w)
    sparse[:, :, ::2, ::2] = x
    return filtered(F.pad(sparse, (2, 1, 2, 1)), 4.0)


def halved(x: Tensor) -> Tensor:
    """A zero at each side, the filter, every second place."""
    return filtered(F.pad(x, (1, 1, 1, 1)), 1.0)[:, :, ::2, ::2]


class Named(nn.Module):
    """A module of some modules, parameters and buffers."""

    def __init__(self, **parts) -> None:
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                setattr(self, name, part)
            elif part.requires_grad:
                self.register_parameter(name, nn.Parameter(part.detach()))
            else:
                self.register_buffer(name, part)


def weights(*shape: int) -> Tensor:
    return torch.randn(shape, requires_grad=True)


def conv(before: int, after: int, side: int = 1, groups: int = 1) -> Named:
    layer = nn.Conv2d(before, after, side, padding=side // 2, groups=groups, bias=False)
    return Named(Layer=layer)


class Block(nn.Module):
    def __init__(self, width: int, group: int) -> None:
        super().__init__()
        inner = 2 * width
        self.LinearLayer1 = conv(width, inner)
        self.NonLinearity1 = Named(Bias=weights(inner))
        self.LinearLayer2 = conv(inner, inner, 3, max(1, inner // group))
        self.NonLinearity2 = Named(Bias=weights(inner))
        self.LinearLayer3 = conv(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer, activation in (
            (self.LinearLayer1, self.NonLinearity1),
            (self.LinearLayer2, self.NonLinearity2),
        ):
            y = layer.Layer(y) + activation.Bias[:, None, None]
            y = torch.where(y > 0, y, 0.2 * y)
        return x + self.LinearLayer3.Layer(y)


def change(before: int, after: int, plain: bool) -> Named:
    layer = {} if before == after else {"LinearLayer": conv(before, after)}
    resampler = Named() if plain else Named(Kernel=kernel())
    return Named(**layer, Resampler=resampler)


def changed(layer: Named, x: Tensor) -> Tensor:
    return layer.LinearLayer.Layer(x) if hasattr(layer, "LinearLayer") else x


def table(classes: int, size: int, plain: bool) -> nn.Module:
    return nn.Embedding(classes, size) if plain else nn.Linear(classes, size, bias=False)


def row_of(layer: nn.Module, y: Tensor) -> Tensor:
    """A linear layer is given one-hot rows."""
    if isinstance(layer, nn.Embedding):
        return layer(y)
    return layer(F.one_hot(y, layer.in_features).to(layer.weight))


class Generator(nn.Module):
    """Of 16 pixels and more; the widths and depths begin at 4x4."""

    def __init__(
        self, latent, widths, depths, group, classes=0, embedding=6, channels=3, plain=False
    ):
        super().__init__()
        size = latent + (embedding if classes else 0)
        first = Named(
            Basis=weights(widths[0], 4, 4), LinearLayer=nn.Linear(size, widths[0], bias=False)
        )
        self.MainLayers = nn.ModuleList()
        for number, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            start = change(widths[number - 1], width, plain) if number else first
            layers = [start, *(Block(width, group) for _ in range(depth))]
            self.MainLayers.append(Named(Layers=nn.ModuleList(layers)))
        self.AggregationLayer = conv(widths[-1], channels)
        if classes:
            self.EmbeddingLayer = table(classes, embedding, plain)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        if y is not None:
            z = torch.cat([z, row_of(self.EmbeddingLayer, y)], 1)
        first = self.MainLayers[0].Layers[0]
        x = torch.einsum("nc,chw->nchw", first.LinearLayer(z), first.Basis)
        for stage in self.MainLayers:
            start, *blocks = stage.Layers
            if start is not first:
                x = doubled(changed(start, x))
            for block in blocks:
                x = block(x)
        return self.AggregationLayer.Layer(x)


class Discriminator(nn.Module):
    """Widths and depths begin at 4x4, as those of the generator do."""

    def __init__(self, widths, depths, group, classes=0, channels=3, plain=False):
        super().__init__()
        sizes = list(zip(widths, depths, strict=True))[::-1]
        self.ExtractionLayer = conv(channels, sizes[0][0])
        self.MainLayers = nn.ModuleList()
        for number, (width, depth) in enumerate(sizes):
            if number + 1 < len(sizes):
                end = change(width, sizes[number + 1][0], plain)
            else:
                layer = nn.Conv2d(width, width, 4, groups=width, bias=False)
                basis = weights(width, 4, 4) if plain else layer
                last = nn.Linear(width, width if classes else 1, bias=False)
                end = Named(Basis=basis, LinearLayer=last)
            layers = [*(Block(width, group) for _ in range(depth)), end]
            self.MainLayers.append(Named(Layers=nn.ModuleList(layers)))
        if classes:
            self.EmbeddingLayer = table(classes, widths[0], plain)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.ExtractionLayer.Layer(x)
        for stage in self.MainLayers:
            *blocks, end = stage.Layers
            for block in blocks:
                x = block(x)
            if hasattr(end, "Basis"):
                weight = end.Basis if isinstance(end.Basis, Tensor) else end.Basis.weight[:, 0]
                x = end.LinearLayer(torch.einsum("nchw,chw->nc", x, weight))
            else:
                x = changed(end, halved(x))
        if y is None:
            return x[:, 0]
        return (x * row_of(self.EmbeddingLayer, y)).sum(1)


class Whole(nn.Module):
    """What a pickle holds: the network in a wrapper, which is called with it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.Model = network

    def forward(self, *given: Tensor) -> Tensor:
        return self.Model(*given)
