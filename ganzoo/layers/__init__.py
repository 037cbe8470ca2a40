"""Building blocks of networks that several architectures share."""

from ganzoo.layers.attention import SelfAttention
from ganzoo.layers.deviation import with_deviation
from ganzoo.layers.equalised import GAIN, EqualConv2d, EqualLinear, leaky
from ganzoo.layers.filtering import (
    conv_enlarged,
    conv_reduced,
    enlarged,
    filtered,
    low_pass,
    reduced,
    upfirdn,
)
from ganzoo.layers.initialising import glorot, orthogonal
from ganzoo.layers.means import RunningMean, unmeasured
from ganzoo.layers.modulation import modulated_conv
from ganzoo.layers.norms import ConditionalBatchNorm2d, SpectralNorm, normalised, spectral_norm
from ganzoo.layers.precision import full_precision
from ganzoo.layers.projection import ClassifierHead, ProjectionHead
from ganzoo.layers.resampling import conv_then_pool, upsample_then_conv
from ganzoo.layers.residual import DownBlock, UpBlock, down_blocks

__all__ = [
    "GAIN",
    "ClassifierHead",
    "ConditionalBatchNorm2d",
    "DownBlock",
    "EqualConv2d",
    "EqualLinear",
    "ProjectionHead",
    "RunningMean",
    "SelfAttention",
    "SpectralNorm",
    "UpBlock",
    "conv_enlarged",
    "conv_reduced",
    "conv_then_pool",
    "down_blocks",
    "enlarged",
    "filtered",
    "full_precision",
    "glorot",
    "leaky",
    "low_pass",
    "modulated_conv",
    "normalised",
    "orthogonal",
    "reduced",
    "spectral_norm",
    "unmeasured",
    "upfirdn",
    "upsample_then_conv",
    "with_deviation",
]
