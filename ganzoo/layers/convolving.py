"""Convolutions whose gradients are differentiated again, as R1 asks for, without a detour.

Torch (2.14) differentiates the gradient of a convolution by convolutions with kernels as large as
the maps, one for each group, whether anybody asks for them or not. The formulas are closed: in the
maps, the gradient is a convolution too, so that its derivatives are that of the other direction and
the gradient for a weight.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd import Function

from ganzoo.layers.precision import type_of_products

TwoAxes = tuple[int, int]
Wanted = tuple[bool, bool, bool]


class Geometry(NamedTuple):
    """How a convolution walks; pairs are of rows and columns."""

    stride: TwoAxes
    padding: TwoAxes
    groups: int
    transposed: bool = False


def convolved(maps: Tensor, layer: nn.Conv2d) -> Tensor:
    """Apply a convolution that pads by zeros: faster than the layer, differentiated twice.

    Args:
        maps: ``(N, C, H, W)``.
        layer: The convolution, without dilation.

    Returns:
        What the layer returns.
    """
    if _plain(maps):
        return layer(maps)  # type: ignore[no-any-return]
    assert not isinstance(layer.padding, str)
    first, second = layer.padding
    (down, across), kind = layer.stride, type_of_products(maps)
    geometry = Geometry((down, across), (first, second), layer.groups)
    maps, weight = maps.to(kind), layer.weight.to(kind)
    bias = None if layer.bias is None else layer.bias.to(kind)
    # Two nodes of the graph, so that a gradient for the maps alone computes none for weights.
    token = _Weights.apply((maps,), weight, bias, geometry)
    return _Maps.apply(maps, weight, bias, token, geometry)  # type: ignore[no-any-return]


def convolved_by(maps: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Convolve maps ``(N, C, H, W)`` by a weight that gets no gradient."""
    kind = type_of_products(maps)
    maps, weight = maps.to(kind), weight.detach().to(kind)
    if _plain(maps):
        return _product(maps, weight, None, geometry)
    return _Maps.apply(maps, weight, None, None, geometry)  # type: ignore[no-any-return]


def _plain(maps: Tensor) -> bool:
    """Whether no gradient is asked for, or a compiler has ways of its own."""
    return torch.compiler.is_compiling() or not (torch.is_grad_enabled() and maps.requires_grad)


class _Maps(Function):
    """The convolution. Through the token, `_Weights` is handed the gradient, too."""

    @staticmethod
    def forward(
        ctx: Any,
        maps: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        token: Tensor | None,
        geometry: Geometry,
    ) -> Tensor:
        result = _product(maps, weight, bias, geometry)
        ctx.save_for_backward(weight)
        ctx.geometry, ctx.shape = geometry, maps.shape
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        (gradient,), (weight,) = gradients, ctx.saved_tensors
        slope = _Slope.apply(gradient, weight, ctx.shape, ctx.geometry)
        return slope, None, None, gradient if ctx.needs_input_grad[3] else None, None


class _Weights(Function):
    """Nothing, but the place at which the gradients for weight and bias are computed.

    The maps come in a tuple, so that it does not lie on the way of a gradient for them.
    """

    @staticmethod
    def forward(
        ctx: Any, given: tuple[Tensor], weight: Tensor, bias: Tensor | None, geometry: Geometry
    ) -> Tensor:
        (maps,) = given
        ctx.save_for_backward(maps, weight)
        ctx.geometry, ctx.biased = geometry, bias is not None
        sizes = zip(
            maps.shape[2:], weight.shape[2:], geometry.padding, geometry.stride, strict=True
        )
        places = [(size + 2 * zeros - side) // step + 1 for size, side, zeros, step in sizes]
        return maps.new_zeros(()).expand(len(maps), len(weight), *places)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        (gradient,), (maps, weight) = gradients, ctx.saved_tensors
        wanted = (False, ctx.needs_input_grad[1], ctx.biased and ctx.needs_input_grad[2])
        _, of_weight, of_bias = _gradients(gradient, maps, weight, ctx.geometry, wanted)
        return None, of_weight, of_bias, None


class _Slope(Function):
    """The gradient of a convolution for its maps."""

    @staticmethod
    def forward(
        ctx: Any, gradient: Tensor, weight: Tensor, shape: torch.Size, geometry: Geometry
    ) -> Tensor:
        ctx.save_for_backward(gradient, weight)
        ctx.geometry = geometry
        # The maps' own numbers do not count.
        layout, kind = _layout(gradient), gradient.dtype
        maps = torch.empty(shape, dtype=kind, device=gradient.device, memory_format=layout)
        slope, _, _ = _gradients(gradient, maps, weight, geometry, (True, False, False))
        assert slope is not None
        return slope

    @staticmethod
    def backward(ctx: Any, *changes: Any) -> tuple[Tensor | None, ...]:
        (change,), (gradient, weight) = changes, ctx.saved_tensors
        result = of_weight = None
        if ctx.needs_input_grad[0]:
            result = _product(change, weight, None, ctx.geometry)
        if ctx.needs_input_grad[1]:
            wanted = (False, True, False)
            _, of_weight, _ = _gradients(gradient, change, weight, ctx.geometry, wanted)
        return result, of_weight, None, None


def _layout(maps: Tensor) -> torch.memory_format:
    last = maps.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def _product(maps: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    stride, padding, groups, transposed = geometry
    return torch.convolution(
        maps, weight, bias, stride, padding, (1, 1), transposed, (0, 0), groups
    )


def _gradients(
    gradient: Tensor, maps: Tensor, weight: Tensor, geometry: Geometry, wanted: Wanted
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Return the gradients for maps, weight and bias, those that are wanted."""
    stride, padding, groups, transposed = geometry
    sizes = [weight.shape[0]] if wanted[2] else None
    return torch.ops.aten.convolution_backward(  # type: ignore[no-any-return]
        gradient, maps, weight, sizes, stride, padding, (1, 1), transposed, (0, 0), groups, wanted
    )
