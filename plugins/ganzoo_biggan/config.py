"""The config of BigGAN and BigGAN-deep."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ganzoo.config import LatentConfig
from ganzoo.config.models import AsTuple, Side

UP = {
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}
"""Widths of a generator by side: at the start, and after each stage."""

DOWN = {
    32: (4, 4, 4, 4),
    64: (1, 2, 4, 8, 16),
    128: (1, 2, 4, 8, 16, 16),
    256: (1, 2, 4, 8, 8, 16, 16),
    512: (1, 1, 2, 4, 8, 8, 16, 16),
}
"""Widths of a discriminator by side, after each stage. In BigGAN-deep the first stage is a single
convolution."""

MEANS, VARIANCES = "truncated_means", "truncated_variances"
"""Buffers of a norm: a row for each of some truncations, evenly from 0 to 1."""

Positive = Annotated[int, Field(ge=1, le=1024)]
Numbers = Annotated[tuple[Positive, ...], AsTuple]


class BigganConfig(LatentConfig):
    """Blocks, widths, how latents and classes reach them, and what the public codes do differently.

    A *stage* is what changes the size of maps: a block, or some blocks in BigGAN-deep.
    """

    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 32, 32), description="(channels, height, width)."
    )
    latent_dim: int = Field(
        default=120,
        ge=1,
        le=65536,
        description="Length of a latent. Where it is split and not given, it is rounded down to a "
        "multiple of the number of parts.",
    )
    blocks: Literal["residual", "bottleneck"] = Field(
        default="residual", description="Those of BigGAN, or those of BigGAN-deep."
    )
    depth: Positive | Numbers = Field(
        default=2,
        description="Bottlenecks of a stage, or those of each stage of the generator; the "
        "discriminator has the most of them in each.",
    )
    bottleneck_shortcut: Literal["channels", "convolution"] = Field(
        default="channels",
        description="How the shortcut of a bottleneck changes the width: it drops channels or adds "
        "some, or is a convolution (StudioGAN's own).",
    )
    width: int = Field(
        default=64, ge=1, le=1024, description="Channels that all others are multiples of."
    )
    discriminator_width: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="The same of the discriminator; that of the generator if null.",
    )
    generator_widths: Numbers | None = Field(
        default=None,
        description="Multiples of the width at the start and after each stage; the published ones "
        "of the size if null.",
    )
    discriminator_widths: Numbers | None = Field(
        default=None, description="The same after each stage of the discriminator."
    )
    latent_path: Literal["first", "split", "whole"] = Field(
        default="split",
        description="Where latents go: into the first layer; in equal parts, the "
        "first there and each other one into the norms of a stage (hierarchical latents); or as "
        "a whole, with the class, into the first layer and all norms (BigGAN-deep).",
    )
    shared_dim: int | None = Field(
        default=128,
        ge=1,
        le=65536,
        description="Length of the vector of a class, which all norms share; if null, each norm "
        "has gains and biases for every class.",
    )
    attention: Annotated[tuple[Positive, ...], AsTuple] | None = Field(
        default=None,
        description="Numbers of the generator's stages, from 1, after which attention stands; if "
        "null, the last but one, whose maps are half as large as images.",
    )
    discriminator_attention: Annotated[tuple[Positive, ...], AsTuple] | None = Field(
        default=None, description="The same of the discriminator; the first if null."
    )
    shortcut_relu: bool = Field(
        default=False,
        description="Whether the discriminator's shortcuts see maps after the block's first ReLU, "
        "as in StudioGAN, where it works in place.",
    )
    image_width: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Channels that the last convolution makes; the image takes the first ones "
        "(Hugging Face: the width). As many as the image has if null.",
    )
    truncation: Literal["resampled", "scaled", "variance"] = Field(
        default="resampled",
        description="How latents are truncated by t: drawn within -t and t; drawn within -2 and 2 "
        "and multiplied by t; or normal ones multiplied by t.",
    )
    statistics: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="For how many truncations, evenly from 0 to 1, the generator's norms keep "
        "statistics; 1 for none but those gathered in training.",
    )
    interpolation: Literal["linear", "published"] = Field(
        default="linear",
        description="Between the statistics of two truncations: by the distance to each, or with "
        "both swapped, as published.",
    )
    head: Literal["projection", "classifier"] = Field(
        default="projection",
        description="Whether the discriminator is shown the classes, or names them beside its "
        "logits, for the loss auxiliary-classifier.",
    )
    norm_eps: float = Field(
        default=1e-5, gt=0, le=1, description="Added to the variance in the generator's norms."
    )
    spectral_eps: float = Field(
        default=1e-6,
        gt=0,
        le=1,
        description="The least length that power iteration divides by.",
    )
    initialisation: Literal["orthogonal", "normal", "glorot"] = Field(
        default="orthogonal",
        description="Initial weights: orthogonal, normal of deviation 0.02, or Glorot's.",
    )

    @property
    def stages(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Channels of the generator from the start, and of the discriminator after each stage."""
        side = self.sample_shape[-1]
        up = self.generator_widths or UP[side]
        down = self.discriminator_widths or DOWN[side]
        width = self.discriminator_width or self.width
        return tuple(self.width * n for n in up), tuple(width * n for n in down)

    @property
    def depths(self) -> tuple[int, ...]:
        """Bottlenecks of each stage of the generator."""
        count = len(self.stages[0]) - 1
        return (self.depth,) * count if isinstance(self.depth, int) else self.depth

    @property
    def places(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The stages after which attention stands, in the generator and in the discriminator."""
        usual = ((len(self.stages[0]) - 2,), (1,))
        given = (self.attention, self.discriminator_attention)
        first, second = (n if own is None else own for own, n in zip(given, usual, strict=True))
        return first, second

    @property
    def parts(self) -> int:
        """Into how many parts a latent is split."""
        return len(self.stages[0]) if self.latent_path == "split" else 1

    @model_validator(mode="after")
    def _fits(self) -> Self:
        side = self.sample_shape[-1]
        if side not in UP:
            return self  # which the traits refuse
        count = int(math.log2(side)) - 2
        self._check_stages(side, count)
        if self.latent_dim % self.parts:
            self._split(side)
        if self.num_classes and self.shared_dim is None and self.latent_path != "first":
            raise ValueError(
                f"shared_dim is null, and with latent_path {self.latent_path} classes reach the "
                "norms as a shared vector; give its length, or set latent_path to first"
            )
        return self

    def _check_stages(self, side: int, count: int) -> None:
        lengths: dict[str, Any] = {
            "generator_widths": (self.generator_widths, count + 1),
            "discriminator_widths": (self.discriminator_widths, len(DOWN[side])),
            "depth": (None if isinstance(self.depth, int) else self.depth, count),
        }
        for field, (given, wanted) in lengths.items():
            if given is not None and len(given) != wanted:
                raise ValueError(f"{field} has {len(given)} numbers; {side}x{side} needs {wanted}")
        first = self.blocks == "bottleneck"  # whose first width is that of a convolution
        most = (count, len(self.stages[1]) - first)
        names = ("attention", "discriminator_attention")
        for field, places, stages in zip(names, self.places, most, strict=True):
            if places and max(places) > stages:
                raise ValueError(f"{field} is {max(places)}, and there are {stages} stages")

    def _split(self, side: int) -> None:
        """Round the usual length of latents down, and refuse one that was given."""
        down = self.latent_dim // self.parts * self.parts
        if "latent_dim" in self.model_fields_set or not down:
            raise ValueError(
                f"latent_dim is {self.latent_dim}, and at {side}x{side} it is split into "
                f"{self.parts} equal parts; give a multiple, as {max(down, self.parts)}"
            )
        self.__dict__["latent_dim"] = down
