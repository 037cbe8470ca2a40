"""The config of the perceptrons."""

from typing import Annotated, Literal

from pydantic import Field

from ganzoo.config import ArchitectureConfig
from ganzoo.config.fields import AsTuple, Side

Width = Annotated[int, Field(ge=1, le=65536)]
MAX_LAYERS = 64


class VanillaConfig(ArchitectureConfig):
    """Widths, norm and dropout of both perceptrons."""

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
        default="none", description="Norm of the generator's hidden layers but the first."
    )
    slope: float = Field(default=0.2, ge=0, lt=1, description="Negative slope of leaky ReLU.")
    dropout: float = Field(
        default=0.3, ge=0, lt=1, description="Dropout after the discriminator's hidden layers."
    )
