"""The configs of the first-party datasets."""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

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


def _absolute(path: str | None) -> str | None:
    """So that a run goes on from wherever it is resumed."""
    return None if path is None else os.path.abspath(os.path.expanduser(path))


class StandardConfig(DataConfig):
    """A dataset in files as torchvision lays them."""

    root: Annotated[str | None, AfterValidator(_absolute)] = Field(
        default=None,
        description="Folder that holds torchvision's (MNIST, FashionMNIST or cifar-10-batches-py); "
        "one in ganzoo's cache where null.",
    )
    split: Literal["train", "test", "all"] = Field(
        default="train", description="Which of the published splits; all is both."
    )
    download: bool = Field(
        default=False, description="Download the files where they are missing, by torchvision."
    )


class PicturesConfig(DataConfig):
    """What every source of picture files has."""

    channels: Literal[1, 3] | None = Field(
        default=None, description="1 for grey, 3 for colour; what the pictures are if null."
    )


class FolderConfig(PicturesConfig):
    """Pictures on disk; `source` is the path."""
