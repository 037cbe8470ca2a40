"""What the README tells works, word by word (with fewer steps)."""

import pytest

from tests.texts import Reader, page


@pytest.fixture
def reader(tmp_path, monkeypatch, session_hub):
    reader = Reader(tmp_path, monkeypatch, session_hub)
    reader.follow(page("README.md"))
    return reader


def test_the_readme(reader):
    assert (reader.folder / "sevens.png").is_file()
    assert (reader.folder / "digits" / "recipe.yaml").is_file()
    published = set(reader.hub.repos) - {"datasets/you/images"}  # which was there before
    assert published == {"you/digits", "you/digits-again"}
    # Its architecture in 20 lines has all that the others have.
    reader.type("ganzoo resume runs/tiny-mnist5k --import tiny.py steps=3")
    reader.type("ganzoo sample ./runs/tiny-mnist5k --import tiny.py -o grid.png")
    assert (reader.folder / "grid.png").is_file()
