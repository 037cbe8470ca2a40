"""The config of the spectrally normalised networks."""

from typing import Annotated, Literal

from pydantic import Field

from ganzoo.config import LatentConfig
from ganzoo.config.models import AsTuple, Side


class SnganConfig(LatentConfig):
    """Kind of blocks and width, and what the public codes do differently."""

    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 32, 32), description="(channels, height, width)."
    )
    latent_dim: int = Field(default=128, ge=1, le=65536, description="Length of a latent.")
    blocks: Literal["resnet", "cnn", "cnn-doubling"] = Field(
        default="resnet",
        description="Residual blocks, or plain convolutions. A discriminator of cnn doubles its "
        "width in 3x3 convolutions and halves the size in 4x4 ones; that of cnn-doubling does both "
        "in 4x4 ones.",
    )
    width: int = Field(
        default=64,
        ge=1,
        le=1024,
        description="Channels that all others are multiples of: a resnet's at 32x32 has 4 times as "
        "many, the others as many at the full size.",
    )
    discriminator_width: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="The same of the discriminator, whose resnet at 32x32 has twice as many; that "
        "of the generator if null.",
    )
    upsampling: Literal["nearest", "bilinear"] = Field(
        default="nearest", description="How a residual block enlarges maps (mimicry: bilinear)."
    )
    discriminator_blocks: Literal["narrow", "wide"] = Field(
        default="narrow",
        description="Whether the inner width of a residual block is that of its inputs (Chainer, "
        "mimicry) or of its outputs (StudioGAN, which also keeps the size in the last block at "
        "64x64).",
    )
    shortcut_relu: bool = Field(
        default=False,
        description="Whether the discriminator's shortcuts see maps after the block's first ReLU, "
        "as in the ports, where it works in place.",
    )
    head: Literal["projection", "classifier"] = Field(
        default="projection",
        description="Whether the discriminator is shown the classes, or names them beside its "
        "logits, for the loss auxiliary-classifier.",
    )
    score_bias: bool = Field(
        default=True, description="Whether the discriminator's last layer has a bias."
    )
    norm_eps: float = Field(
        default=2e-5,
        gt=0,
        le=1,
        description="Added to the variance in the generator's batch norm (Chainer: 2e-5, mimicry: "
        "1e-5, StudioGAN: 1e-4).",
    )
    spectral_eps: float = Field(
        default=1e-12,
        gt=0,
        le=1,
        description="The least length that power iteration divides by (StudioGAN: 1e-6).",
    )
    initialisation: Literal["glorot", "orthogonal", "normal"] = Field(
        default="glorot",
        description="Initial weights: Glorot's (He's before a ReLU of a residual block), "
        "orthogonal, or normal of deviation 0.02.",
    )
