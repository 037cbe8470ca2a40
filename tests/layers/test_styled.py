"""The layers of style-based networks, against closed forms in float64."""

import pytest
import torch
import torch.nn.functional as F

from ganzoo.layers import (
    EqualConv2d,
    EqualLinear,
    RunningMean,
    leaky,
    low_pass,
    modulated_conv,
    unmeasured,
    with_deviation,
)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64)


def check_close(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bias", [None, 0.0, 1.0])
@pytest.mark.parametrize("active", [False, True])
def test_a_linear_layer(bias, active):
    layer = EqualLinear(6, 4, bias=bias, rate=0.01, active=active).double()
    rows = normal(5, 6)
    expected = rows @ layer.weight.T * 0.01 / 6**0.5 + 0.01 * (bias or 0.0)
    if active:
        expected = torch.maximum(expected, 0.2 * expected) * 2**0.5
    check_close(layer(rows), expected)


def test_weights_start_with_the_variance_of_their_rate():
    assert EqualLinear(300, 300, rate=0.01).weight.std().item() == pytest.approx(100, rel=0.01)
    assert EqualConv2d(100, 100, 3).weight.std().item() == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("resize", [None, "up", "down"])
@pytest.mark.parametrize("bias", [False, True])
def test_a_convolution(resize, bias):
    layer = EqualConv2d(3, 4, 3, bias=bias, active=True, resize=resize, gain=0.5, clamp=0.9)
    layer = layer.double()
    if bias:
        torch.nn.init.normal_(layer.bias)
    maps, weight = normal(2, 3, 8, 8), layer.weight / 27**0.5
    taps = low_pass().double().outer(low_pass().double())[None, None]
    if resize == "up":
        wide = maps.new_zeros(2, 3, 16, 16)
        wide[:, :, ::2, ::2] = maps
        wide = F.conv2d(F.pad(wide, (3, 2, 3, 2)).flatten(0, 1)[:, None], 4 * taps)
        expected = F.conv2d(wide.view(2, 3, 18, 18), weight.flip(2, 3))
    elif resize == "down":
        small = F.conv2d(F.pad(maps, (2, 2, 2, 2)).flatten(0, 1)[:, None], taps)
        expected = F.conv2d(small.view(2, 3, 9, 9), weight, stride=2)
    else:
        expected = F.conv2d(maps, weight, padding=1)
    if bias:
        expected = expected + layer.bias[:, None, None]
    expected = F.leaky_relu(expected, 0.2) * 2**0.5 * 0.5
    check_close(layer(maps), expected.clamp(-0.45, 0.45))


def test_the_clamp_of_leaky_is_of_what_it_returns():
    check_close(
        leaky(torch.tensor([-100.0, -1.0, 1.0, 9.0]), 3.0), torch.tensor([-3.0, -0.2, 1, 3])
    )


@pytest.mark.parametrize("count", [1, 3], ids=["one sample", "several"])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_modulation(count, up, demodulate):
    maps, weight, scales = normal(count, 3, 4, 4), normal(5, 3, 3, 3), normal(count, 3)
    bias, taps = normal(5), low_pass().double() if up else None
    side = 8 if up else 4
    noise = normal(count, 1, side, side)
    expected = []
    for one, scale in zip(maps, scales, strict=True):
        own = weight * scale[:, None, None]
        if demodulate:
            own = own / (own.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        expected.append(
            modulated_conv(one[None], own, scales.new_ones(1, 3), demodulate=False, taps=taps)
            if up
            else F.conv2d(one[None], own, padding=1)
        )
    expected = 0.7 * torch.cat(expected) + bias[:, None, None] + noise
    found = modulated_conv(
        maps,
        weight,
        scales,
        demodulate=demodulate,
        taps=taps,
        gain=0.7,
        bias=bias,
        noise=noise,
    )
    check_close(found, expected)


def test_modulation_is_differentiable_twice():
    weight, scales, taps = normal(2, 2, 3, 3), normal(2, 2), low_pass().double()
    maps = normal(2, 2, 2, 2)
    for tensor in (weight, scales, maps):
        tensor.requires_grad_()
    torch.autograd.gradgradcheck(
        lambda m, w, s: modulated_conv(m, w, s, taps=taps), (maps, weight, scales)
    )


@pytest.mark.parametrize("neighbours", [False, True])
def test_deviation_within_groups(neighbours):
    maps = normal(6, 4, 3, 3)
    members = [[0, 1, 2], [3, 4, 5]] if neighbours else [[0, 2, 4], [1, 3, 5]]
    found = with_deviation(maps, 3, count=2, neighbours=neighbours)
    assert found.shape == (6, 6, 3, 3)
    check_close(found[:, :4], maps)
    for rows in members:
        for extra, channels in enumerate((slice(0, 2), slice(2, 4))):
            group = maps[rows][:, channels]
            mean = (group.var(dim=0, correction=0) + 1e-8).sqrt().mean()
            check_close(found[rows, 4 + extra], mean.expand(3, 3, 3))


def test_groups_are_as_large_as_the_batch_allows():
    maps = normal(6, 1, 2, 2)
    for size, allowed in ((4, 3), (8, 6), (5, 3)):
        check_close(with_deviation(maps, size), with_deviation(maps, allowed))


def test_a_running_mean_moves_by_all_parts_of_an_update():
    mean = RunningMean(2, keep=0.9).double()
    parts = normal(2, 3, 2)
    for part in parts:
        mean.measure(part)
    mean.move(mean.measured())
    check_close(mean.value, 0.1 * parts.mean(dim=(0, 1)))
    with unmeasured(mean):
        mean.measure(parts[0])
    mean.eval().measure(parts[0])
    assert mean.measured() is None
    assert mean.state_dict().keys() == {"value"}
