"""What the README tells works, word by word (with fewer steps)."""

import pytest

from tests.texts import Reader, page


@pytest.fixture
def reader(tmp_path, monkeypatch):
    reader = Reader(tmp_path, monkeypatch)
    reader.follow(page("README.md"))
    return reader


def test_the_readme(reader):
    assert (reader.folder / "sevens.png").is_file()
    # Its architecture in 20 lines has all that the others have.
    reader.type("ganzoo resume runs/tiny-mnist5k --import tiny.py steps=3")
    reader.type("ganzoo sample ./runs/tiny-mnist5k --import tiny.py -o grid.png")
    assert (reader.folder / "grid.png").is_file()
