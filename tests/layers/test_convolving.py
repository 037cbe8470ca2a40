"""Convolutions that are differentiated twice, against the layers of torch, in float64."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ganzoo.layers import convolved
from ganzoo.layers.convolving import Geometry, convolved_by

LAYERS = {
    "1x1": lambda: nn.Conv2d(6, 4, 1),
    "grouped": lambda: nn.Conv2d(6, 4, 3, padding=1, groups=2),
    "without a bias": lambda: nn.Conv2d(6, 4, 3, padding=1, bias=False),
    "strided, of uneven sides": lambda: nn.Conv2d(6, 4, (3, 2), stride=(2, 1), padding=(1, 0)),
}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def derivatives(function, weights):
    """Values, gradients for maps and weights, and those of penalties on either."""
    maps = torch.linspace(-1, 1, 2 * 6 * 7 * 5, dtype=torch.float64).sin().view(2, 6, 7, 5)
    maps.requires_grad_()
    result = function(maps)
    (slope,) = torch.autograd.grad((result**3).sum(), maps, create_graph=True)
    first = torch.autograd.grad((result**2).sum(), [maps, *weights], retain_graph=True)
    second = torch.autograd.grad((slope**2).sum(), [maps, *weights])
    if not weights:
        return [result, slope, *first, *second]
    others = torch.autograd.grad((function(maps) ** 3).sum(), weights, create_graph=True)
    third = torch.autograd.grad(sum((x**2).sum() for x in others), [maps, *weights])
    return [result, slope, *first, *second, *third]


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("case", LAYERS)
def test_a_layer(case, channels_last):
    layer = LAYERS[case]().double()
    if channels_last:
        layer = layer.to(memory_format=torch.channels_last)
    weights = list(layer.parameters())
    ours = derivatives(lambda maps: convolved(maps, layer), weights)
    torch.testing.assert_close(ours, derivatives(layer, weights), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_weight_that_is_given(transposed):
    weight = torch.randn(6, 1, 4, 4, dtype=torch.float64)
    geometry = Geometry((2, 1), (1, 2), 6, transposed)
    function = F.conv_transpose2d if transposed else F.conv2d
    ours = derivatives(lambda maps: convolved_by(maps, weight, geometry), [])
    theirs = derivatives(
        lambda maps: function(maps, weight, stride=(2, 1), padding=(1, 2), groups=6), []
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("grad", [False, True])
def test_autocast_decides_the_type(grad):
    layer, maps = nn.Conv2d(3, 4, 3, padding=1), torch.randn(2, 3, 8, 8, requires_grad=grad)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours, theirs = convolved(maps, layer), layer(maps)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs)
    if grad:
        ours.float().sum().backward()
        assert layer.weight.grad.dtype == maps.grad.dtype == torch.float32


def test_a_gradient_for_maps_alone_computes_none_for_weights(monkeypatch):
    from ganzoo.layers import convolving

    wanted = []
    inner = convolving._gradients
    monkeypatch.setattr(
        convolving, "_gradients", lambda *given: wanted.append(given[-1]) or inner(*given)
    )
    maps = torch.randn(2, 3, 8, 8, requires_grad=True)
    result = convolved(maps, nn.Conv2d(3, 4, 3))
    torch.autograd.grad(result.sum(), maps, create_graph=True)
    assert wanted == [(True, False, False)]
