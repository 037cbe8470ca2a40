"""The config of the deep convolutional networks."""

from typing import Literal

from pydantic import Field

from ganzoo.config import LatentConfig


class DcganConfig(LatentConfig):
    """Width and norm; depth follows from the side of the images."""

    width: int = Field(
        default=64, ge=1, le=4096, description="Channels at half the full size; doubled each level."
    )
    discriminator_width: int | None = Field(
        default=None,
        ge=1,
        le=4096,
        description="The same of the discriminator; that of the generator if null.",
    )
    discriminator_norm: Literal["batch", "instance", "spectral", "none"] = Field(
        default="batch",
        description="Norm of the discriminator's inner layers (spectral: of all layers).",
    )
