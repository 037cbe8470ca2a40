"""The config of the networks that translate images, and what they can do with it."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ganzoo.config import TranslatorConfig
from ganzoo.config.models import AsTuple, Side
from ganzoo.spec import Coupling

SIDES = tuple(2**power for power in range(3, 11))
"""The usual sides; the networks take every multiple of what they need."""

SHAPES = ("source_shape", "sample_shape")


class Pix2pixConfig(TranslatorConfig):
    """Kinds, widths and depths of the networks; where one shape is left out, both are the same."""

    source_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 256, 256), description="(channels, height, width) of what is translated."
    )
    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 256, 256), description="(channels, height, width) of what is made."
    )
    generator: Literal["unet", "resnet"] = Field(
        default="unet",
        description="A U-Net, whose skips carry every detail over, or a ResNet at a quarter of the "
        "size.",
    )
    generator_width: int = Field(
        default=64, ge=1, le=4096, description="Channels of the generator at full size."
    )
    downs: int | None = Field(
        default=None,
        ge=2,
        le=10,
        description="Halvings of the U-Net; as many as the sides divide by, at most 8, if null.",
    )
    blocks: int = Field(default=9, ge=1, le=64, description="Residual blocks of the ResNet.")
    norm: Literal["batch", "instance"] = Field(
        default="batch",
        description="Norm of all networks: of the batch, or of each map of each image.",
    )
    dropout: float = Field(
        default=0.5,
        ge=0,
        lt=1,
        description="Probability that the generator drops a number, in its inner layers.",
    )
    discriminator: Literal["patch", "pixel"] = Field(
        default="patch", description="Score overlapping patches, or each pixel by itself."
    )
    discriminator_width: int = Field(
        default=64, ge=1, le=4096, description="Channels of the discriminator's first layer."
    )
    discriminator_layers: int = Field(
        default=3,
        ge=1,
        le=8,
        description="Halvings of the patch discriminator: 3 see patches of 70x70 pixels.",
    )
    use: Literal["published", "eval"] = Field(
        default="published",
        description="How images are translated after training: as the authors do, with dropout and "
        "the statistics of each image, or without dropout and with those of the training.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_shape_for_both(cls, values: Any) -> Any:
        if isinstance(values, Mapping):
            given = [values[key] for key in SHAPES if values.get(key) is not None]
            if len(given) == 1:
                return {**values, **dict.fromkeys(SHAPES, given[0])}
        return values

    @model_validator(mode="after")
    def _sizes_are_kept(self) -> Self:
        source, sample = self.source_shape[1:], self.sample_shape[1:]
        if sample and source != sample:
            raise ValueError(
                f"source_shape is {_size(source)} and sample_shape {_size(sample)}; these networks "
                "keep the size, so give both the same height and width"
            )
        return self

    @property
    def halvings(self) -> int:
        """How often the U-Net halves the image."""
        if self.downs is not None:
            return self.downs
        common = math.gcd(*self.sample_shape[1:])
        factors_of_two = (common & -common).bit_length() - 1
        return min(8, max(2, factors_of_two))

    @property
    def multiple(self) -> int:
        """What height and width must be a multiple of."""
        return 4 if self.generator == "resnet" else 2**self.halvings

    @property
    def least_made(self) -> int:
        """The smallest side that can be translated."""
        # A ResNet's blocks pad a quarter of it by reflection, which needs two pixels.
        return 8 if self.generator == "resnet" else self.multiple

    @property
    def least_judged(self) -> int:
        """The smallest side that can be judged."""
        # Two layers of a patch discriminator, behind its halvings, take a pixel each.
        return 3 * 2**self.discriminator_layers if self.discriminator == "patch" else 1

    @property
    def sides(self) -> tuple[int, ...]:
        """The usual sides that all networks take; a depth that is left out follows the side."""
        follows = self.generator == "unet" and self.downs is None
        least, multiple = (4, 4) if follows else (self.least_made, self.multiple)
        least = max(least, self.least_judged)
        return tuple(side for side in SIDES if side >= least and side % multiple == 0)

    @property
    def coupling(self) -> Coupling:
        """How the samples of a batch depend on each other, in every network."""
        return "batch" if self.norm == "batch" else "none"


def _size(sides: tuple[int, ...]) -> str:
    return "x".join(map(str, sides))
