"""The config of the self-attention networks."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ganzoo.config import LatentConfig
from ganzoo.config.models import AsTuple, Side

ATTENTION: dict[int, tuple[int, int]] = {32: (2, 1), 48: (2, 1), 64: (3, 1), 128: (3, 2)}
"""The blocks after which attention stands where a config does not say, by side, in the generator
and in the discriminator: of maps half as large as the image, and at 128x128 a quarter."""

Places = Annotated[tuple[Annotated[int, Field(ge=1)], ...], AsTuple]


class SaganConfig(LatentConfig):
    """Width, the places of attention, and what the public codes do differently."""

    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 32, 32), description="(channels, height, width)."
    )
    latent_dim: int = Field(default=128, ge=1, le=65536, description="Length of a latent.")
    width: int = Field(
        default=64,
        ge=1,
        le=1024,
        description="Channels that all others are multiples of: 4 times as many at 32x32.",
    )
    discriminator_width: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="The same of the discriminator, which at 32x32 has twice as many; that of the "
        "generator if null.",
    )
    attention: Places | None = Field(
        default=None,
        description="Numbers of the generator's blocks, from 1, after which attention stands; if "
        "null, the one whose maps are half as large as images (at 128x128 a quarter).",
    )
    discriminator_attention: Places | None = Field(
        default=None, description="The same of the discriminator."
    )
    tables: Literal["embedding", "linear"] = Field(
        default="embedding",
        description="What holds the gains and biases of classes: embeddings as they are (mimicry), "
        "or linear layers, which are normalised (StudioGAN).",
    )
    upsampling: Literal["nearest", "bilinear"] = Field(
        default="nearest", description="How a block enlarges maps (mimicry: bilinear)."
    )
    discriminator_blocks: Literal["narrow", "wide"] = Field(
        default="narrow",
        description="Whether the inner width of a block is that of its inputs, or of its outputs "
        "(StudioGAN, which also keeps the size in the last block at 64x64).",
    )
    shortcut_relu: bool = Field(
        default=False,
        description="Whether the discriminator's shortcuts see maps after the block's first ReLU, "
        "as in the ports, where it works in place.",
    )
    norm_eps: float = Field(
        default=1e-5,
        gt=0,
        le=1,
        description="Added to the variance in the generator's batch norm (StudioGAN: 1e-4).",
    )
    spectral_eps: float = Field(
        default=1e-12,
        gt=0,
        le=1,
        description="The least length that power iteration divides by (StudioGAN: 1e-6).",
    )
    initialisation: Literal["glorot", "orthogonal"] = Field(
        default="glorot",
        description="Initial weights: Glorot's (He's before a ReLU of a block), or orthogonal.",
    )

    @property
    def places(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The blocks after which attention stands, in the generator and in the discriminator."""
        usual = ATTENTION.get(self.sample_shape[-1], (1, 1))
        given = (self.attention, self.discriminator_attention)
        first, second = ((n,) if own is None else own for own, n in zip(given, usual, strict=True))
        return first, second

    @model_validator(mode="after")
    def _in_reach(self) -> Self:
        blocks = {32: (3, 4), 48: (3, 5), 64: (4, 5), 128: (5, 6)}.get(self.sample_shape[-1])
        for field, own, count in zip(
            ("attention", "discriminator_attention"), self.places, blocks or (), strict=False
        ):
            if own and max(own) > count:
                raise ValueError(
                    f"{field} names block {max(own)}, and at this size there are {count}"
                )
        return self
