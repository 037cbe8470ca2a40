"""What generators and critics are made of: norms, dropout, padding, and their initial weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.errors import RequestError
from ganzoo_pix2pix.config import Pix2pixConfig

if TYPE_CHECKING:
    from ganzoo.randomness import Draws

SLOPE = 0.2
"""Of every leaky ReLU."""


def normalisation(config: Pix2pixConfig, width: int) -> nn.Module:
    """Make a norm: of the batch, with scale and shift, or of each map of each image, without."""
    return nn.BatchNorm2d(width) if config.norm == "batch" else nn.InstanceNorm2d(width)


def biased(config: Pix2pixConfig) -> bool:
    """Whether convolutions beside a norm have a bias: where the norm has no shift."""
    return config.norm == "instance"


class Dropout(nn.Module):
    """Dropout of single numbers, whose masks may belong to a position in a run.

    Args:
        probability: That a number is dropped; 0 for none. What is kept is scaled up.
        purpose: What tells its masks from those of the other layers of its network.
    """

    def __init__(self, probability: float, purpose: str) -> None:
        super().__init__()
        self.probability, self.purpose = probability, purpose

    def forward(self, maps: Tensor, draws: Draws | None = None) -> Tensor:
        """``(N, W, H, W)`` to the same; without draws by torch's global random state."""
        if not (self.training and self.probability):
            return maps
        if draws is None:
            return F.dropout(maps, self.probability)
        dropped = draws.uniform(self.purpose, *maps.shape[1:]) < self.probability
        return maps.masked_fill(dropped, 0) / (1 - self.probability)


class ReflectionPad(nn.Module):
    """A margin that mirrors the image at its outermost pixels."""

    def __init__(self, margin: int) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, W, H, W)`` to a height and width that are larger by twice the margin."""
        if maps.is_cuda and torch.are_deterministic_algorithms_enabled():
            # torch's own has no deterministic backward pass on GPUs, and raises.
            return mirrored(maps, self.margin)
        return F.pad(maps, [self.margin] * 4, mode="reflect")


def mirrored(maps: Tensor, margin: int) -> Tensor:
    """Do what `ReflectionPad` does, by joining mirrored strips."""
    for axis in (2, 3):
        before = maps.narrow(axis, 1, margin).flip(axis)
        after = maps.narrow(axis, maps.shape[axis] - 1 - margin, margin).flip(axis)
        maps = torch.cat([before, maps, after], axis)
    return maps


def initialise(module: nn.Module) -> None:
    """Draw convolutions from N(0, 0.02) and norm weights from N(1, 0.02); biases start at zero."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def by_convolution(layers: Iterable[nn.Module]) -> list[list[nn.Module]]:
    """Group layers: each convolution with what stands between it and the next."""
    stages: list[list[nn.Module]] = []
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            stages.append([])
        if stages:
            stages[-1].append(layer)
    return stages


def check_size(images: Tensor, multiple: int, least: int, network: str) -> None:
    """Refuse images ``(N, C, H, W)`` of a height or width that a network does not take.

    Args:
        images: The images.
        multiple: What both sides must be a multiple of.
        least: The smallest side, itself such a multiple.
        network: The network's name, for the message.

    Raises:
        RequestError: A side is too small or no multiple.
    """
    sides = tuple(images.shape[2:])
    if all(side >= least and side % multiple == 0 for side in sides):
        return
    rule = f"multiples of {multiple}" if multiple > 1 else ""
    if least > multiple:
        rule += f"{' and ' if rule else ''}at least {least}"
    below = [max(least, side // multiple * multiple) for side in sides]
    above = [max(least, -(-side // multiple) * multiple) for side in sides]
    near = " or ".join(dict.fromkeys([_size(below), _size(above)]))
    raise RequestError(
        f"images of {_size(sides)} pixels do not fit the {network}; height and width must be "
        f"{rule}: crop or resize them, as to {near}"
    )


def _size(sides: Iterable[int]) -> str:
    return "x".join(map(str, sides))
