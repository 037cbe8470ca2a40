"""The config of the deep convolutional networks."""

from typing import Literal

from pydantic import Field

from ganzoo.config import LatentConfig


class DcganConfig(LatentConfig):
    """Kind of layers, width and norm; depth follows from the side of the images."""

    layers: Literal["strided", "alternating"] = Field(
        default="strided",
        description="Strided 4x4 convolutions alone (PyTorch's example), or with 3x3 ones at the "
        "end of the generator and before each of the discriminator, whose last maps are summed "
        "(StudioGAN).",
    )
    width: int = Field(
        default=64,
        ge=1,
        le=4096,
        description="Channels at half the full size, or of alternating layers at the full size; "
        "doubled each level.",
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
    norm_eps: float = Field(
        default=1e-5, gt=0, le=1, description="Added to variances (StudioGAN: 1e-4)."
    )
    initialisation: Literal["normal", "orthogonal"] = Field(
        default="normal",
        description="Initial weights: normal of deviation 0.02, or orthogonal with gains of 1.",
    )
