"""Filtering and changes of size, against the steps of their definition in NumPy, in float64."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ganzoo.layers import (
    conv_enlarged,
    conv_reduced,
    enlarged,
    filtered,
    low_pass,
    reduced,
    upfirdn,
)

SMOOTH = np.array([1.0, 3.0, 3.0, 1.0]) / 8
LONG = np.arange(1.0, 13.0) / 78
UNEVEN = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def plain(maps, taps, up, down, padding, gain=1.0, flip=False):
    """Insert zeros, pad or crop, convolve and decimate, one step after the other."""
    taps = np.outer(taps, taps) if taps.ndim == 1 else taps
    taps = taps if flip else taps[::-1, ::-1]
    n, c, h, w = maps.shape
    wide = np.zeros((n, c, h * up, w * up))
    wide[:, :, ::up, ::up] = maps
    left, right, top, bottom = padding
    pads = [(0, 0), (0, 0), (max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))]
    wide = np.pad(wide, pads)
    wide = wide[:, :, max(-top, 0) :, max(-left, 0) :]
    wide = wide[:, :, : wide.shape[2] - max(-bottom, 0), : wide.shape[3] - max(-right, 0)]
    rows, columns = (side - taps.shape[i] + 1 for i, side in enumerate(wide.shape[2:]))
    result = sum(
        taps[i, j] * wide[:, :, i : i + rows, j : j + columns]
        for i, j in itertools.product(*map(range, taps.shape))
    )
    return gain * result[:, :, ::down, ::down]


@pytest.mark.parametrize("taps", [SMOOTH, LONG, UNEVEN], ids=["smooth", "long", "uneven"])
@pytest.mark.parametrize(
    ("up", "down", "padding"),
    [
        (1, 1, (2, 2, 3, 1)),
        (1, 1, (5, 6, 7, 8)),
        (1, 2, (6, 5, 7, 7)),
        (2, 1, (2, 1, 2, 1)),
        (2, 1, (-1, 2, 12, -3)),
        (2, 3, (13, 12, 14, 13)),
        (3, 2, (1, 0, 2, 20)),
        (1, 1, (-2, 9, 8, -1)),
    ],
)
@pytest.mark.parametrize("flip", [False, True])
def test_upfirdn(taps, up, down, padding, flip):
    maps = np.random.default_rng(1).normal(size=(2, 3, 8, 9))
    expected = plain(maps, taps, up, down, padding, 1.7, flip)
    found = upfirdn(
        torch.from_numpy(maps),
        torch.from_numpy(taps),
        up=up,
        down=down,
        padding=padding,
        gain=1.7,
        flip=flip,
    )
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("times", [2, 4])
@pytest.mark.parametrize("taps", [(1, 3, 3, 1), (1, 2, 1), (1, 1), range(1, 13)], ids=str)
def test_sizes(times, taps):
    taps = low_pass(taps).double()
    maps = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert taps.sum() == pytest.approx(1)
    assert filtered(maps, taps).shape == (2, 3, 8, 8)
    assert enlarged(maps, taps, times).shape == (2, 3, 8 * times, 8 * times)
    assert reduced(maps, taps, times).shape == (2, 3, 8 // times, 8 // times)


def test_a_constant_stays_constant_inside():
    ones, taps = torch.ones(1, 1, 16, 16, dtype=torch.float64), low_pass().double()
    for result in (filtered(ones, taps), enlarged(ones, taps), reduced(ones, taps)):
        torch.testing.assert_close(
            result[..., 3:-3, 3:-3], torch.ones_like(result[..., 3:-3, 3:-3])
        )


def test_up_and_down_keep_the_centre():
    maps = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
    maps[..., 5, 9] = 1
    taps = low_pass().double()
    back = reduced(enlarged(maps, taps), taps)[0, 0]
    places = torch.arange(16.0, dtype=torch.float64)
    assert (back.sum(1) @ places / back.sum()).item() == pytest.approx(5)
    assert (back.sum(0) @ places / back.sum()).item() == pytest.approx(9)


@pytest.mark.parametrize("side", [1, 3])
def test_convolutions_that_change_the_size(side):
    maps = np.random.default_rng(2).normal(size=(2, 4, 8, 8))
    weight = torch.randn(5, 4, side, side, dtype=torch.float64)
    taps, pad = low_pass().double(), side // 2

    wide = plain(maps, SMOOTH, 2, 1, (2 + pad, 1 + pad, 2 + pad, 1 + pad), gain=4)
    expected = F.conv2d(torch.from_numpy(wide), weight.flip(2, 3))
    found = conv_enlarged(torch.from_numpy(maps), weight, taps)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)

    wide = plain(maps, SMOOTH, 1, 1, (1 + pad,) * 4)
    expected = F.conv2d(torch.from_numpy(np.ascontiguousarray(wide)), weight)[:, :, ::2, ::2]
    found = conv_reduced(torch.from_numpy(maps), weight, taps)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("function", [filtered, enlarged, reduced])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_twice_differentiable(function, layout):
    maps = torch.randn(1, 2, 4, 4, dtype=torch.float64).to(memory_format=layout)
    maps.requires_grad_()
    taps = low_pass().double()
    torch.autograd.gradgradcheck(lambda x: function(x, taps) ** 2, (maps,))


@pytest.mark.parametrize("function", [filtered, enlarged, reduced])
def test_bfloat16(function):
    maps, taps = torch.randn(2, 3, 8, 8), low_pass()
    expected = function(maps, taps)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        automatic = function(maps, taps)
    for found in (function(maps.bfloat16(), taps), automatic):
        assert found.dtype == torch.bfloat16
        torch.testing.assert_close(found.float(), expected, rtol=0, atol=0.03)
