"""The same pictures are the same data, whatever they are laid out as."""

import itertools
import pickle
import shutil

import numpy as np
import pytest

from ganzoo.data.cache import open_store
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


def test_pictures_in_folders_and_archives_are_decoded_once(tmp_path, pixels):
    prints = {opened(KINDS[kind](tmp_path, pixels)).fingerprint for kind in FILES}
    assert len(prints) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_fingerprint_is_of_the_content_and_not_of_the_place(tmp_path, pixels, kind):
    if kind == "jsonl":
        pytest.skip("its paths are absolute here")
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
    (tmp_path / "list.csv").write_text("file\n" + "\n".join(f"pictures/{n}" for n in NAMES))
    as_folder(tmp_path, pixels)
    sources = [opened(tmp_path / name) for name in ("a.npz", "b.npz", "list.csv", "pictures")]
    for one, other in itertools.combinations(sources, 2):
        assert one.fingerprint != other.fingerprint
