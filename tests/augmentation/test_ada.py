"""Adaptive augmentation: its changes against other ways to compute them, and its probability."""

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
import torchvision.transforms.v2.functional as tv

from ganzoo.augmentation.ada import CHANGES, GROUPS, Ada, moved, recolored
from ganzoo.augmentation.config import AdaConfig
from ganzoo.randomness import Draws

N = 6
MOVES = (*GROUPS["blit"], *GROUPS["geometric"])
COLORS = GROUPS["color"]


def draws(seed=0, size=N, dtype=torch.float64):
    return Draws((seed,), size, dtype=dtype)


def images(*shape, dtype=torch.float64):
    return torch.rand(N, *shape, generator=torch.Generator().manual_seed(1)).to(dtype) * 2 - 1


def happening(*names):
    return {name: torch.full((N,), name in names) for name in CHANGES}


# --- moves, by 3x3 matrices and SciPy's interpolation -------------------------------------------


def turn(angle):
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def shifted(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


def matrix(names, row, numbers, height, width):
    """From places of the image to places of the result, in the order of the article."""
    (mirror, quarter, right, down, before, after), (scale, stretch, x, y) = numbers
    quarters = math.floor(4 * quarter) if height == width else 2 * math.floor(2 * quarter)
    steps = {
        "flip": np.diag([1 - 2 * math.floor(2 * mirror), 1, 1]),
        "quarters": turn(quarters * math.pi / 2),
        "shift": shifted(round((2 * right - 1) * width / 8), round((2 * down - 1) * height / 8)),
        "scale": np.diag([2 ** (0.2 * scale), 2 ** (0.2 * scale), 1]),
        "turn before": turn(math.pi * (2 * before - 1)),
        "stretch": np.diag([2 ** (0.2 * stretch), 2 ** (-0.2 * stretch), 1]),
        "turn after": turn(math.pi * (2 * after - 1)),
        "slide": shifted(x * width / 8, y * height / 8),
    }
    result = np.eye(3)
    for name in MOVES:
        if name in names:
            result = steps[name] @ result
    return result


def moved_by_scipy(samples, names, seed):
    height, width = samples.shape[2:]
    uniform, normal = draws(seed).uniform("moves", 6), draws(seed).normal("moves", 4)
    rows, columns = np.mgrid[:height, :width]
    result = np.empty_like(samples)
    for i, image in enumerate(samples):
        numbers = uniform[i].tolist(), normal[i].tolist()
        back = np.linalg.inv(matrix(names, i, numbers, height, width))
        places = np.stack([columns - (width - 1) / 2, rows - (height - 1) / 2, np.ones_like(rows)])
        x, y, _ = np.tensordot(back, places, axes=1)
        where = [y + (height - 1) / 2, x + (width - 1) / 2]
        for c, channel in enumerate(image):
            result[i, c] = scipy.ndimage.map_coordinates(channel, where, order=1, mode="reflect")
    return result


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 9), (2, 6, 10)], ids=str)
@pytest.mark.parametrize("names", [*((name,) for name in MOVES), MOVES], ids="+".join)
def test_moves_are_those_of_matrices(names, shape):
    samples = images(*shape)
    for seed in range(3):
        ours = moved(samples, happening(*names), draws(seed))
        theirs = moved_by_scipy(samples.numpy(), names, seed)
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-6)


def test_mirrors_and_quarters_only_move_pixels():
    samples = images(3, 8, 8)
    mirror, quarter = draws().uniform("moves", 6)[:, :2].unbind(1)
    assert set((2 * mirror).floor().tolist()) == {0, 1}
    for row, result in enumerate(moved(samples, happening("flip"), draws())):
        wanted = tv.hflip(samples[row]) if mirror[row] >= 0.5 else samples[row]
        torch.testing.assert_close(result, wanted)
    for row, result in enumerate(moved(samples, happening("quarters"), draws())):
        wanted = torch.rot90(samples[row], -int(4 * quarter[row]), (1, 2))
        torch.testing.assert_close(result, wanted)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 10)], ids=str)
def test_resampling_by_gathering_is_the_same(shape):
    """As it is done where deterministic kernels are asked for; its gradients too."""
    results = []
    for deterministic in (False, True):
        samples = images(*shape).requires_grad_()
        torch.use_deterministic_algorithms(deterministic)
        try:
            changed = moved(samples, happening(*MOVES), draws())
            results.append((changed, *torch.autograd.grad(changed.square().sum(), samples)))
        finally:
            torch.use_deterministic_algorithms(False)
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


# --- colours, by matrices ----------------------------------------------------------------------


def recolored_by_matrices(samples, names, seed):
    """A grey image has three equal channels, of which the mean is taken afterwards."""
    uniform, normal = draws(seed).uniform("colors", 2), draws(seed).normal("colors", 3)
    axis = np.ones(3) / math.sqrt(3)
    outer, cross = np.outer(axis, axis), np.cross(axis, np.eye(3)).T
    result = np.empty_like(samples)
    for i, image in enumerate(samples):
        (luma, hue), (brightness, contrast, saturation) = uniform[i].tolist(), normal[i].tolist()
        grey = len(image) == 1
        pixels = np.repeat(image, 3, axis=0) if grey else image
        angle = math.pi * (2 * hue - 1)
        turned = math.cos(angle) * np.eye(3) + (1 - math.cos(angle)) * outer
        turned = turned + math.sin(angle) * cross
        steps = {
            "contrast": 2 ** (0.5 * contrast) * np.eye(3),
            "luma": np.eye(3) - 2 * math.floor(2 * luma) * outer,
            "hue": turned,
            "saturation": outer + 2**saturation * (np.eye(3) - outer),
        }
        if "brightness" in names:
            pixels = pixels + 0.2 * brightness
        for name in COLORS[1:]:
            if name in names:
                pixels = np.tensordot(steps[name], pixels, axes=1)
        result[i] = pixels.mean(axis=0, keepdims=True) if grey else pixels
    return result


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("names", [*((name,) for name in COLORS), COLORS], ids="+".join)
def test_colours_are_those_of_matrices(names, channels):
    samples = images(channels, 4, 5)
    for seed in range(3):
        ours = recolored(samples, happening(*names), draws(seed)).numpy()
        theirs = recolored_by_matrices(samples.numpy(), names, seed)
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_alpha_stays_and_the_colours_beside_it_change_as_without():
    samples = images(4, 4, 5)
    result = recolored(samples, happening(*COLORS), draws())
    assert result[:, 3:].equal(samples[:, 3:])
    assert result[:, :3].equal(recolored(samples[:, :3], happening(*COLORS), draws()))


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_grey_images_have_neither_hue_nor_saturation(name):
    samples = images(1, 4, 4)
    torch.testing.assert_close(recolored(samples, happening(name), draws()), samples)


# --- the whole ---------------------------------------------------------------------------------


def ada(**values):
    return Ada(AdaConfig(name="ada", **values))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_without_probability_nothing_is_changed(channels, dtype):
    samples = images(channels, 8, 8, dtype=dtype)
    assert ada(p=0.0)(samples, draws(dtype=torch.float32)).equal(samples)
    changed = ada(p=1.0)(samples, draws(dtype=torch.float32))
    assert changed.dtype == dtype
    assert not any(one.equal(other) for one, other in zip(changed, samples, strict=True))


@pytest.mark.parametrize("off", ["blit", "geometric", "color"])
def test_a_group_that_is_off_changes_nothing(off):
    every = ada(p=1.0).happening(draws())
    found = ada(p=1.0, **{off: False}).happening(draws())
    assert every.keys() - found.keys() == set(GROUPS[off])
    alone = {group: group == off for group in GROUPS}
    samples = images(3, 8, 8)
    assert not ada(p=1.0, **alone)(samples, draws()).equal(samples)
    assert ada(p=1.0, **dict.fromkeys(GROUPS, False))(samples, draws()).equal(samples)


@pytest.mark.parametrize("p", [0.1, 0.6])
def test_each_change_happens_with_its_probability(p):
    rows = 20_000
    found = ada(p=p).happening(draws(size=rows))
    turned = found["turn before"] | found["turn after"]
    columns = {name: happened for name, happened in found.items() if "turn" not in name}
    for happened in (*columns.values(), turned):
        deviation = math.sqrt(p * (1 - p) / rows)
        assert happened.double().mean().item() == pytest.approx(p, abs=4 * deviation)
    both = (found["flip"] & found["hue"]).double().mean().item()
    assert both == pytest.approx(p * p, abs=4 * math.sqrt(p * p * (1 - p * p) / rows))


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_differentiable_twice(channels):
    samples = images(channels, 4, 4)[:2].requires_grad_()
    augmentation = ada(p=0.8)

    def function(x):
        return augmentation(x, Draws((0,), 2, dtype=torch.float64))

    assert torch.autograd.gradcheck(function, samples)
    assert torch.autograd.gradgradcheck(lambda x: function(x).square(), samples)


def test_p_follows_the_mean_sign():
    """By hand: 64 reals of 640 change p by 0.1, whatever the distance from the target."""
    augmentation = ada(p=0.0, target=0.5, adapt=640)
    given = [(0.75, 0.1), (1.0, 0.2), (0.5, 0.2), (-1.0, 0.1), (0.25, 0.0), (0.0, 0.0)]
    for sign, p in [*given, *((1.0, min(1.0, (i + 1) / 10)) for i in range(12))]:
        augmentation.adapt(torch.tensor(sign), 64)
        assert augmentation.figures()["p"].item() == pytest.approx(p, abs=1e-6)
