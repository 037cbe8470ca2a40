"""The config of the perceptrons."""

from typing import Annotated, Literal

from pydantic import Field

from ganzoo.config import LatentConfig
from ganzoo.config.models import AsTuple, Side

Width = Annotated[int, Field(ge=1, le=65536)]
MAX_LAYERS = 64
MAX_SCALE = 1000.0


class VanillaConfig(LatentConfig):
    """Widths, activations, dropout and initialisation of both perceptrons."""

    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(1, 28, 28), description="(channels, height, width), or (length,) of vectors."
    )
    generator_widths: Annotated[tuple[Width, ...], AsTuple] = Field(
        default=(256, 512, 1024),
        min_length=1,
        max_length=MAX_LAYERS,
        description="Hidden layers of the generator.",
    )
    discriminator_widths: Annotated[tuple[Width, ...], AsTuple] = Field(
        default=(1024, 512, 256),
        min_length=1,
        max_length=MAX_LAYERS,
        description="Hidden layers of the discriminator.",
    )
    generator_norm: Literal["none", "batch"] = Field(
        default="none", description="Norm of the generator's hidden layers except the first."
    )
    slope: float = Field(default=0.2, ge=0, lt=1, description="Negative slope of leaky ReLU.")
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="Dropout after the discriminator's hidden layers."
    )
    input_dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Dropout of the samples that the discriminator sees."
    )
    maxout_pieces: int = Field(
        default=0,
        ge=0,
        le=256,
        description="Linear pieces of each hidden unit of the discriminator, which outputs the "
        "largest (maxout); 0 for leaky ReLU.",
    )
    latent_scale: float = Field(
        default=1.0,
        gt=0,
        le=MAX_SCALE,
        description="Factor on latents before the generator's first layer.",
    )
    unit_range: bool = Field(
        default=False,
        description="Whether images lie in [0, 1] inside both networks (sigmoid), instead of in "
        "[-1, 1] (tanh).",
    )
    generator_init: float | None = Field(
        default=None,
        gt=0,
        le=MAX_SCALE,
        description="Initial weights of the generator are uniform within plus or minus this, and "
        "biases are zero; null for torch's defaults.",
    )
    discriminator_init: float | None = Field(
        default=None, gt=0, le=MAX_SCALE, description="The same for the discriminator."
    )
