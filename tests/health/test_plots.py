"""The image has the panels that a run has figures for."""

import math

import numpy as np
import pytest
from PIL import Image

from ganzoo.health.plots import PANELS, drawings, save_plots
from tests.health.conftest import made_up, score

ALL = [panel.title for panel in PANELS]


def titles(*arguments):
    return [item.panel.title for item in drawings(*arguments)]


@pytest.mark.parametrize(
    ("rows", "drawn"),
    [
        (made_up(), ALL),
        (made_up(overfit=False), ALL[:-1]),
        (made_up(look=0), ALL[:2]),
        ([{"step": 1, "steps_per_second": 3.0}], []),
        ([{"step": 1, "loss/generator": math.nan}], []),
        ([{"step": 1, "loss/generator": 1e300}], []),
        ([{"step": 1, "health/gradient/generator": 0.0}], []),
        ([], []),
    ],
)
def test_panels_are_those_with_something_to_draw(rows, drawn):
    assert titles(rows) == drawn


def test_each_score_has_a_panel(rows, scores):
    assert titles(rows, scores) == [*ALL, "score FID-digits", "score recall-digits"]


def test_an_image_of_everything(tmp_path, rows, scores, findings):
    assert save_plots(tmp_path / "all.png", rows, scores, findings)
    plain = save_plots(tmp_path / "plain.png", rows)
    assert plain
    with Image.open(tmp_path / "all.png") as image:
        assert image.format == "PNG"
        assert image.width == 1100
        assert 1250 <= image.height <= 1500
        pixels = np.asarray(image.convert("L"))
    assert pixels[0, 0] == 255
    assert 200 < pixels.mean() < 255


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([{"step": 1, "loss/generator": 1.0}], id="one row"),
        pytest.param([{"step": 0, "real/discriminator": 0.5}], id="the start"),
        pytest.param([{"step": s, "fake/discriminator": 0.5} for s in (1, 2, 3)], id="constant"),
        pytest.param(
            [{"step": s, "loss/generator": v} for s, v in ((1, 1.0), (2, math.inf), (3, 1e29))],
            id="not finite",
        ),
        pytest.param([{"step": 5, "health/gradient/generator": 1e-20}], id="small"),
    ],
)
def test_odd_rows_are_drawn_without_a_warning(tmp_path, rows, findings):
    assert save_plots(tmp_path / "odd.png", rows, [], findings)
    Image.open(tmp_path / "odd.png").load()


def test_names_from_a_file_are_drawn_as_they_are(tmp_path):
    taken = [(1, [score("$x$ \u4e00 $", "fid", 1.0)])]
    assert save_plots(tmp_path / "names.png", [], taken)


def test_nothing_is_written_where_there_is_nothing_to_draw(tmp_path):
    assert not save_plots(tmp_path / "none.png", [])
    assert not list(tmp_path.iterdir())
