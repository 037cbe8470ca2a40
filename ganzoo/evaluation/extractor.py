"""What an extractor of features is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from ganzoo.data.cache import cache_folder


class Features(NamedTuple):
    """What an extractor sees in images.

    Attributes:
        features: ``(N, length)``; what distances and neighbourhoods are measured in.
        logits: ``(N, classes)``; None of an extractor that tells no classes.
    """

    features: Tensor
    logits: Tensor | None = None


class Extractor(ABC):
    """Turns images into features; frozen, and the same wherever its fingerprint is.

    Attributes:
        name: As in configs, with ``-`` and more behind it where there are several of that name; a
            score that is no FID of the published network carries it.
        length: Of a feature.
        class_names: The classes that its logits tell, in order; empty for none.
        resize: How it brings images to its own size, in words: it is part of a score's protocol.
        published: Whether scores by it may be called FID and KID without its name.
        versions: Of the packages that it stands on besides torch.
    """

    name: str
    length: ClassVar[int]
    class_names: ClassVar[tuple[str, ...]] = ()
    resize: ClassVar[str]
    published: bool = False
    versions: Mapping[str, str] = MappingProxyType({})

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """SHA-256 of its weights."""

    @abstractmethod
    def to(self, device: str | torch.device) -> None:
        """Move it to a device."""

    @abstractmethod
    def __call__(self, images: Tensor) -> Features:
        """Extract features.

        Args:
            images: float32 ``(N, C, H, W)`` in [0, 1], of any size, with 1 or 3 channels.
        """


def extractor_folder() -> Path:
    """Return the folder for weights of extractors that come in no package: in ganzoo's cache."""
    return cache_folder() / "extractors"
