"""The config of StyleGAN2's networks."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ganzoo.config import LatentConfig
from ganzoo.config.models import AsTuple, Side

SMALLEST = 4
"""Side of the constant that images grow from."""


class Stylegan2Config(LatentConfig):
    """Widths, the mapping network, and how blocks are joined."""

    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 64, 64), description="(channels, height, width)."
    )
    latent_dim: int = Field(default=512, ge=1, le=65536, description="Length of a latent.")
    style_dim: int = Field(default=512, ge=1, le=65536, description="Length of a style.")
    mapping_layers: int = Field(
        default=8, ge=1, le=64, description="Layers from a latent to its style."
    )
    mapping_rate: float = Field(
        default=0.01, gt=0, le=1, description="By how much the mapping learns more slowly."
    )
    width: int | None = Field(
        default=None,
        ge=SMALLEST,
        le=2**24,
        description="Channels of maps of side s are this by s, but at most max_width; if null, "
        "16384, and 32768 for images from 512 pixels on.",
    )
    max_width: int = Field(default=512, ge=1, le=8192, description="Most channels of any maps.")
    generator_blocks: Literal["skip", "resnet", "plain"] = Field(
        default="skip",
        description="Whether the image is a sum over all sizes of maps (skip), blocks have "
        "shortcuts (resnet), or neither.",
    )
    discriminator_blocks: Literal["resnet", "skip", "plain"] = Field(
        default="resnet",
        description="Whether blocks have shortcuts (resnet), every size of maps sees the image "
        "(skip), or neither.",
    )
    group: int = Field(
        default=4,
        ge=1,
        le=4096,
        description="Samples that the discriminator's minibatch standard deviation is taken over.",
    )
    mixing: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Probability that an update's images take the styles of their last layers from "
        "other latents.",
    )
    style_keep: float = Field(
        default=0.995, ge=0, lt=1, description="How much of the mean style an update keeps."
    )
    clamp: float | None = Field(
        default=None,
        gt=0,
        description="The largest size of activations (256 where float16 was used); null for any.",
    )
    bf16_sizes: int = Field(
        default=4,
        ge=0,
        le=16,
        description="Of how many sizes of maps, from the largest, the layers compute in bfloat16 "
        "where the run does; maps of side 4 never do.",
    )

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides of the maps, from the smallest."""
        largest = self.sample_shape[-1].bit_length()
        return tuple(2**power for power in range(2, largest))

    def width_at(self, side: int) -> int:
        """Return the channels of maps."""
        return min(self._width // side, self.max_width)

    @property
    def _width(self) -> int:
        return self.width or (16384 if self.sample_shape[-1] < 512 else 32768)

    def in_bf16(self, side: int) -> bool:
        """Whether the layers of this size may compute in bfloat16."""
        return side > SMALLEST and side in self.sides[len(self.sides) - self.bf16_sizes :]

    @model_validator(mode="after")
    def _wide_enough(self) -> Self:
        side = self.sample_shape[-1]
        if self._width < side:
            raise ValueError(f"width {self.width} leaves maps of side {side} no channel")
        return self
