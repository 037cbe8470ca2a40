"""Counting modes, on points whose count is known."""

import numpy as np
import pytest

from benchmarks.modes import SAMPLES, covered, quality, reached, table
from ganzoo.data.config import Grid25Config, Ring8Config
from ganzoo.data.mixtures import Grid25, Ring8
from ganzoo.evaluation.modes import SHARE, count

CENTRES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=np.float32)
LEAST = round(SHARE * SAMPLES / len(CENTRES))


def points(*counts, offset=(0.0, 0.0)):
    """So many points at each centre, moved a little."""
    return np.repeat(CENTRES, counts, axis=0) + np.array(offset, dtype=np.float32)


CASES = {
    "each": (points(1, 2, 3, 4), [1, 2, 3, 4]),
    "none": (points(0, 0, 0, 9), [0, 0, 0, 9]),
    "within the radius": (points(5, 6, 0, 0, offset=(0.0, 0.29)), [5, 6, 0, 0]),
    "within it in each direction, not in both": (points(5, 6, 0, 0, offset=(0.25, 0.25)), [0] * 4),
    "outside": (points(5, 6, 7, 8, offset=(0.5, 0.5)), [0] * 4),
}


@pytest.mark.parametrize(("given", "counts"), CASES.values(), ids=CASES.keys())
def test_counts(given, counts):
    assert count(given, CENTRES, std=0.1).tolist() == counts


@pytest.mark.parametrize(
    ("counts", "modes", "touched", "share"),
    [
        ([SAMPLES, 0, 0, 0], 1, 1, 1.0),
        ([LEAST, LEAST - 1, 1, 0], 1, 3, 2 * LEAST / SAMPLES),
        ([0, 0, 0, 0], 0, 0, 0.0),
        ([LEAST] * 4, 4, 4, 4 * LEAST / SAMPLES),
    ],
)
def test_modes_and_quality(counts, modes, touched, share):
    assert covered({"counts": counts}) == modes
    assert reached({"counts": counts}) == touched
    assert quality({"counts": counts}) == pytest.approx(share)


@pytest.mark.parametrize(
    "source", [Ring8(Ring8Config()), Grid25(Grid25Config())], ids=["ring8", "grid25"]
)
def test_the_data_itself_covers_everything(source):
    std = {8: Ring8Config().std, 25: Grid25Config().std}[len(source.centres)]
    samples = np.stack([source.read(index).sample for index in range(SAMPLES)])
    result = {"counts": count(samples, source.centres, std).tolist()}
    assert covered(result) == len(source.centres)
    # A 2-D Gaussian's points within 3 standard deviations.
    assert quality(result) == pytest.approx(1 - np.exp(-4.5), abs=0.005)
    side = np.abs(samples).max()
    even = np.random.default_rng(0).uniform(-side, side, size=(SAMPLES, 2))
    assert covered({"counts": count(even, source.centres, std)}) == 0


def test_a_row_is_the_median_and_the_range():
    runs = [
        {"dataset": "ring8", "recipe": "r1", "counts": counts, "seconds": 9.6}
        for counts in ([5000] + [0] * 7, [625] * 8, [1000] * 7 + [0])
    ]
    assert table(runs)[2:] == [
        "| `ring8` | r1 | 7 (1 to 8) of 8 | 7 (1 to 8) of 8 | 50.0% (50.0% to 70.0%) | 10 |",
    ]
