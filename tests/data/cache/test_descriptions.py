"""What files of the cache say of themselves."""

import pytest
import torch
from PIL import Image

from ganzoo.data.cache import cache_folder
from ganzoo.data.cache.entries import what_of
from ganzoo.data.config import FolderConfig
from ganzoo.data.sources import looking
from ganzoo.data.sources.folder import Folder
from ganzoo.evaluation import statistics
from ganzoo.evaluation.families import Seen


def only(kind):
    (path,) = (cache_folder() / kind).iterdir()
    return path


@pytest.fixture
def images(tmp_path):
    (tmp_path / "images").mkdir()
    for index in range(2):
        Image.new("L", (9, 9)).save(tmp_path / "images" / f"{index}.png")
    return tmp_path / "images"


def test_an_index_names_its_source(images):
    Folder(FolderConfig(source=str(images)))
    assert what_of("index", only("index")) == f"what was found in 2 images of {images}"


def test_an_index_of_one_file_names_it(images):
    looking.content_key(str(images / "0.png"))
    assert what_of("index", only("index")) == f"the hash of {images / '0.png'}"


@pytest.mark.parametrize("what", ["mnist5k as digits sees it", ""])
def test_statistics_tell_what_was_seen(what):
    path = statistics.place_of({}, keep=False)
    seen = Seen(4, keep=False, device="cpu")
    seen.moments.update(torch.rand(6, 4))
    statistics.write(path, seen, what)
    told = "4 features of 6 samples"
    assert what_of("statistics", path) == (f"{what}: {told}" if what else told)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("index", "what was found in images"),
        ("statistics", "what an extractor saw"),
        ("archives", "a file, unpacked"),
        ("own", ""),
    ],
)
def test_a_damaged_file_is_told_by_its_kind(tmp_path, kind, told):
    (tmp_path / "damaged").write_bytes(b"PK\x03\x04")
    assert what_of(kind, tmp_path / "damaged") == told
