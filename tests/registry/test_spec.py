"""Traits: which shapes an architecture can make, and how the data's is fitted to one."""

import pytest

from ganzoo.errors import closest
from ganzoo.spec import Architecture, Preset, Traits

SQUARE = Traits(sides=(16, 32, 64), channels=(1, 3))
ANY = Traits(vectors=True)
POINTS = Traits(images=False, vectors=True)


@pytest.mark.parametrize(
    ("traits", "shape", "fitted"),
    [
        pytest.param(SQUARE, (1, 32, 32), (1, 32, 32), id="as it is"),
        pytest.param(SQUARE, (1, 28, 28), (1, 32, 32), id="to the nearest"),
        pytest.param(SQUARE, (3, 24, 24), (3, 32, 32), id="halfway goes up"),
        pytest.param(SQUARE, (3, 500, 20), (3, 64, 64), id="by the longer side"),
        pytest.param(SQUARE, (3, 32, 30), (3, 32, 32), id="made square"),
        pytest.param(SQUARE, (2, 32, 32), None, id="channels cannot be fitted"),
        pytest.param(SQUARE, (2,), None, id="no vectors"),
        pytest.param(ANY, (4, 7, 9), (4, 7, 9), id="any image"),
        pytest.param(ANY, (2,), (2,), id="any vector"),
        pytest.param(POINTS, (2,), (2,), id="vectors alone"),
        pytest.param(POINTS, (1, 16, 16), None, id="no images"),
    ],
)
def test_the_shape_of_the_data_is_fitted_to_one_that_can_be_made(traits, shape, fitted):
    assert traits.fit(shape) == fitted
    assert traits.allows(shape) == (fitted == shape)


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        (SQUARE, ["square, of side 16, 32, 64", "channels: 1 or 3)"]),
        (Traits(channels=(1, 2, 3, 4)), ["any height and width", "channels: 1 to 4)"]),
        (ANY, ["channels: any number)", "or vectors of any length"]),
    ],
)
def test_shapes_are_told_in_words(traits, words):
    assert all(word in traits.shapes for word in words)
    assert ("vectors" in traits.shapes) == traits.vectors


def test_an_architecture_has_a_preset_whether_it_names_one_or_not():
    def make(**more):
        return Architecture("x", "A test.", object, "no:G", "no:D", **more)

    assert (make().default_preset, list(make().presets)) == ("default", ["default"])
    several = {name: Preset(name) for name in ("b", "a")}
    assert make(presets=several).default_preset == "b"
    assert make(presets=several, default_preset="a").default_preset == "a"
    with pytest.raises(ValueError, match=r"'c' is not among \['a', 'b'\]"):
        make(presets=several, default_preset="c")


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("dcgn", ["wgan", "dcgan"], "; did you mean 'dcgan'? (available: dcgan, wgan)"),
        ("DCGAN", ["dcgan"], "; did you mean 'dcgan'? (available: dcgan)"),
        (
            "lsgan2",
            ["LSGAN3", "lsgan"],
            "; did you mean 'lsgan' or 'LSGAN3'? (available: LSGAN3, lsgan)",
        ),
        ("zzz", ["dcgan"], " (available: dcgan)"),
        ("dcgan", [], " (available: none)"),
    ],
)
def test_close_names_and_known_names_end_a_message(name, known, text):
    assert closest(name, known) == text
