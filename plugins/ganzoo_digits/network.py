"""The classifier."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ganzoo.config import ExtractorConfig
from ganzoo.evaluation.extractor import Extractor, Features

WEIGHTS = Path(__file__).parent / "weights" / "digits.safetensors"
SIDE = 28


class Classifier(nn.Module):
    """Three convolutions and two linear layers: images ``(N, 1, 28, 28)`` in [0, 1]."""

    spread: Tensor

    def __init__(self, width: int = 16, length: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(2 * width, 4 * width, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * width * 49, length),
        )
        self.head = nn.Linear(length, 10)
        self.register_buffer("spread", torch.ones(()))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features ``(N, length)`` and logits ``(N, 10)``.

        Over the digits of training, the features' standard deviation is 1 on average, so that
        distances are of a size that can be read.
        """
        features = self.body(2 * images - 1)
        return features / self.spread, self.head(F.relu(features))


class Digits(Extractor):
    """What the classifier sees before its last layer, and its verdict."""

    name: str = "digits"
    length: ClassVar[int] = 64
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")
    resize: ClassVar[str] = "bilinear, antialiased, to 28x28"

    def __init__(self, config: ExtractorConfig) -> None:
        self.classifier = Classifier(length=self.length)
        self.classifier.load_state_dict(load_file(WEIGHTS))
        self.classifier.eval().requires_grad_(False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the file of weights."""
        return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()

    def to(self, device: str | torch.device) -> None:
        """Move the classifier to a device."""
        self.classifier.to(device)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Features:
        """Extract features from images in [0, 1], of which colour is taken as brightness."""
        return Features(*self.classifier(grey(images)))


def grey(images: Tensor) -> Tensor:
    """Bring images to one channel and the classifier's size."""
    if images.shape[1] != 1:
        images = images.mean(dim=1, keepdim=True)
    if images.shape[2:] != (SIDE, SIDE):
        images = F.interpolate(
            images, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False
        )
    return images
