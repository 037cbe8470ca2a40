"""The sources that come with ganzoo."""

import numpy as np
import pytest

from ganzoo.data.config import Grid25Config, Mnist5kConfig, Ring8Config
from ganzoo.data.digits import Mnist5k
from ganzoo.data.mixtures import GaussianMixture, Grid25, Ring8


def points(mixture: GaussianMixture) -> np.ndarray:
    return np.stack([mixture.read(i).sample for i in range(len(mixture))])


def nearest(mixture: GaussianMixture) -> tuple[np.ndarray, np.ndarray]:
    """Each point's nearest centre and its distance from it."""
    distances = np.linalg.norm(points(mixture)[:, None] - mixture.centres, axis=2)
    return distances.argmin(axis=1), distances.min(axis=1)


def test_mnist5k_holds_500_images_of_each_digit():
    digits = Mnist5k(Mnist5kConfig())
    items = [digits.read(i) for i in range(len(digits))]
    assert len(items) == 5000
    assert {(item.sample.shape, item.sample.dtype.name) for item in items} == {((28, 28), "uint8")}
    assert np.bincount([item.label for item in items]).tolist() == [500] * 10
    assert digits.kind == "images"
    assert digits.shape == (1, 28, 28)
    assert digits.class_names == tuple("0123456789")


def test_mnist5k_images_look_like_digits_on_black():
    digits = Mnist5k(Mnist5kConfig())
    images = np.stack([digits.read(i).sample for i in range(len(digits))])
    assert images.min() == 0
    assert images.max() == 255
    assert images.mean() == pytest.approx(33.3, abs=1)  # MNIST's mean is 0.1307 of 255
    assert len({image.tobytes() for image in images}) == 5000
    labels = np.array([digits.read(i).label for i in range(len(digits))])
    assert images[labels == 1].mean() < 0.6 * images[labels == 0].mean()


MIXTURES = {
    "ring8": (Ring8, Ring8Config(samples=20_000), 8),
    "ring8 of another size": (Ring8, Ring8Config(samples=20_000, radius=5.0, std=0.1), 8),
    "grid25": (Grid25, Grid25Config(samples=20_000), 25),
    "grid25 of another size": (Grid25, Grid25Config(samples=20_000, spacing=0.5, std=0.01), 25),
}


@pytest.fixture(params=MIXTURES.values(), ids=MIXTURES.keys())
def mixture(request):
    kind, config, _ = request.param
    return kind(config)


@pytest.mark.parametrize(("kind", "config", "modes"), MIXTURES.values(), ids=MIXTURES.keys())
def test_a_mixture_spreads_evenly_about_its_centres(kind, config, modes):
    mixture = kind(config)
    assert (mixture.kind, mixture.shape, len(mixture)) == ("vectors", (2,), config.samples)
    assert len(mixture.centres) == modes
    which, distance = nearest(mixture)
    share = np.bincount(which, minlength=modes) / config.samples
    assert share == pytest.approx(1 / modes, abs=5 * np.sqrt(1 / modes / config.samples))
    # The squared distance of a 2-D Gaussian from its mean is 2 std^2 on average.
    assert np.square(distance).mean() == pytest.approx(2 * config.std**2, rel=0.05)


def test_the_centres_are_where_they_are_said_to_be():
    ring = Ring8(Ring8Config(samples=1, radius=3.0)).centres
    assert np.hypot(*ring.T) == pytest.approx(np.full(8, 3.0))
    assert np.sort(np.arctan2(ring[:, 1], ring[:, 0]) % (2 * np.pi)) == pytest.approx(
        np.arange(8) * np.pi / 4, abs=1e-6
    )
    grid = Grid25(Grid25Config(samples=1, spacing=2.0)).centres
    assert {tuple(c) for c in grid.tolist()} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }


def test_a_mixture_is_centred_and_of_unit_variance_after_shift_and_scale(mixture):
    normal = (points(mixture) - mixture.shift) / mixture.scale
    assert normal.mean(axis=0) == pytest.approx([0, 0], abs=0.03)
    assert normal.std(axis=0) == pytest.approx([1, 1], abs=0.02)


def test_shift_and_scale_do_not_depend_on_the_number_of_points():
    few, many = (Ring8(Ring8Config(samples=n)) for n in (3, 300))
    assert (few.shift, few.scale) == (many.shift, many.scale)


@pytest.mark.parametrize("kind", [Ring8, Grid25])
def test_a_mixture_is_the_same_every_time_whatever_the_global_state(kind):
    config = {Ring8: Ring8Config, Grid25: Grid25Config}[kind](samples=100)
    np.random.seed(1)
    first = points(kind(config))
    np.random.seed(2)
    assert (first == points(kind(config))).all()
    assert first.dtype == np.float32


def test_every_field_of_a_mixture_changes_its_fingerprint():
    sources = [
        Ring8(Ring8Config(samples=9)),
        Ring8(Ring8Config(samples=8)),
        Ring8(Ring8Config(samples=9, std=0.03)),
        Ring8(Ring8Config(samples=9, radius=1.0)),
        Grid25(Grid25Config(samples=9)),
        Grid25(Grid25Config(samples=9, spacing=1.0)),
    ]
    assert len({source.fingerprint for source in sources}) == len(sources)
    assert sources[0].fingerprint == Ring8(Ring8Config(samples=9)).fingerprint
