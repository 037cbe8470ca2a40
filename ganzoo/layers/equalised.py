"""Layers whose weights are scaled where they are used, so that all of them learn at one pace.

Source: Karras et al., Progressive Growing of GANs, 2018, section 4.1; the activation as in Karras
et al., Analyzing and Improving the Image Quality of StyleGAN, 2020.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers.filtering import conv_enlarged, conv_reduced, low_pass

SLOPE = 0.2
"""Of the leaky ReLU below zero."""

GAIN = math.sqrt(2)
"""Factor after the leaky ReLU, which keeps the size of normal numbers."""


def leaky(maps: Tensor, clamp: float | None = None) -> Tensor:
    """Apply the leaky ReLU in place, and clamp.

    Its gain is a factor on what goes in, as it has no influence on which side of zero that is.

    Args:
        maps: Any shape; must not be needed by others.
        clamp: The largest size of what is returned; None for any.
    """
    maps = F.leaky_relu(maps, SLOPE, inplace=True)
    return maps if clamp is None else maps.clamp(-clamp, clamp)


class EqualLinear(nn.Module):
    """y = act(m W x / √inputs + m b), with W of variance 1 / m² at the start.

    Args:
        inputs: Length of a row.
        outputs: Length of a row that is returned.
        bias: At the start, in units of b; None for no bias.
        rate: m, by which the layer learns more slowly.
        active: Whether act is the leaky ReLU, times √2; it is the identity otherwise.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: float | None = 0.0,
        rate: float = 1.0,
        active: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = None if bias is None else nn.Parameter(torch.full((outputs,), float(bias)))
        self.rate, self.active = rate, active

    def forward(self, rows: Tensor) -> Tensor:
        """Map ``(N, inputs)`` to ``(N, outputs)``."""
        gain = self.rate * (GAIN if self.active else 1.0)
        weight = self.weight * (gain / math.sqrt(self.weight.shape[1]))
        bias = None if self.bias is None else self.bias * gain
        rows = F.linear(rows, weight, bias)
        return leaky(rows) if self.active else rows


class EqualConv2d(nn.Module):
    """A convolution with W / √(inputs side²), after or before a change of size.

    Args:
        inputs: Channels.
        outputs: Channels that are returned.
        side: Of the kernel, odd; maps are padded to keep their size.
        bias: Whether there is one, zero at the start.
        active: Whether the leaky ReLU follows, times √2.
        resize: ``up`` doubles maps and ``down`` halves them, both filtered; None keeps their size.
        gain: Factor on the result.
        clamp: The largest size of the result, in units of the gain; None for any.
    """

    taps: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        side: int,
        *,
        bias: bool = True,
        active: bool = False,
        resize: Literal["up", "down"] | None = None,
        gain: float = 1.0,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.active, self.resize, self.gain = active, resize, gain
        self.clamp = None if clamp is None else clamp * gain
        if resize is not None:
            self.register_buffer("taps", low_pass(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, outputs, ...)``."""
        gain = self.gain * (GAIN if self.active else 1.0)
        weight = self.weight * (gain / math.sqrt(self.weight[0].numel()))
        bias = None if self.bias is None else self.bias * gain
        if self.resize == "up":
            maps = conv_enlarged(maps, weight, self.taps)
            maps = maps if bias is None else maps + bias[:, None, None]
        elif self.resize == "down":
            maps = conv_reduced(maps, weight, self.taps, bias=bias)
        else:
            maps = F.conv2d(maps, weight, bias, padding=weight.shape[-1] // 2)
        if self.active:
            return leaky(maps, self.clamp)
        return maps if self.clamp is None else maps.clamp(-self.clamp, self.clamp)
