"""The residual blocks of generators and critics since Gulrajani et al. (2017)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers.norms import normalised
from ganzoo.layers.resampling import conv_then_pool, upsample_then_conv

Upsampling = Literal["nearest", "bilinear"]


class UpBlock(nn.Module):
    """A block of a generator, which doubles height and width.

    The sum of norm - ReLU - up - 3x3 - norm - ReLU - 3x3 and of up - 1x1.

    Source: Gulrajani et al., Improved Training of Wasserstein GANs, 2017; Miyato et al., 2018.

    Args:
        inputs: Channels in.
        outputs: Channels out, and between both convolutions.
        norm: Makes a norm for a number of channels. A `ConditionalBatchNorm2d` is given the
            condition.
        upsampling: Nearest neighbours, or bilinear between the centres of pixels.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        norm: Callable[[int], nn.Module],
        *,
        upsampling: Upsampling = "nearest",
    ) -> None:
        super().__init__()
        self.upsampling = upsampling
        self.norm1 = norm(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, maps: Tensor, condition: Tensor | None = None) -> Tensor:
        """``(N, inputs, H, W)`` to ``(N, outputs, 2H, 2W)``."""
        main = F.relu(normalised(self.norm1, maps, condition))
        if self.upsampling == "nearest":
            main = upsample_then_conv(main, self.conv1)
        else:
            main = self.conv1(self._up(main))
        main = F.relu(normalised(self.norm2, main, condition), inplace=True)
        # A pointwise convolution commutes with weighted means of pixels, and costs a quarter before
        # there are four times as many.
        return self._up(self.shortcut(maps)) + self.conv2(main)  # type: ignore[no-any-return]

    def _up(self, maps: Tensor) -> Tensor:
        return F.interpolate(maps, scale_factor=2, mode=self.upsampling)


class DownBlock(nn.Module):
    """A block of a critic, which may halve height and width by mean pooling.

    The sum of ReLU - 3x3 - ReLU - 3x3 - pool and of 1x1 - pool; the shortcut is the identity where
    neither width nor size changes.

    Source: Gulrajani et al., Improved Training of Wasserstein GANs, 2017; Miyato et al., 2018.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        hidden: Channels between both 3x3 convolutions: the inputs in Chainer's code and mimicry,
            the outputs in BigGAN and StudioGAN.
        down: Whether it halves the size.
        first: Whether it is the first of a network, which sees an image and begins without ReLU.
        shortcut_relu: Whether the shortcut sees what the first ReLU makes, as in ports whose ReLU
            is in place (mimicry, StudioGAN). In the first block that is the same.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        hidden: int,
        down: bool = True,
        first: bool = False,
        shortcut_relu: bool = False,
    ) -> None:
        super().__init__()
        self.down, self.first, self.shortcut_relu = down, first, shortcut_relu
        self.conv1 = nn.Conv2d(inputs, hidden, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden, outputs, 3, padding=1)
        changes = down or inputs != outputs
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if changes else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, inputs, H, W)`` to ``(N, outputs, H, W)``, or half of H and W."""
        seen = maps if self.first else F.relu(maps)
        main = F.relu(self.conv1(seen), inplace=True)
        short = seen if self.shortcut_relu else maps
        if not self.down:
            return self.shortcut(short) + self.conv2(main)  # type: ignore[no-any-return]
        # Pooling commutes with the pointwise convolution, which then has a quarter to do.
        short = self.shortcut(F.avg_pool2d(short, 2))
        return short + conv_then_pool(self.conv2, main)  # type: ignore[no-any-return]


def down_blocks(
    channels: int,
    widths: Sequence[int],
    *,
    halvings: int,
    wide: bool = False,
    shortcut_relu: bool = False,
) -> list[DownBlock]:
    """Return the blocks of a critic; the first one sees an image.

    Args:
        channels: Of the image.
        widths: Channels after each block.
        halvings: How many blocks, from the first, halve the size.
        wide: Whether the inner width of a block is that of its outputs; else that of its inputs.
        shortcut_relu: As that of `DownBlock`.
    """
    return [
        DownBlock(
            before,
            after,
            hidden=after if wide or not number else before,
            down=number < halvings,
            first=not number,
            shortcut_relu=shortcut_relu,
        )
        for number, (before, after) in enumerate(pairwise([channels, *widths]))
    ]
