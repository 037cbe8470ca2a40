"""Building blocks of networks that several architectures share."""

from ganzoo.layers.attention import SelfAttention
from ganzoo.layers.initialising import glorot, orthogonal
from ganzoo.layers.norms import ConditionalBatchNorm2d, SpectralNorm, spectral_norm
from ganzoo.layers.projection import ClassifierHead, ProjectionHead
from ganzoo.layers.residual import DownBlock, UpBlock

__all__ = [
    "ClassifierHead",
    "ConditionalBatchNorm2d",
    "DownBlock",
    "ProjectionHead",
    "SelfAttention",
    "SpectralNorm",
    "UpBlock",
    "glorot",
    "orthogonal",
    "spectral_norm",
]
