"""The config of R3GAN's networks."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ganzoo.config import LatentConfig
from ganzoo.config.models import AsTuple, Side

Widths = Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], AsTuple]
Depths = Annotated[tuple[Annotated[int, Field(ge=1, le=64)], ...], AsTuple]


class R3ganConfig(LatentConfig):
    """Width and depth at each size of maps, the same in both networks."""

    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 32, 32), description="(channels, height, width)."
    )
    latent_dim: int = Field(default=64, ge=1, le=65536, description="Length of a latent.")
    width: int = Field(
        default=64, ge=1, le=4096, description="Channels of the maps, from 4x4 to wide_until."
    )
    wide_until: int = Field(
        default=8,
        ge=4,
        le=65536,
        description="The side up to which maps have all of the width; each doubling after it "
        "halves the channels.",
    )
    widths: Widths | None = Field(
        default=None,
        description="Channels of the maps of each size, from 4x4 to the image's; by width and "
        "wide_until if null.",
    )
    depth: int = Field(default=2, ge=1, le=64, description="Residual blocks at each size of maps.")
    depths: Depths | None = Field(
        default=None, description="The same of each size, from 4x4 to the image's."
    )
    expansion: int = Field(
        default=2,
        ge=1,
        le=16,
        description="How many times wider than the maps a block is inside.",
    )
    group_width: int = Field(
        default=16,
        ge=1,
        le=4096,
        description="Channels of a group of the 3x3 convolutions; a narrower block is one group.",
    )
    embedding_dim: int = Field(
        default=64, ge=1, le=65536, description="Length of the generator's embedding of a class."
    )

    @property
    def sides(self) -> tuple[int, ...]:
        """The sizes of maps: 4, 8, 16, ..., the image's."""
        sides = [4]
        while sides[-1] < self.sample_shape[-1]:
            sides.append(2 * sides[-1])
        return tuple(sides)

    @property
    def stages(self) -> tuple[tuple[int, int], ...]:
        """Width and depth at each size of maps, from 4x4 on."""
        halved = (self.width * self.wide_until // max(side, self.wide_until) for side in self.sides)
        widths = self.widths or tuple(halved)
        return tuple(zip(widths, self.depths or (self.depth,) * len(widths), strict=True))

    @model_validator(mode="after")
    def _of_each_size(self) -> Self:
        count, side = len(self.sides), self.sample_shape[-1]
        for field in ("widths", "depths"):
            given = getattr(self, field)
            if given is not None and len(given) != count:
                raise ValueError(
                    f"{field} has length {len(given)}, and maps of images of {side}x{side} have "
                    f"{count} sizes ({', '.join(map(str, self.sides))}); give a number for each, "
                    "or leave it out"
                )
        for size, (width, _) in zip(self.sides, self.stages, strict=True):
            inside = self.expansion * width
            if not width:
                raise ValueError(
                    f"no channels are left at {size}x{size}; make width or wide_until larger"
                )
            if inside > self.group_width and inside % self.group_width:
                raise ValueError(
                    f"a block of {size}x{size} has {inside} channels inside, which do not divide "
                    f"into groups of {self.group_width}; change widths, width or group_width"
                )
        return self
