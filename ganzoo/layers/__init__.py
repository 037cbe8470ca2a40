"""Building blocks of networks that several architectures share."""

from ganzoo.layers.attention import SelfAttention
from ganzoo.layers.initialising import glorot, orthogonal
from ganzoo.layers.norms import ConditionalBatchNorm2d, SpectralNorm, normalised, spectral_norm
from ganzoo.layers.projection import ProjectionHead
from ganzoo.layers.residual import DownBlock, UpBlock, down_blocks

__all__ = [
    "ConditionalBatchNorm2d",
    "DownBlock",
    "ProjectionHead",
    "SelfAttention",
    "SpectralNorm",
    "UpBlock",
    "down_blocks",
    "glorot",
    "normalised",
    "orthogonal",
    "spectral_norm",
]
