"""DiffAugment against its description, written again for one image at a time."""

import numpy as np
import pytest
import torch

from ganzoo.augmentation.config import DiffAugmentConfig
from ganzoo.augmentation.diffaugment import DiffAugment, cut, tinted, translated
from ganzoo.randomness import Draws

N = 40
SHAPES = [(1, 8, 8), (3, 16, 16), (4, 9, 15)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def draws(dtype=torch.float64, size=N):
    return Draws((0,), size, dtype=dtype)


def images(*shape):
    return torch.rand(N, *shape, generator=torch.Generator().manual_seed(1)).double() * 2 - 1


@every_shape
def test_colour(shape):
    samples = images(*shape)
    amounts = draws().uniform("amounts", 3).numpy()
    found = tinted(samples, draws()).numpy()
    for image, (brightness, saturation, contrast), result in zip(
        samples.numpy(), amounts, found, strict=True
    ):
        alpha, image = image[3:], image[:3]
        wanted = image + brightness - 0.5
        if len(image) > 1:
            grey = wanted.mean(axis=0)
            wanted = np.stack([grey + 2 * saturation * (channel - grey) for channel in wanted])
        wanted = wanted.mean() + (0.5 + contrast) * (wanted - wanted.mean())
        wanted = np.concatenate([wanted, alpha])
        np.testing.assert_allclose(result, wanted, atol=1e-12)


@every_shape
def test_translation(shape):
    """Each image is a shift of itself on black; all shifts within an eighth occur."""
    samples, (_, height, width) = images(*shape), shape
    most = [round(side / 8) for side in (height, width)]
    seen = set()
    for image, result in zip(samples, translated(samples, draws()), strict=True):
        around = torch.nn.functional.pad(image, (most[1], most[1], most[0], most[0]))
        shifts = [
            (down, right)
            for down in range(-most[0], most[0] + 1)
            for right in range(-most[1], most[1] + 1)
            if result.equal(around[:, most[0] - down :, most[1] - right :][:, :height, :width])
        ]
        assert len(shifts) == 1
        seen |= set(shifts)
    assert [{shift[i] for shift in seen} for i in (0, 1)] == [
        set(range(-side, side + 1)) for side in most
    ]


@every_shape
def test_cutout(shape):
    """What is cut out is a rectangle, as high and wide as half the image where all is inside."""
    _, height, width = shape
    sizes = set()
    for result in cut(torch.ones(N, *shape), draws()):
        assert result[0].eq(result).all()
        rows, columns = (result[0] == 0).nonzero().unbind(1)
        sides = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
        assert sides[0] * sides[1] == len(rows)
        sizes.add(tuple(map(int, sides)))
    assert max(height for height, _ in sizes) == int(height / 2 + 0.5)
    assert max(width for _, width in sizes) == int(width / 2 + 0.5)
    assert len(sizes) > 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("policy", [["color"], ["translation", "cutout"], ["cutout", "color"]])
def test_the_policy_says_what_is_done_in_which_order(policy, dtype):
    samples = images(3, 8, 8).to(dtype)
    numbers = draws(torch.float64 if dtype == torch.float64 else torch.float32)
    found = DiffAugment(DiffAugmentConfig(name="diffaugment", policy=policy))(samples, numbers)
    functions = {"color": tinted, "translation": translated, "cutout": cut}
    wanted = samples.to(numbers.dtype)
    for name in policy:
        wanted = functions[name](wanted, numbers.within(name))
    assert found.dtype == dtype
    assert found.equal(wanted.to(dtype))


def test_it_is_differentiable_twice():
    samples = images(3, 4, 4)[:2].requires_grad_()
    augmentation = DiffAugment(DiffAugmentConfig(name="diffaugment"))

    def function(x):
        return augmentation(x, draws(size=2))

    assert torch.autograd.gradcheck(function, samples)
    assert torch.autograd.gradgradcheck(lambda x: function(x).square(), samples)
