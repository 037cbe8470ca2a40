"""The first look at images, and the index that remembers it."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest

from ganzoo.data.sources import looking
from ganzoo.errors import DataError
from tests.data.sources.conftest import NAMES, as_folder, as_zip, opened, png


@pytest.fixture
def read(monkeypatch):
    """The names of the images that were read for a look, in no order."""
    names = []
    digest_of = looking.digest_of

    def told(file):
        names.append(os.path.basename(getattr(file, "name", "")))
        return digest_of(file)

    monkeypatch.setattr(looking, "digest_of", told)
    return names


@pytest.fixture
def settled(monkeypatch):
    """Every file is taken for one that changed long ago."""
    monkeypatch.setattr(looking, "SETTLED_NS", -(10**18))


@pytest.mark.parametrize("make", [as_folder, as_zip])
@pytest.mark.usefixtures("settled")
def test_a_second_opening_reads_nothing_and_knows_the_same(tmp_path, pixels, read, make):
    path = make(tmp_path, pixels)
    if path.is_dir():
        (path / "cat" / "bad.png").write_bytes(b"no image")
    first = opened(path)
    assert len(read) == len(first)
    again = opened(path)
    assert len(read) == len(first)
    for name in ("fingerprint", "bad", "shape"):
        assert getattr(again, name) == getattr(first, name)
    assert (again.sizes == first.sizes).all()


@pytest.mark.usefixtures("settled")
def test_what_changed_alone_is_read_again(tmp_path, pixels, read):
    path = as_folder(tmp_path, pixels)
    before = opened(path).fingerprint
    read.clear()
    (path / "cat" / "2.png").write_bytes(png(255 - pixels[1]))
    (path / "emu" / "new.png").write_bytes(png(pixels[0]))
    after = opened(path)
    assert sorted(read) == ["2.png", "new.png"]
    assert after.fingerprint != before


def test_a_file_that_changed_just_now_is_not_trusted_to_stay(tmp_path, pixels, read):
    path = as_folder(tmp_path, pixels)
    before = opened(path).fingerprint
    file = path / "cat" / "1.png"
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert opened(path).fingerprint != before
    assert len(read) == 2 * len(NAMES)


@pytest.mark.parametrize(
    "damage",
    ["nothing", "noise", "half", "another version", "a folder", "other digests", "other sizes"],
)
@pytest.mark.usefixtures("settled")
def test_a_damaged_index_is_made_anew(tmp_path, pixels, cache, read, damage, monkeypatch):
    path = as_folder(tmp_path, pixels)
    before = opened(path)
    (index,) = cache.glob("index/*.npz")
    content = index.read_bytes()
    index.unlink()
    if damage == "a folder":
        index.mkdir()
    elif damage == "another version":
        index.write_bytes(content)
        monkeypatch.setattr(looking, "VERSION", 99)
    elif damage.startswith("other"):
        with np.load(io.BytesIO(content)) as arrays:
            found = dict(arrays)
        np.savez(index, **{**found, damage.split()[1]: np.zeros((99, 7, 2), np.uint8)})
    else:
        part = {"nothing": b"", "noise": bytes(range(256)), "half": content[: len(content) // 2]}
        index.write_bytes(part[damage])
    read.clear()
    after = opened(path)
    assert len(read) == len(NAMES)
    assert (after.fingerprint, after.shape) == (before.fingerprint, before.shape)
    assert not list(cache.glob("index/.*"))


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, pixels, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("a file")
    assert len(opened(as_folder(tmp_path, pixels))) == len(NAMES)


OPEN = """
import sys
from ganzoo.data.config import FolderConfig
from ganzoo.data.sources import looking
from ganzoo.data.sources.folder import Folder
looking.SETTLED_NS = -10**18
for _ in range(20):
    print(Folder(FolderConfig(source=sys.argv[1])).fingerprint)
"""


def test_two_processes_at_once(tmp_path, pixels):
    path = as_folder(tmp_path, pixels)
    command = [sys.executable, "-c", OPEN, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {line for process in running for line in process.communicate()[0].split()}
    assert [process.returncode for process in running] == [0, 0]
    assert said == {opened(path).fingerprint}


def test_many_images_are_looked_at_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "BLOCK", 3)
    for number in range(50):
        image = np.zeros((number + 1, 60), dtype=np.uint8)
        (tmp_path / f"{number:02}.png").write_bytes(png(image))
    source = opened(tmp_path)
    assert source.sizes.tolist() == [[60, number + 1] for number in range(50)]


def test_loops_of_links_end_and_what_lies_around_stays_outside(tmp_path, pixels):
    path = as_folder(tmp_path, pixels)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "1.png").write_bytes(png(pixels[0]))
    (path / "cat" / "loop").symlink_to(path / "cat", target_is_directory=True)
    (path / "cat" / "up").symlink_to("..", target_is_directory=True)
    (path / "dog" / "out").symlink_to(tmp_path, target_is_directory=True)
    assert opened(path).names == list(NAMES)
    (path / "fox").symlink_to(tmp_path / "beside", target_is_directory=True)
    (tmp_path / "beside" / "back").symlink_to(path / "fox", target_is_directory=True)
    (path / "dog" / "3.png").symlink_to(path / "cat" / "1.png")
    source = opened(path)
    assert set(source.names) - set(NAMES) == {"fox/1.png", "dog/3.png"}
    assert source.class_names == ("cat", "dog", "emu", "fox")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path, pixels):
    path = as_folder(tmp_path, pixels)
    (path / "cat" / "1.png").chmod(0)
    assert opened(path).bad == {"cat/1.png": "Permission denied"}


def test_a_pipe_is_passed_over(tmp_path, pixels):
    path = as_folder(tmp_path, pixels)
    os.mkfifo(path / "cat" / "pipe.png")
    assert opened(path).names == list(NAMES)


def test_a_name_that_is_no_text_is_shown_as_one(tmp_path, pixels):
    path = as_folder(tmp_path, pixels)
    name = os.fsdecode(b"caf\xe9.png")
    (path / "cat" / name).write_bytes(b"no image")
    source = opened(path)
    (bad,) = source.bad
    with pytest.raises(DataError, match=r"caf\\udce9\.png: it is text, not an image") as caught:
        source.read(list(source.names).index(bad))
    assert str(caught.value).isprintable()
