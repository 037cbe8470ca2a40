"""Filtering of maps, and changes of their size without aliasing.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, appendix B; on
why, Zhang, Making Convolutional Networks Shift-Invariant Again, 2019.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Padding = tuple[int, int, int, int]
"""Left, right, top and bottom, in places of the enlarged map; negative numbers crop."""

SMOOTH = (1.0, 3.0, 3.0, 1.0)
"""The taps that StyleGAN2 and R3GAN filter by."""

WIDE = 8
"""From so many taps on, rows and columns one after the other are faster than both at once."""


def low_pass(taps: Sequence[float] = SMOOTH) -> Tensor:
    """Return taps ``(K,)`` scaled to a sum of 1."""
    result = torch.tensor(taps, dtype=torch.float32)
    return result / result.sum()


def upfirdn(
    maps: Tensor,
    taps: Tensor,
    *,
    up: int = 1,
    down: int = 1,
    padding: Padding = (0, 0, 0, 0),
    gain: float = 1.0,
    flip: bool = False,
) -> Tensor:
    """Insert zeros, pad, convolve every channel with one filter, and keep every n-th place.

    Args:
        maps: ``(N, C, H, W)``.
        taps: ``(K, L)``, or ``(K,)`` for rows and columns alike; it gets no gradient.
        up: Each value is followed by ``up - 1`` zeros, along rows and along columns.
        down: The places 0, down, 2 down, ... of the result are kept.
        padding: Zeros at the left, right, top and bottom of the enlarged map.
        gain: Factor on the result.
        flip: Correlate, as `torch.nn.functional.conv2d` does, instead of convolving.

    Returns:
        ``(N, C, h, w)`` with ``h = (H up + top + bottom - K) // down + 1`` and w likewise, in the
        type of the maps.
    """
    taps = taps.to(maps.dtype)
    left, right, top, bottom = padding
    if taps.ndim == 2:
        return _pass(maps, gain * taps, (up, up), (down, down), padding, flip)
    if len(taps) < WIDE:
        return _pass(maps, gain * taps.outer(taps), (up, up), (down, down), padding, flip)
    maps = _pass(maps, gain * taps[None], (1, up), (1, down), (left, right, 0, 0), flip)
    return _pass(maps, taps[:, None], (up, 1), (down, 1), (0, 0, top, bottom), flip)


def filtered(maps: Tensor, taps: Tensor) -> Tensor:
    """Filter maps ``(N, C, H, W)`` and keep their size."""
    width = len(taps)
    low, high = width // 2, (width - 1) // 2
    return upfirdn(maps, taps, padding=(low, high, low, high))


def enlarged(maps: Tensor, taps: Tensor, times: int = 2, *, flip: bool = False) -> Tensor:
    """Enlarge maps ``(N, C, H, W)`` to ``(N, C, times H, times W)``; constants stay inside."""
    width = len(taps)
    low, high = (width + times - 1) // 2, (width - times) // 2
    padding = (low, high, low, high)
    return upfirdn(maps, taps, up=times, padding=padding, gain=times**2, flip=flip)


def reduced(maps: Tensor, taps: Tensor, times: int = 2, *, flip: bool = False) -> Tensor:
    """Reduce maps ``(N, C, H, W)`` to ``(N, C, H / times, W / times)``."""
    width = len(taps)
    low, high = (width - times + 1) // 2, (width - times) // 2
    return upfirdn(maps, taps, down=times, padding=(low, high, low, high), flip=flip)


def conv_enlarged(maps: Tensor, weight: Tensor, taps: Tensor, times: int = 2) -> Tensor:
    """Convolve enlarged maps: zeros in between, a true convolution, and the filter.

    A convolution and a filter can change places, and this order has the fewest products. The
    weight is mirrored against `torch.nn.functional.conv2d`, as StyleGAN2 has it.

    Args:
        maps: ``(N, inputs, H, W)``.
        weight: ``(outputs, inputs, K, K)`` with an odd K.
        taps: ``(L,)``.
        times: Factor on the size.

    Returns:
        ``(N, outputs, times H, times W)``.
    """
    side, width = weight.shape[-1], len(taps)
    if side == 1:
        return enlarged(F.conv2d(maps, weight), taps, times)
    low = side // 2 + (width + times - 1) // 2 - (side - 1)
    high = side // 2 + (width - times) // 2 - (side - times)
    maps = F.conv_transpose2d(maps, weight.transpose(0, 1), stride=times)
    return upfirdn(maps, taps, padding=(low, high, low, high), gain=times**2)


def conv_reduced(
    maps: Tensor, weight: Tensor, taps: Tensor, times: int = 2, *, bias: Tensor | None = None
) -> Tensor:
    """Filter maps, and convolve them with a stride.

    Args:
        maps: ``(N, inputs, H, W)``.
        weight: ``(outputs, inputs, K, K)`` with an odd K.
        taps: ``(L,)``.
        times: Divisor of the size.
        bias: ``(outputs,)``, or None.

    Returns:
        ``(N, outputs, H / times, W / times)``.
    """
    side, width = weight.shape[-1], len(taps)
    if side == 1:
        return F.conv2d(reduced(maps, taps, times), weight, bias)
    low = side // 2 + (width - times + 1) // 2
    high = side // 2 + (width - times) // 2
    maps = upfirdn(maps, taps, padding=(low, high, low, high))
    return F.conv2d(maps, weight, bias, stride=times)


def _pass(
    maps: Tensor,
    taps: Tensor,
    up: tuple[int, int],
    down: tuple[int, int],
    padding: Padding,
    flip: bool,
) -> Tensor:
    """Do all steps by one convolution of each channel; factors are of rows and columns."""
    channels = maps.shape[1]
    enlarges = max(up) > 1
    # conv2d correlates, and conv_transpose2d convolves.
    if flip == enlarges:
        taps = taps.flip(0, 1)
    weight = taps.expand(channels, 1, -1, -1)
    if not enlarges:
        inside, rest = _split(padding)
        strides = down if _strides_well(maps) else (1, 1)
        maps = _fitted(maps, rest)
        maps = F.conv2d(maps, weight, stride=strides, padding=inside, groups=channels)
    else:
        # What a transposed convolution has more of at each side than is asked for.
        (rows, columns), (tall, wide), (left, right, top, bottom) = up, taps.shape, padding
        excess = (wide - 1 - left, wide - columns - right, tall - 1 - top, tall - rows - bottom)
        inside, rest = _split(excess)
        maps = _transposed(maps, weight, up, inside)
        maps = _fitted(maps, tuple(-more for more in rest))
        strides = (1, 1)
    if strides != down:
        maps = maps[:, :, :: down[0], :: down[1]]
    return maps


def _split(padding: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, ...]]:
    """Split padding into what a convolution pads itself, by rows and columns, and the rest."""
    left, right, top, bottom = padding
    wide, tall = max(0, min(left, right)), max(0, min(top, bottom))
    return (tall, wide), (left - wide, right - wide, top - tall, bottom - tall)


def _fitted(maps: Tensor, padding: tuple[int, ...]) -> Tensor:
    return F.pad(maps, padding) if any(padding) else maps


def _strides_well(maps: Tensor) -> bool:
    """Whether a strided convolution of each channel has a fast gradient."""
    return maps.device.type != "cpu" or _type(maps) != torch.bfloat16


def _transposed(
    maps: Tensor, weight: Tensor, strides: tuple[int, int], padding: tuple[int, int]
) -> Tensor:
    """Convolve each channel, transposed: on CPUs in float32, which is 20 times as fast."""
    kind = _type(maps)
    if maps.device.type != "cpu" or kind != torch.bfloat16:
        return F.conv_transpose2d(
            maps, weight, stride=strides, padding=padding, groups=maps.shape[1]
        )
    with torch.autocast("cpu", enabled=False):
        result = F.conv_transpose2d(
            maps.float(), weight.float(), stride=strides, padding=padding, groups=maps.shape[1]
        )
    return result.to(kind)


def _type(maps: Tensor) -> torch.dtype:
    """The type that a convolution of these maps has, under autocast too."""
    kind = maps.device.type
    if maps.dtype == torch.float32 and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return maps.dtype
