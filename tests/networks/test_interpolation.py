"""Ways between latents, and the samples along them."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganzoo.drawing import save_gif
from ganzoo.errors import RequestError
from ganzoo.latents import slerp, way
from ganzoo.networks import create_generator
from ganzoo.sheet import interpolation_film, interpolation_sheet


def great_circle(start, end, share):
    """Shoemake's formula, on unit vectors, in NumPy."""
    one, other = start / np.linalg.norm(start), end / np.linalg.norm(end)
    angle = np.arccos(np.clip(one @ other, -1, 1))
    return (np.sin((1 - share) * angle) * one + np.sin(share * angle) * other) / np.sin(angle)


@pytest.mark.parametrize("length", [2, 512])
def test_slerp_equals_the_published_formula(length):
    random = np.random.default_rng(length)
    for _ in range(20):
        start, end = random.normal(size=(2, length))
        shares = random.uniform(size=7)
        found = slerp(*map(torch.from_numpy, (start, end, shares))).numpy()
        lengths = (1 - shares) * np.linalg.norm(start) + shares * np.linalg.norm(end)
        expected = lengths[:, None] * [great_circle(start, end, share) for share in shares]
        assert found == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


numbers = st.floats(-1e3, 1e3, width=32)


@settings(deadline=None, max_examples=200)
@given(
    ends=st.integers(2, 9).flatmap(
        lambda n: st.tuples(*[st.lists(numbers, min_size=n, max_size=n)] * 2)
    ),
    share=st.floats(0, 1),
)
def test_slerp_is_finite_and_of_the_length_between_whatever_the_ends(ends, share):
    start, end = (torch.tensor(end).double() for end in ends)
    (found,) = slerp(start, end, torch.tensor([share]))  # in float32
    assert found.isfinite().all()
    if start.norm() and end.norm():
        length = (1 - share) * start.norm() + share * end.norm()
        assert found.norm().item() == pytest.approx(length.item(), rel=1e-5, abs=1e-30)


X, Y = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
HALFWAY = {
    "right angle": (X, Y, [math.sqrt(0.5), math.sqrt(0.5), 0]),
    "the same": (X, X, [1, 0, 0]),
    "the same direction": (X, 3 * X, [2, 0, 0]),
    "from the origin": (0 * X, 2 * X, [1, 0, 0]),
    "numbers": (torch.tensor([2.0]), torch.tensor([-1.0]), [0.5]),
}


@pytest.mark.parametrize(("start", "end", "middle"), HALFWAY.values(), ids=HALFWAY.keys())
def test_halfway(start, end, middle):
    (found,) = slerp(start, end, torch.tensor([0.5]))
    assert found.tolist() == pytest.approx(middle, abs=1e-12)


@pytest.mark.parametrize("tilt", [0.0, 1e-20, 1e-13, 1e-6])
def test_opposite_ends_are_joined_by_half_a_circle(tilt):
    start = torch.tensor([1.0, 2.0, -2.0]).double()
    end = -2 * start + tilt * torch.tensor([2.0, -1.0, 0.0])
    points = slerp(start, end, torch.linspace(0, 1, 181))
    lengths = points.norm(dim=1)
    assert lengths.tolist() == pytest.approx(torch.linspace(3, 6, 181).tolist(), rel=1e-5)
    steps = torch.nn.functional.cosine_similarity(points[1:], points[:-1]).acos()
    assert steps.tolist() == pytest.approx([math.pi / 180] * 180, rel=1e-3)
    assert torch.allclose(points[-1], end, atol=1e-11)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("points", [2, 3, 17])
def test_a_way_begins_and_ends_to_the_last_bit(distribution, points):
    source = torch.Generator().manual_seed(0)
    for _ in range(20):
        start, end = torch.rand(2, 100, generator=source) * 2 - 1
        steps = way(start, end, points, distribution)
        assert steps.shape == (points, 100)
        assert steps.dtype == torch.float32
        assert steps[0].equal(start)
        assert steps[-1].equal(end)


def test_uniform_latents_go_straight():
    start, end = torch.tensor([[-1.0, 0.5], [1.0, 0.0]])
    found = way(start, end, 5, "uniform")
    assert found.tolist() == [[-1, 0.5], [-0.5, 0.375], [0, 0.25], [0.5, 0.125], [1, 0]]


def test_normal_latents_stay_as_far_out_as_training_was():
    start, end = torch.randn(2, 512, generator=torch.Generator().manual_seed(0))
    lengths = way(start, end, 9, "normal").norm(dim=1)
    assert lengths.min() > 0.99 * min(start.norm(), end.norm())
    assert torch.lerp(start, end, 0.5).norm() < 0.8 * lengths[4]


def small(**values):
    return create_generator(
        "vanilla", **{"sample_shape": (1, 4, 4), "generator_widths": (8,), "seed": 0, **values}
    )


@pytest.mark.parametrize("values", [{}, {"latent": "uniform"}, {"num_classes": 3}], ids=str)
@pytest.mark.parametrize("loop", [False, True])
def test_its_waypoints_are_the_samples_of_the_seed(values, loop):
    G = small(**values)
    labels = 1 if G.config.num_classes else None
    legs = G.interpolate(4, steps=5, seed=3, labels=labels, loop=loop)
    assert legs.shape == (4 if loop else 3, 6, 1, 4, 4)
    samples = G.sample(4, seed=3, labels=labels)
    ends = samples.roll(-1, 0)
    count = len(legs)
    assert torch.allclose(legs[:, 0], samples[:count], atol=1e-6)
    assert torch.allclose(legs[:, -1], ends[:count], atol=1e-6)
    assert G.interpolate(4, steps=5, seed=3, labels=labels, loop=loop).equal(legs)
    small_batches = G.interpolate(4, steps=5, seed=3, labels=labels, loop=loop, batch_size=7)
    assert torch.allclose(small_batches, legs, atol=1e-6)
    assert not torch.allclose(
        G.interpolate(4, steps=5, seed=4, labels=labels, loop=loop), legs, atol=1e-3
    )


def latents_seen(G, *arguments, **options):
    seen = []
    hook = G.module.register_forward_hook(lambda module, given, output: seen.append(given))
    G.interpolate(*arguments, seed=0, **options)
    hook.remove()
    latents, labels = zip(*seen, strict=True)
    return torch.cat(latents), None if labels[0] is None else torch.cat(labels)


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_the_network_is_given_the_way_of_its_latents(latent):
    latents, _ = latents_seen(small(latent=latent), 3, steps=4)
    for leg in latents.unflatten(0, (2, 5)):
        expected = way(leg[0], leg[-1], 5, latent)
        assert torch.allclose(leg, expected, atol=1e-6)
        straight = torch.lerp(leg[0], leg[-1], 0.5)
        assert torch.allclose(leg[2], straight, atol=1e-6) == (latent == "uniform")


def test_truncated_latents_lie_within():
    full, _ = latents_seen(small(), 3)
    cut, _ = latents_seen(small(), 3, truncation=0.3)
    assert cut.unflatten(0, (2, 13))[:, 0].abs().max() <= 0.3
    assert cut.norm(dim=1).max() < 0.5 * full.norm(dim=1).min()


LABELS = {
    "one": (2, [2, 2, 2, 2]),
    "one a leg": ([0, 2, 1, 0], [0, 2, 1, 0]),
    "left out": (None, [0, 1, 2, 0]),
}


@pytest.mark.parametrize(("labels", "legs"), LABELS.values(), ids=LABELS.keys())
def test_a_class_belongs_to_a_leg(labels, legs):
    _, seen = latents_seen(small(num_classes=3), 5, steps=2, labels=labels)
    assert seen.reshape(4, 3).tolist() == [[label] * 3 for label in legs]


@pytest.mark.parametrize(
    ("values", "n", "options", "message"),
    [
        ({}, 1, {}, "n is 1; it must be a whole number of at least 2"),
        ({}, 2, {"steps": 0}, "steps is 0"),
        ({}, 2, {"labels": 0}, "without labels"),
        ({"num_classes": 3}, 3, {"labels": [0, 1, 2]}, "got 3 labels for 2; give one"),
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused(values, n, options, message):
    with pytest.raises(RequestError, match=message):
        small(**values).interpolate(n, **options)


class TestImages:
    """The grid, and the film."""

    def test_a_grid_has_a_row_for_each_leg(self):
        sheet = np.asarray(interpolation_sheet(small(), 4, steps=6, seed=0))
        scale = 12  # 4 pixels are enlarged to 48
        assert sheet.shape == ((3 * 6 + 2) * scale, (7 * 6 + 2) * scale)
        pixels = sheet[::scale, ::scale]
        for row in (0, 1):
            end = pixels[2 + 6 * row : 6 + 6 * row, -6:-2]
            start = pixels[8 + 6 * row : 12 + 6 * row, 2:6]
            assert (end == start).all()

    def test_a_film_comes_back_without_a_jump(self):
        frames = interpolation_film(small(), 3, steps=8, seed=0)
        assert len(frames) == 24
        arrays = [np.asarray(frame).astype(int) for frame in frames]
        pairs = itertools.pairwise([*arrays, arrays[0]])
        changes = [np.abs(after - before).mean() for before, after in pairs]
        assert 0 < max(changes) < 4 * np.median(changes)

    @pytest.mark.parametrize(("classes", "columns", "rows"), [(3, 3, 1), (12, 5, 2)])
    def test_a_film_without_a_label_shows_every_class(self, classes, columns, rows):
        G = small(num_classes=classes)
        frames = interpolation_film(G, 2, steps=3, seed=0)
        assert len(frames) == 6
        assert frames[0].size == ((columns * 6 + 2) * 12, (rows * 6 + 2) * 12)
        shown = np.asarray(frames[1])[::12, ::12][2:6, 8:12]
        expected = G.interpolate(2, steps=3, seed=0, labels=1, loop=True)[0, 1, 0]
        assert shown / 255 == pytest.approx(expected.numpy(), abs=0.01)

    def test_a_film_without_a_rest_runs_evenly(self, tmp_path):
        frames = interpolation_film(small(), 2, steps=3, seed=0)
        path = save_gif(frames, tmp_path / "new" / "film.gif", milliseconds=80, rest=1)
        with Image.open(path) as film:
            times = []
            for index in range(film.n_frames):
                film.seek(index)
                times.append(film.info["duration"])
            assert times == [80] * 6
            assert film.info["loop"] == 0

    @pytest.mark.parametrize("draw", [interpolation_sheet, interpolation_film])
    @pytest.mark.parametrize("shape", [(5, 4, 4), (2,)], ids=str)
    def test_what_has_no_image_is_refused(self, draw, shape):
        with pytest.raises(RequestError, match="is not a batch of images"):
            draw(small(sample_shape=shape), 2, seed=0)
