"""The config of the Wasserstein networks."""

from typing import Annotated, Literal

from pydantic import Field

from ganzoo.config import LatentConfig
from ganzoo.config.models import AsTuple, Side


class WganGpConfig(LatentConfig):
    """Kind of blocks and width; depth follows from the side of the images."""

    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 32, 32), description="(channels, height, width)."
    )
    latent_dim: int = Field(default=128, ge=1, le=65536, description="Length of a latent.")
    blocks: Literal["cnn", "resnet"] = Field(
        default="cnn", description="Plain strided convolutions, or residual blocks."
    )
    width: int = Field(
        default=128,
        ge=1,
        le=4096,
        description="Channels: of every residual block, or of a CNN's level nearest the image.",
    )
    discriminator_width: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="The same of the critic; that of the generator if null.",
    )
    generator_norm: Literal["batch", "none"] = Field(
        default="batch", description="Norm of the generator. The critic never has one."
    )
