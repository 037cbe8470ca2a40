"""The experiment of fine-tuning: its images, its runs and its table."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from benchmarks import finetuning
from ganzoo.errors import RequestError


@pytest.fixture
def file(tmp_path):
    """310 images of the category, and two of another, which show their numbers."""
    images = np.zeros((312, 4, 4, 3), dtype=np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(312) % 256, np.arange(312) // 256
    labels = np.array([0] * 310 + [1] * 2)
    path = tmp_path / "images.npz"
    np.savez(path, images=images, labels=labels, categories=[finetuning.CATEGORY, "Other"])
    return path


def numbers(folder):
    pixels = [np.asarray(Image.open(path))[0, 0].astype(int) for path in folder.iterdir()]
    return {int(red + 256 * green) for red, green, _ in pixels}


def test_images_are_laid_out_in_folders(file, tmp_path):
    finetuning.lay_out(file, tmp_path / "out")
    found = {path.name: numbers(path) for path in (tmp_path / "out" / "images").iterdir()}
    assert found["others"] == {310, 311}
    assert found["0"] == set(range(310))
    assert (len(found["100"]), len(found["300"])) == (100, 300)
    assert found["100"] < found["300"] < found["0"]


def test_images_of_something_else_are_refused(tmp_path):
    images = np.zeros((1, 4, 4, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=[0], categories=["Other"])
    with pytest.raises(RequestError, match="has no category 'People & Body'"):
        finetuning.lay_out(tmp_path / "a.npz", tmp_path / "out")


def test_every_setting_has_its_runs_and_each_size_one_base():
    todo = list(finetuning.cases(seeds=3, steps=600, base_steps=3000))
    assert len(todo) == len({case.name for case in todo}) == 3 * 3 * 2 * 3 + 6 + 2
    assert [(case.side, case.steps) for case in finetuning.bases(todo)] == [(32, 3000), (64, 3000)]


def test_the_table_has_medians_and_ranges(file, tmp_path):
    finetuning.lay_out(file, tmp_path)
    todo = list(finetuning.cases(seeds=3, steps=600, base_steps=3000))
    for case in (*finetuning.bases(todo), *todo):
        (tmp_path / case.name).mkdir()
        values = {"kid": (case.seed + 1) / 1000, "recall": 0.5 if case.start == "base" else 0.25}
        (tmp_path / case.name / "result.json").write_text(json.dumps({**asdict(case), **values}))
    lines = finetuning.table(tmp_path, todo)
    assert len(lines) == 2 + 13 + 2
    assert lines[16] == "| 64x64 | the base itself | | | 1 | | 0.25 | |"
    assert lines[2] == "| 32x32 | 100 | 600 | none | 2 (1 to 3) | 2 (1 to 3) | 0.5 | 0.25 |"
    assert lines[8].startswith("| 32x32 | 310 | 600 | none | ")
    assert lines[14] == "| 64x64 | 300 | 600 | diffaugment | 1 | 1 | 0.5 | 0.25 |"
