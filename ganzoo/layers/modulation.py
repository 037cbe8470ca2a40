"""Convolutions whose weights are different for each sample.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, section 2.2.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.layers.filtering import conv_enlarged
from ganzoo.layers.precision import full_precision

EPS = 1e-8
"""Added to the squared length of the weights of an output."""


def modulated_conv(
    maps: Tensor,
    weight: Tensor,
    scales: Tensor,
    *,
    demodulate: bool = True,
    taps: Tensor | None = None,
    gain: float = 1.0,
    bias: Tensor | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """Convolve each sample with weights of its own: W s, of length 1 for each output.

    The weight of sample n, output o and input i is

        W[o, i] s[n, i] / √(Σ (W[o, i] s[n, i])² + 1e-8),

    with the sum over inputs and places. Scaling the maps before and after one convolution of all
    samples is the same; a single sample has its weight scaled instead, which is smaller than maps.

    Args:
        maps: ``(N, inputs, H, W)``.
        weight: ``(outputs, inputs, K, K)`` with an odd K.
        scales: s, ``(N, inputs)``.
        demodulate: Whether weights are divided by their length.
        taps: Doubles maps, filtered by these (see `conv_enlarged`); None keeps their size.
        gain: Factor on the convolution.
        bias: ``(outputs,)``, is added.
        noise: Is added, and broadcast to the result.

    Returns:
        ``(N, outputs, H, W)``, or of twice the height and width, in a tensor of its own.
    """
    lengths = None
    if demodulate:
        with full_precision(maps.device):
            squares = scales.square() @ weight.square().sum(dim=(2, 3)).T
            lengths = gain * (squares + EPS).rsqrt()
    if len(maps) == 1:
        weight = weight * scales[0, :, None, None]
        weight = weight * (gain if lengths is None else lengths[0, :, None, None, None])
        maps = _convolved(maps, weight, taps)
        if bias is not None:
            maps = maps + bias[:, None, None].to(maps.dtype)
    else:
        maps = _convolved(maps * scales.to(maps.dtype)[:, :, None, None], weight, taps)
        factors = torch.full_like(maps[:, :, 0, 0], gain) if lengths is None else lengths
        factors = factors.to(maps.dtype)[:, :, None, None]
        if bias is None:
            maps = maps * factors
        else:
            maps = torch.addcmul(bias[:, None, None].to(maps.dtype), maps, factors)
    return maps if noise is None else maps.add_(noise.to(maps.dtype))


def _convolved(maps: Tensor, weight: Tensor, taps: Tensor | None) -> Tensor:
    if taps is None:
        return F.conv2d(maps, weight, padding=weight.shape[-1] // 2)
    return conv_enlarged(maps, weight, taps)
