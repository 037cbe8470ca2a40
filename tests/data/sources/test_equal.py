"""The same images are the same data, whatever they are laid out as."""

import itertools
import os
import pickle
import shutil
import tarfile
import zipfile

import numpy as np
import pytest

from ganzoo.data.cache import open_store
from ganzoo.errors import DataError
from tests.data.sources.conftest import FILES, KINDS, NAMES, as_folder, opened


@pytest.mark.parametrize("kind", KINDS)
def test_samples_labels_and_class_names(tmp_path, pixels, kind):
    source = opened(KINDS[kind](tmp_path, pixels))
    assert source.class_names == ("cat", "dog", "emu")
    assert source.shape == (3, 8, 8)
    assert source.bad == {}
    assert source.labels.tolist() == [0, 0, 1, 1, 2]
    assert len(set(source.names)) == len(source) == len(NAMES)
    store = open_store(source, source.shape)
    assert (store.samples == pixels).all()
    assert (store.labels == source.labels).all()


@pytest.mark.parametrize("kind", KINDS)
def test_another_process_reads_the_same(tmp_path, pixels, kind):
    source = opened(KINDS[kind](tmp_path, pixels))
    copy = pickle.loads(pickle.dumps(source))
    assert copy.fingerprint == source.fingerprint
    for index in range(len(source)):
        assert (copy.read(index).sample == source.read(index).sample).all()


def test_images_in_folders_and_archives_are_decoded_once(tmp_path, pixels):
    prints = {opened(KINDS[kind](tmp_path, pixels)).fingerprint for kind in FILES}
    assert len(prints) == 1


def packed_as_zip(folder, path):
    """Pack a folder with its links, as ``zip --symlinks`` does."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            info = zipfile.ZipInfo(str(file.relative_to(folder)))
            is_link = file.is_symlink()
            info.create_system, info.external_attr = 3, (0o120777 if is_link else 0o100644) << 16
            archive.writestr(info, os.readlink(file) if is_link else file.read_bytes())


def packed_as_tar(folder, path):
    with tarfile.open(path, "w") as archive:
        archive.add(folder, ".")


@pytest.mark.parametrize("target", ["nothing.png", "9.png"], ids=["nowhere", "itself"])
def test_links_that_lead_to_no_image_are_the_same_everywhere(tmp_path, pixels, target):
    folder = as_folder(tmp_path, pixels)
    (folder / "emu" / "9.png").symlink_to(target)
    packed_as_zip(folder, tmp_path / "a.zip")
    packed_as_tar(folder, tmp_path / "a.tar")
    sources = [opened(path) for path in (folder, tmp_path / "a.zip", tmp_path / "a.tar")]
    assert len({source.fingerprint for source in sources}) == 1
    for source in sources:
        assert list(source.names) == [*NAMES, "emu/9.png"]
        assert source.labels.tolist() == [0, 0, 1, 1, 2, 2]
        assert list(source.bad) == ["emu/9.png"]
        with pytest.raises(DataError, match=r"1 of 6 images cannot be read: .*emu/9\.png: "):
            open_store(source, source.shape)
        source.max_bad = 0.2
        assert (open_store(source, source.shape).samples == pixels).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fingerprint_is_of_the_content_and_not_of_the_place(tmp_path, pixels, kind):
    (tmp_path / "a").mkdir()
    before = opened(KINDS[kind](tmp_path / "a", pixels)).fingerprint
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert opened(KINDS[kind](tmp_path / "b", pixels)).fingerprint == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_fingerprint_changes_with_one_pixel(tmp_path, pixels, kind):
    before = opened(KINDS[kind](tmp_path, pixels)).fingerprint
    other = pixels.copy()
    other[3, 2, 1, 0] ^= 1
    assert opened(KINDS[kind](tmp_path, other)).fingerprint != before


def test_no_two_kinds_of_labels_share_a_fingerprint(tmp_path, pixels):
    np.savez(tmp_path / "a.npz", images=pixels, labels=[0, 0, 1, 1, 2])
    np.savez(tmp_path / "b.npz", images=pixels, labels=[0, 1, 1, 1, 2])
    (tmp_path / "list.csv").write_text("file\n" + "\n".join(f"images/{n}" for n in NAMES))
    as_folder(tmp_path, pixels)
    sources = [opened(tmp_path / name) for name in ("a.npz", "b.npz", "list.csv", "images")]
    for one, other in itertools.combinations(sources, 2):
        assert one.fingerprint != other.fingerprint
