"""The benchmark of translators: what it lays out, and what it measures."""

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import translations


@pytest.mark.parametrize("width", [2, 3, 5, 8])
@pytest.mark.parametrize("upright", [False, True])
def test_the_width_of_a_bar(width, upright):
    ink = torch.zeros(1, 1, 64, 64)
    ink[..., 20 : 20 + width, 2:62] = 1
    ink = ink.transpose(2, 3) if upright else ink
    assert translations.stroke_widths(ink) == pytest.approx(width, rel=0.06)


def test_an_empty_image_has_no_width():
    assert translations.stroke_widths(torch.zeros(1, 1, 8, 8)) == 0


def test_the_colour_of_a_level():
    luma = torch.tensor([10, 10, 255, 20]).view(1, 1, 2, 2) / 255
    colour = torch.tensor([[0.0, 1, 1, 0.5], [0, 0.5, 1, 0], [1, 1, 1, 1]]).view(1, 3, 2, 2)
    table = translations.table_of(luma, colour, lambda pixels: pixels.mean(0))
    assert table[10] == pytest.approx([0.5, 0.25, 1])
    assert table[255] == pytest.approx([1, 1, 1])
    assert table[128] == pytest.approx([128 / 255] * 3)


def test_waves_repeat_and_span_the_range():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    luma, *waves = np.moveaxis(translations.with_waves(levels), -1, 0)
    assert (luma == levels).all()
    for wave, period in zip(waves, translations.PERIODS, strict=True):
        assert (wave.ravel()[period:] == wave.ravel()[:-period]).all()
        assert wave.ravel()[period // 2] == 0
        assert wave.ravel()[0] == wave.max() == 255


def test_colours_are_laid_out_in_pairs(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (103, 4, 4, 3), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    translations.lay_out_colours(tmp_path / "images.npz", tmp_path)
    seen = set()
    for part, count in (("train", 3), ("held-out", 100)):
        for file in (tmp_path / part / "b").iterdir():
            row = int(file.stem)
            seen.add(row)
            count -= 1
            assert (np.asarray(Image.open(file)) == images[row]).all()
            source = np.asarray(Image.open(tmp_path / part / "a" / file.name))
            assert source[..., 0] == pytest.approx(images[row] @ [0.299, 0.587, 0.114], abs=1)
        assert count == 0
    assert len(seen) == 103


def test_no_digit_is_in_two_sets(tmp_path, monkeypatch):
    images, labels = translations.digits()
    monkeypatch.setattr(translations, "digits", lambda: (images[::8], labels[::8]))
    translations.lay_out_digits(tmp_path)
    names = {
        place: {file.name for file in (tmp_path / place).iterdir()}
        for place in ("train/a", "train/b", "held-out/a", "held-out/b")
    }
    counts = [len(found) for found in names.values()]
    assert counts[2:] == [500, 500]
    assert names["held-out/a"] == names["held-out/b"]
    assert len(set().union(*names.values())) == len(images[::8]) == sum(counts[:3])
    thin = translations.read(tmp_path / "held-out" / "a")
    thick = 1 - translations.read(tmp_path / "held-out" / "b")
    assert (thick + 1e-6 >= thin).all()
    one, other = (np.median(translations.stroke_widths(ink[::10])) for ink in (thin, thick))
    assert other > one + 1.5
