"""Adaptive augmentation: its changes against other ways to compute them, and its probability."""

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
import torch.nn.functional as F

import ganzoo.augmentation.ada
from ganzoo.augmentation import warping
from ganzoo.augmentation.ada import CHANGES, GROUPS, Ada, moved, recolored
from ganzoo.augmentation.config import AdaConfig
from ganzoo.augmentation.corruptions import BANDS, amplified, blanked, noisy
from ganzoo.augmentation.warping import SYM6
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


# --- moves, by 3x3 matrices and filters in NumPy --------------------------------------------------


def turn(angle):
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])


def shifted(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


def matrix(names, numbers, height, width):
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


TAPS = np.array(SYM6) / sum(SYM6)


def enlarged(image):
    """Put zeros between pixels and convolve, along rows and columns."""
    for axis in (0, 1):
        wide = np.zeros([n * (1 + (i == axis)) for i, n in enumerate(image.shape)])
        wide[(slice(None),) * axis + (slice(None, None, 2),)] = 2 * image
        image = scipy.ndimage.convolve1d(wide, TAPS, axis=axis, mode="constant", origin=-1)
    return image


def reduced(image):
    """Correlate, and keep every other place, from the first that has all its neighbours."""
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(image, len(TAPS), axis=axis)
        image = (windows @ TAPS)[(slice(None),) * axis + (slice(None, None, 2),)]
    return image


def moved_by_numpy(samples, names, seed):
    """In pixels from the upper left; the enlarged image has two places for each of them."""
    height, width = samples.shape[2:]
    uniform, normal = draws(seed).uniform("moves", 6), draws(seed).normal("moves", 4)
    y, x = np.mgrid[-5 : 2 * height + 5, -5 : 2 * width + 5] / 2
    middle = np.array([(width - 1) / 2, (height - 1) / 2, 0])[:, None, None]
    result = np.empty_like(samples)
    for i, image in enumerate(samples):
        numbers = uniform[i].tolist(), normal[i].tolist()
        back = np.linalg.inv(matrix(names, numbers, height, width))
        places = np.tensordot(back, np.stack([x, y, np.ones_like(x)]) - middle, axes=1) + middle
        where = 2 * places[1::-1] + 2 * np.array([height - 1, width - 1])[:, None, None]
        for c, channel in enumerate(image):
            wide = np.pad(channel, [(n - 1, n - 1) for n in channel.shape], mode="reflect")
            # Beyond the margins values fall to 0 within a place.
            wide, beyond = np.pad(enlarged(wide), 1), where + 1
            taken = scipy.ndimage.map_coordinates(wide, beyond, order=1, mode="constant")
            result[i, c] = reduced(taken)
    return result


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 9), (2, 6, 10)], ids=str)
@pytest.mark.parametrize("names", [*((name,) for name in MOVES), MOVES], ids="+".join)
def test_moves_are_those_of_matrices(names, shape):
    samples = images(*shape)
    for seed in range(3):
        ours = moved(samples, happening(*names), draws(seed))
        theirs = moved_by_numpy(samples.numpy(), names, seed)
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-12)


def test_the_filter_is_the_symlet_of_six_moments():
    """It is orthogonal to its own even shifts, and alternated it removes polynomials."""
    for shift in range(6):
        kept = np.dot(SYM6[2 * shift :], SYM6[: 12 - 2 * shift])
        assert kept == pytest.approx(float(shift == 0), abs=1e-11)
    alternated = np.array(SYM6) * (-1.0) ** np.arange(12)
    for power in range(6):
        assert alternated @ (np.arange(12) / 11) ** power == pytest.approx(0, abs=1e-10)


def test_shifts_by_whole_pixels_only_move_them():
    """Enlarging and reducing undo each other; what comes in is mirrored."""
    samples = images(3, 16, 16)
    down = ((2 * draws().uniform("moves", 6)[:, 3] - 1) * 2).round()
    right = ((2 * draws().uniform("moves", 6)[:, 2] - 1) * 2).round()
    results = moved(samples, happening("shift"), draws())
    for sample, result, x, y in zip(samples, results, right.int(), down.int(), strict=True):
        wide = F.pad(sample, (2, 2, 2, 2), mode="reflect")
        torch.testing.assert_close(result, wide[:, 2 - y : 18 - y, 2 - x : 18 - x])


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 10), (2, 24, 16)], ids=str)
@pytest.mark.parametrize("way", ["by gathering", "on a device that one waits for", "in parts"])
def test_other_ways_to_resample_give_the_same(shape, way, monkeypatch):
    """Gradients too, and images that are not moved are kept to the bit."""
    results = []
    happens = {name: torch.arange(N) > 1 for name in CHANGES}
    for other in (False, True):
        samples = images(*shape).requires_grad_()
        gathers, waits = (other and way.startswith(word) for word in ("by", "on"))
        for module in (warping, ganzoo.augmentation.ada):
            monkeypatch.setattr(module, "at_hand", lambda _, waits=waits: not waits)
        monkeypatch.setattr(warping, "PART", 1 if other and way == "in parts" else 2**22)
        torch.use_deterministic_algorithms(gathers)
        try:
            changed = moved(samples, happens, draws())
            assert changed[:2].equal(samples[:2])
            results.append((changed, *torch.autograd.grad(changed.square().sum(), samples)))
        finally:
            torch.use_deterministic_algorithms(False)
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


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


def test_alpha_is_moved_and_cut_out_alone():
    """Colour, bands and noise leave it."""
    samples = images(4, 8, 8)
    moves_only = ada(p=1.0, color=False, filtering=False, noise=False)
    assert ada(p=1.0)(samples, draws())[:, 3].equal(moves_only(samples, draws())[:, 3])


def test_alpha_stays_and_the_colours_beside_it_change_as_without():
    samples = images(4, 4, 5)
    result = recolored(samples, happening(*COLORS), draws())
    assert result[:, 3:].equal(samples[:, 3:])
    assert result[:, :3].equal(recolored(samples[:, :3], happening(*COLORS), draws()))


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_grey_images_have_neither_hue_nor_saturation(name):
    samples = images(1, 4, 4)
    torch.testing.assert_close(recolored(samples, happening(name), draws()), samples)


# --- bands, noise and cutout ---------------------------------------------------------------------


def bank():
    """Four filters of 43 taps, by polynomials; that of the lowest band comes first."""
    low = np.array([-1, 0, 9, 16, 9, 0, -1]) / 32
    whole = np.array([0, 0, 0, 1, 0, 0, 0])

    def apart(taps, step):
        result = np.zeros(step * 6 + 1)
        result[::step] = taps
        return result

    below = [np.ones(1)]
    for step in (1, 2, 4):
        below.append(np.convolve(below[-1], apart(low, step)))
    bands = [below[3]]
    bands += [np.convolve(below[i], apart(whole - low, 2**i)) for i in (2, 1, 0)]
    return [np.pad(taps, (43 - len(taps)) // 2) for taps in bands]


@pytest.mark.parametrize("shape", [(1, 24, 24), (3, 6, 10)], ids=str)
@pytest.mark.parametrize("names", [*((name,) for name in BANDS), BANDS], ids="+".join)
def test_bands_are_those_of_a_bank_of_filters(names, shape):
    samples = images(*shape)
    ours = amplified(samples, happening(*names), draws())
    for image, numbers, found in zip(samples, draws().normal("bands", 4), ours, strict=True):
        gains = np.ones(4)
        for i, name in enumerate(BANDS):
            if name in names:
                one = np.ones(4)
                one[i] = 2 ** numbers[i]
                gains *= one / math.sqrt(np.dot([10 / 13, 1 / 13, 1 / 13, 1 / 13], one**2))
        taps, result = sum(g * f for g, f in zip(gains, bank(), strict=True)), image.numpy()
        for axis in (1, 2):
            result = scipy.ndimage.convolve1d(result, taps, axis=axis, mode="mirror")
        np.testing.assert_allclose(found.numpy(), result, atol=1e-12)


def test_noise_is_half_normal_in_strength():
    samples, rows = torch.zeros(4000, 1, 8, 8, dtype=torch.float64), draws(size=4000)
    happens = {"noise": torch.arange(4000) > 1999}
    still, changed = noisy(samples, happens, rows).split(2000)
    assert not still.any()
    strengths = changed.flatten(1).square().mean(1).sqrt()
    assert strengths.square().mean().sqrt().item() == pytest.approx(0.1, rel=0.1)
    assert strengths.mean().item() == pytest.approx(0.1 * math.sqrt(2 / math.pi), rel=0.1)


def test_cutout_is_a_rectangle_of_half_the_sides():
    samples = torch.ones(N, 2, 8, 12, dtype=torch.float64)
    changed = blanked(samples, happening("cutout"), draws())
    for (right, down), result in zip(draws().uniform("cutout", 2).tolist(), changed, strict=True):
        for row, column in np.ndindex(8, 12):
            inside = abs((row + 0.5) / 8 - down) < 0.25 and abs((column + 0.5) / 12 - right) < 0.25
            assert (result[:, row, column] == 1 - inside).all()
    assert 0 < (changed == 0).double().mean() <= 0.25


# --- the whole ---------------------------------------------------------------------------------


EXTRA = ("filtering", "noise", "cutout")


def ada(**values):
    return Ada(AdaConfig(name="ada", **{**dict.fromkeys(EXTRA, True), **values}))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_without_probability_nothing_is_changed(channels, dtype):
    samples = images(channels, 8, 8, dtype=dtype)
    assert ada(p=0.0)(samples, draws(dtype=torch.float32)).equal(samples)
    changed = ada(p=1.0)(samples, draws(dtype=torch.float32))
    assert changed.dtype == dtype
    assert not any(one.equal(other) for one, other in zip(changed, samples, strict=True))


@pytest.mark.parametrize("off", GROUPS)
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
    rarer = ada(p=p, color_factor=0.5).happening(draws(size=rows))
    assert rarer["hue"].double().mean().item() == pytest.approx(p / 2, abs=0.02)
    assert all(rarer[name].equal(found[name]) for name in CHANGES if name not in COLORS)
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
