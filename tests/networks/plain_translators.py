"""The networks of pix2pix and CycleGAN, written down plainly once more, from their state alone.

Nothing here uses ganzoo: the plugins' modules are held against this. Each function takes the state
of a network in float64, and computes with torch's functions layer by layer.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]


class Net:
    """The state of a network, and how its norms and its dropout work.

    Args:
        state: Its tensors by name.
        norm: ``batch`` or ``instance``.
        training: Whether batch norm takes the statistics of the batch.
        dropped: What dropout multiplies with, in the order of the layers.
    """

    def __init__(
        self, state: State, norm: str, training: bool, dropped: Iterator[Tensor] | None = None
    ) -> None:
        self.state, self.norm_kind, self.training, self.dropped = state, norm, training, dropped

    def conv(self, name: str, maps: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state.get(f"{name}.bias")
        return F.conv2d(maps, weight, bias, stride, padding)

    def up(self, name: str, maps: Tensor, padding: int, more: int) -> Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state.get(f"{name}.bias")
        return F.conv_transpose2d(maps, weight, bias, 2, padding, more)

    def norm(self, name: str, maps: Tensor) -> Tensor:
        if self.norm_kind == "instance":
            assert f"{name}.weight" not in self.state
            center = maps.mean((2, 3), keepdim=True)
            return (maps - center) / ((maps - center).square().mean((2, 3), True) + 1e-5).sqrt()
        center = maps.mean((0, 2, 3))
        spread = maps.var((0, 2, 3), unbiased=False)
        if not self.training:
            center = self.state[f"{name}.running_mean"]
            spread = self.state[f"{name}.running_var"]
        maps = (maps - center[:, None, None]) / (spread + 1e-5).sqrt()[:, None, None]
        scale, shift = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return maps * scale[:, None, None] + shift[:, None, None]

    def drop(self, maps: Tensor) -> Tensor:
        return maps if self.dropped is None else maps * next(self.dropped)


def reflect(maps: Tensor, margin: int) -> Tensor:
    """Take rows and columns by number: 3 2 1 0 1 2 ..."""
    for axis in (2, 3):
        last = maps.shape[axis] - 1
        numbers = [abs(i) for i in range(-margin, last + 1)]
        numbers += [last - i for i in range(1, margin + 1)]
        maps = maps.index_select(axis, torch.tensor(numbers))
    return maps


def resnet(net: Net, images: Tensor, blocks: int, name: str = "network") -> Tensor:
    maps = net.conv(f"{name}.before.1", reflect(images, 3))
    maps = net.norm(f"{name}.before.2", maps).relu()
    for place in (4, 7):
        maps = net.conv(f"{name}.before.{place}", maps, 2, 1)
        maps = net.norm(f"{name}.before.{place + 1}", maps).relu()
    for number in range(blocks):
        block = f"{name}.blocks.{number}"
        inner = net.norm(f"{block}.norm1", net.conv(f"{block}.conv1", reflect(maps, 1))).relu()
        inner = net.conv(f"{block}.conv2", reflect(net.drop(inner), 1))
        maps = maps + net.norm(f"{block}.norm2", inner)
    for place in (0, 3):
        maps = net.up(f"{name}.after.{place}", maps, 1, 1)
        maps = net.norm(f"{name}.after.{place + 1}", maps).relu()
    return net.conv(f"{name}.after.7", reflect(maps, 3)).tanh()


def unet(net: Net, images: Tensor, downs: int, name: str = "network") -> Tensor:
    first = net.conv(f"{name}.downs.0.conv", images, 2, 1)
    last = net.up(f"{name}.ups.{downs - 1}.conv", _inside(net, first, 1, downs, name).relu(), 1, 0)
    return last.tanh()


def _inside(net: Net, outside: Tensor, level: int, downs: int, name: str) -> Tensor:
    """Return the maps of a level, joined with what is made of them further inside."""
    inner = level == downs - 1
    down, up = f"{name}.downs.{level}", f"{name}.ups.{downs - 1 - level}"
    maps = net.conv(f"{down}.conv", F.leaky_relu(outside, 0.2), 2, 1)
    if not inner:
        maps = _inside(net, net.norm(f"{down}.norm", maps), level + 1, downs, name)
    maps = net.norm(f"{up}.norm", net.up(f"{up}.conv", maps.relu(), 1, 0))
    if 1 <= downs - 1 - level <= downs - 5:
        maps = net.drop(maps)
    return torch.cat([outside, maps], 1)


def patches(net: Net, images: Tensor, layers: int, name: str = "layers") -> Tensor:
    maps = F.leaky_relu(net.conv(f"{name}.0", images, 2, 1), 0.2)
    for place in range(2, 3 * layers, 3):
        stride = 1 if place == 3 * layers - 1 else 2
        maps = net.conv(f"{name}.{place}", maps, stride, 1)
        maps = F.leaky_relu(net.norm(f"{name}.{place + 1}", maps), 0.2)
    return net.conv(f"{name}.{3 * layers + 2}", maps, 1, 1)


def pixels(net: Net, images: Tensor, name: str = "layers") -> Tensor:
    maps = F.leaky_relu(net.conv(f"{name}.0", images), 0.2)
    maps = F.leaky_relu(net.norm(f"{name}.3", net.conv(f"{name}.2", maps)), 0.2)
    return net.conv(f"{name}.5", maps)
