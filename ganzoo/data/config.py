"""The configs of the first-party datasets."""

from typing import Literal

from pydantic import Field

from ganzoo.config import DataConfig


class Mnist5kConfig(DataConfig):
    """Digits; there is nothing to choose."""


class MixtureConfig(DataConfig):
    """A mixture of Gaussians with equal weights."""

    samples: int = Field(default=50_000, ge=1, le=10_000_000, description="Number of points.")
    std: float = Field(default=0.05, gt=0, description="Standard deviation about a centre.")


class Ring8Config(MixtureConfig):
    """Eight centres on a circle."""

    std: float = Field(default=0.02, gt=0, description="Standard deviation about a centre.")
    radius: float = Field(default=2.0, gt=0, description="Radius of the circle.")


class Grid25Config(MixtureConfig):
    """Five by five centres."""

    spacing: float = Field(default=2.0, gt=0, description="Distance of neighbouring centres.")


class FolderConfig(DataConfig):
    """Pictures on disk; `source` is the path."""

    channels: Literal[1, 3] | None = Field(
        default=None, description="1 for grey, 3 for colour; what the pictures are if null."
    )
