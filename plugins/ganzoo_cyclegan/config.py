"""The config of CycleGAN's networks."""

from typing import Literal

from pydantic import Field

from ganzoo_pix2pix.config import Pix2pixConfig


class CycleganConfig(Pix2pixConfig):
    """The fields of pix2pix with other defaults.

    Domain a is of `source_shape`, domain b of `sample_shape`.
    """

    generator: Literal["unet", "resnet"] = Field(
        default="resnet",
        description="A U-Net, whose skips carry every detail over, or a ResNet at a quarter of the "
        "size.",
    )
    norm: Literal["batch", "instance"] = Field(
        default="instance",
        description="Norm of all networks: of the batch, or of each map of each image.",
    )
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Probability that a generator drops a number, in its inner layers.",
    )
