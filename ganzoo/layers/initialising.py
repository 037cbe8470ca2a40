"""Initial weights."""

import math

from torch import nn

Layer = nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding


def glorot(layer: Layer, gain: float = 1.0) -> None:
    """Draw uniform weights of variance 2 gain / (fan in + fan out), and set the bias to zero.

    Fans are products that a number takes part in: a strided convolution counts its outputs, and a
    transposed one its inputs, by the square of the stride fewer.

    Source: Glorot & Bengio, Understanding the Difficulty of Training Deep Feedforward Neural
    Networks, 2010; with strides as in Gulrajani et al., 2017.

    Args:
        layer: A convolution, a linear layer, or an embedding, which is a linear layer of classes.
        gain: Factor on the variance: 2 before a ReLU (He).
    """
    weight = layer.weight
    stride = getattr(layer, "stride", (1, 1))
    fans = weight[0].numel() + weight[:, 0].numel() / math.prod(stride)
    bound = math.sqrt(3) * math.sqrt(2 * gain / fans)
    nn.init.uniform_(weight, -bound, bound)
    _without_bias(layer)


def orthogonal(layer: Layer) -> None:
    """Draw orthonormal rows or columns, whichever are fewer, and set the bias to zero.

    The weight is the matrix of a row for each output, or for each class of an embedding.

    Source: Saxe et al., Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural
    Networks, 2014; as in Brock et al., Large Scale GAN Training, 2019.

    Args:
        layer: A convolution, a linear layer, or an embedding.
    """
    nn.init.orthogonal_(layer.weight)
    _without_bias(layer)


def _without_bias(layer: Layer) -> None:
    bias = getattr(layer, "bias", None)
    if bias is not None:
        nn.init.zeros_(bias)
