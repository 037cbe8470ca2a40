"""The bottlenecks of BigGAN-deep.

Source: Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019,
appendix B.
"""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import normalised, upsample_then_conv

NARROWER = 4
"""How many times narrower a bottleneck is than what it stands between."""

Shortcut = Literal["channels", "convolution"]


class UpBottleneck(nn.Module):
    """A block of a generator: norm - ReLU - 1x1, norm - ReLU - up - 3x3, and so on to a 1x1 again.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        norm: Makes a norm for a number of channels.
        up: Whether it doubles height and width.
        shortcut: Whether the shortcut drops the last channels, where there are fewer, or is a 1x1
            convolution.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        norm: Callable[[int], nn.Module],
        *,
        up: bool,
        shortcut: Shortcut = "channels",
    ) -> None:
        super().__init__()
        inner = max(1, inputs // NARROWER)
        self.up, self.outputs = up, outputs
        self.norm1, self.conv1 = norm(inputs), nn.Conv2d(inputs, inner, 1)
        self.norm2, self.conv2 = norm(inner), nn.Conv2d(inner, inner, 3, padding=1)
        self.norm3, self.conv3 = norm(inner), nn.Conv2d(inner, inner, 3, padding=1)
        self.norm4, self.conv4 = norm(inner), nn.Conv2d(inner, outputs, 1)
        convolved = shortcut == "convolution"
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if convolved else nn.Identity()

    def forward(self, maps: Tensor, condition: Tensor | None = None) -> Tensor:
        """``(N, inputs, H, W)`` to ``(N, outputs, H, W)``, or twice H and W."""
        main = self.conv1(F.relu(normalised(self.norm1, maps, condition)))
        main = F.relu(normalised(self.norm2, main, condition))
        main = upsample_then_conv(main, self.conv2) if self.up else self.conv2(main)
        main = F.relu(normalised(self.norm3, main, condition))
        main = F.relu(normalised(self.norm4, self.conv3(main), condition))
        short = self.shortcut(maps)[:, : self.outputs]
        if self.up:
            short = F.interpolate(short, scale_factor=2)
        return short + self.conv4(main)  # type: ignore[no-any-return]


class DownBottleneck(nn.Module):
    """A block of a discriminator: ReLU before each of four convolutions, mean pooling at the end.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        down: Whether it halves height and width.
        shortcut: Whether a 1x1 convolution makes the channels that the shortcut lacks, or all where
            width or size changes.
        shortcut_relu: Whether the shortcut sees what the first ReLU makes.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        down: bool,
        shortcut: Shortcut = "channels",
        shortcut_relu: bool = False,
    ) -> None:
        super().__init__()
        inner = max(1, outputs // NARROWER)
        self.down, self.shortcut_relu = down, shortcut_relu
        self.adds = shortcut == "channels"
        self.conv1 = nn.Conv2d(inputs, inner, 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1)
        self.conv3 = nn.Conv2d(inner, inner, 3, padding=1)
        self.conv4 = nn.Conv2d(inner, outputs, 1)
        made = outputs - inputs if self.adds else outputs
        changes = inputs != outputs or (down and not self.adds)
        self.shortcut = nn.Conv2d(inputs, made, 1) if changes else None

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, inputs, H, W)`` to ``(N, outputs, H, W)``, or half of H and W."""
        seen = F.relu(maps)
        main = F.relu(self.conv2(F.relu(self.conv1(seen), inplace=True)), inplace=True)
        main = self.conv3(main)
        short = seen if self.shortcut_relu else maps
        if self.down and not self.adds:
            main = F.avg_pool2d(main, 2)  # StudioGAN's own pools before the ReLU
        main = F.relu(main, inplace=True)
        if self.down:
            main, short = F.avg_pool2d(main, 2) if self.adds else main, F.avg_pool2d(short, 2)
        if self.shortcut is not None:
            made = self.shortcut(short)
            short = torch.cat([short, made], dim=1) if self.adds else made
        return short + self.conv4(main)  # type: ignore[no-any-return]
