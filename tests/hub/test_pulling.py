"""Pulling: a folder of one's own that is whole, or none."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import ganzoo
from ganzoo.errors import GanzooError, HubError, RequestError, WeightsError
from ganzoo.hub.loading import open_weights
from tests.hub import reading
from tests.hub.server import ALICE, Zeros

NAME = "acme/digits"

OTHERS = {
    "notes.txt": b"x",
    "train.py": b"raise SystemExit",
    "pytorch_model.bin": b"x",
    "old/model.safetensors": b"x",
    "../../evil.txt": b"x",
    ".hidden": b"x",
}


@pytest.fixture
def repo(hub):
    repo = hub.create(NAME)
    repo.put({**reading.files(0), **OTHERS})
    return repo


@pytest.fixture
def pull(cache):
    def pull(reference, folder, **options):
        return ganzoo.pull(reference, folder, cache_dir=cache, **options)

    return pull


@pytest.fixture
def target(tmp_path):
    """A folder that is not there yet, in one that is empty."""
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine" / "digits"


def contents(folder):
    assert all(path.is_file() and not path.is_symlink() for path in folder.iterdir())
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "reference", [NAME, f"hf://{NAME}", "{name}@v1", "{name}@{commit}", "{name}@refs/pr/1"]
)
def test_the_files_of_a_weights_folder_are_copied_and_no_others(repo, pull, target, reference):
    commit = repo.head()
    repo.tag("v1")
    repo.open_pull("x", "bob", commit, commit)
    if "{" in reference:
        repo.put(reading.files(1))
    assert pull(reference.format(name=NAME, commit=commit), str(target)) == target
    assert contents(target) == reading.files(0)
    assert os.listdir(target.parent) == ["digits"]


def test_what_was_pulled_is_what_is_loaded(repo, pull, target, cache):
    pull(NAME, target)
    for here, there in zip(
        ganzoo.load_pair(target), ganzoo.load_pair(NAME, cache_dir=cache), strict=True
    ):
        assert reading.equal(here, there)
    options = {"seed": 2, "labels": "c"}
    raw = {"raw": True}
    for flags in ({}, raw):
        here = ganzoo.load_generator(target, **flags)
        there = ganzoo.load_generator(NAME, cache_dir=cache, **flags)
        assert here.sample(4, **options).equal(there.sample(4, **options))


def test_what_is_asked_of_the_hub(hub, repo, pull, target):
    pull(NAME, target)
    asked = reading.lines(hub.log, COMMIT=repo.head())
    assert asked[0] == "hub GET /api/models/acme/digits 200"
    assert len(asked) == 1 + 2 * len(reading.files(0))
    assert len(set(asked) - {"cdn GET /lfs/OID 200"}) == 1 + 2 * 3 + 4  # 3 small, and 4 large
    hub.log.clear()
    hub.offline = True
    pull(f"{NAME}@{repo.head()}", target.with_name("again"), local_files_only=True)
    assert contents(target.with_name("again")) == reading.files(0)
    assert hub.log == []


def test_all_files_are_of_one_commit_though_another_is_pushed_meanwhile(hub, repo, pull, target):
    hub.before("HEAD", "discriminator", lambda: repo.put(reading.files(1)))
    pull(NAME, target)
    assert contents(target) == reading.files(0)
    assert repo.files()["config.json"] != reading.files(0)["config.json"]


@pytest.mark.parametrize(
    "absent",
    [
        ["discriminator.safetensors"],
        ["generator_raw.safetensors", "README.md"],
        ["samples.png", "recipe.yaml"],
    ],
)
def test_what_was_not_published_is_not_needed(hub, pull, target, absent):
    hub.create(NAME).put(reading.files(without=absent))
    pull(NAME, target)
    assert contents(target) == reading.files(without=absent)


def test_a_private_repository(hub, pull, target):
    hub.create(NAME, private=True).put(reading.files())
    with pytest.raises(HubError, match="there is no repository"):
        pull(NAME, target)
    assert not target.exists()
    pull(NAME, target, token=ALICE)
    assert contents(target) == reading.files()


@pytest.mark.parametrize("kind", ["tag", "folder"])
def test_weights_on_this_machine_are_copied_too(hub, pull, target, kind, tmp_path):
    bundled = open_weights("dcgan.mnist5k").folder
    pull("dcgan.mnist5k" if kind == "tag" else str(bundled), target)
    assert contents(target) == contents(bundled)
    assert hub.log == []


# --- where to ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["a folder with a file", "a folder with a hidden file", "a file"])
def test_what_is_there_already_is_left_alone(hub, repo, pull, target, kind):
    if kind == "a file":
        target.write_text("x")
    else:
        target.mkdir()
        (target / (".x" if "hidden" in kind else "x")).write_text("x")
    with pytest.raises(RequestError) as caught:
        pull(NAME, target)
    assert str(caught.value) == f"{target} already exists; give a new folder for the weights"
    assert hub.log == []
    assert os.listdir(target.parent) == ["digits"]
    assert target.is_file() or len(os.listdir(target)) == 1


def test_an_empty_folder_is_filled(repo, pull, target):
    target.mkdir(mode=0o711)
    before = target.stat()
    pull(NAME, target)
    assert contents(target) == reading.files(0)
    after = target.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize("spelled", [".", "./", "../digits", "{target}"])
def test_an_empty_folder_where_one_stands_is_filled(repo, pull, target, monkeypatch, spelled):
    target.mkdir()
    monkeypatch.chdir(target)
    pull(NAME, spelled.format(target=target))
    assert contents(Path()) == reading.files(0)


def test_a_link_to_an_empty_folder_is_followed(repo, pull, target):
    target.mkdir()
    link = target.with_name("link")
    link.symlink_to(target)
    pull(NAME, link)
    assert link.is_symlink()
    assert contents(target) == reading.files(0)


def test_folders_above_are_made(repo, pull, target):
    pull(NAME, target / "a" / "b")
    assert contents(target / "a" / "b") == reading.files(0)


def test_the_home_folder_is_meant_by_its_sign(repo, pull, target, monkeypatch):
    monkeypatch.setenv("HOME", str(target.parent))
    assert pull(NAME, "~/digits") == target
    assert contents(target) == reading.files(0)


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077, 0o002])
def test_modes_follow_the_umask(repo, pull, target, mask):
    before = os.umask(mask)
    try:
        pull(NAME, target)
    finally:
        assert os.umask(before) == mask
    assert stat.S_IMODE(target.stat().st_mode) == 0o777 & ~mask
    modes = {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()}
    assert modes == {0o666 & ~mask}


# --- whole or not at all -----------------------------------------------------------------------


def nan(content):
    """Turn the last four numbers of a file of tensors into what is no number."""
    return content[:-16] + b"\xff" * 16


BROKEN = {
    "generator cut short": ("model.safetensors", lambda content: content[:-5]),
    "discriminator cut short": ("discriminator.safetensors", lambda content: content[:-5]),
    "raw generator not finite": ("generator_raw.safetensors", nan),
    "discriminator of another": (
        "discriminator.safetensors",
        lambda content: reading.files(0)["model.safetensors"],
    ),
    "config no JSON": ("config.json", lambda content: b"{"),
    "card too large": ("README.md", lambda content: Zeros(1_000_001)),
    "recipe too large": ("recipe.yaml", lambda content: Zeros(1_000_001)),
    "samples too large": ("samples.png", lambda content: Zeros(50_000_001)),
}


@pytest.mark.parametrize("cause", BROKEN)
def test_nothing_is_written_of_weights_that_do_not_load(repo, pull, target, cause):
    name, change = BROKEN[cause]
    repo.put({name: change(reading.files(0)[name])})
    with pytest.raises(WeightsError, match=rf"^{name} of {NAME} "):
        pull(NAME, target)
    assert os.listdir(target.parent) == []


def test_nothing_is_written_of_a_repository_without_a_generator(hub, pull, target):
    hub.create(NAME).put(reading.files(without=["model.safetensors"]))
    with pytest.raises(WeightsError, match=r"holds no model\.safetensors"):
        pull(NAME, target)
    assert os.listdir(target.parent) == []


def test_nothing_is_written_when_the_network_goes(hub, repo, pull, target, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.fail("GET", "recipe.yaml", 503, times=None)
    with pytest.raises(HubError, match="try again later"):
        pull(NAME, target)
    assert os.listdir(target.parent) == []
    hub.rules.clear()
    hub.log.clear()
    pull(NAME, target)
    assert contents(target) == reading.files(0)
    # What had come is not fetched again.
    assert not hub.requests(method="HEAD", path="safetensors")


def test_an_incomplete_answer_of_the_cache_is_not_taken_for_all(hub, repo, pull, target, cache):
    ganzoo.load_generator(NAME, cache_dir=cache)
    hub.fail("GET", "/api/", 503, times=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", lambda seconds: None)
        with pytest.raises(HubError, match="cannot answer"):
            pull(NAME, target)
    assert os.listdir(target.parent) == []


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
@pytest.mark.parametrize("copied", [0, 3, 6])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr
)
def test_nothing_is_left_when_copying_stops(repo, pull, target, monkeypatch, error, copied, there):
    done, copyfile = [], shutil.copyfile

    def copy(source, place):
        if len(done) == copied:
            raise error
        done.append(place)
        copyfile(source, place)

    if there:
        target.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", copy)
        with pytest.raises((GanzooError, KeyboardInterrupt)):
            pull(NAME, target)
    assert os.listdir(target.parent) == (["digits"] if there else [])
    assert not there or os.listdir(target) == []
    pull(NAME, target)
    assert contents(target) == reading.files(0)


@pytest.mark.parametrize("moved", [0, 3, 6, 7])
def test_an_empty_folder_never_holds_what_looks_whole_and_is_not(
    repo, pull, target, monkeypatch, moved
):
    done, replace = [], Path.replace

    def move(source, place):
        if place.parent == target:
            assert not (target / "config.json").exists()
            if len(done) == moved:
                raise KeyboardInterrupt
            done.append(place)
        return replace(source, place)

    target.mkdir()
    monkeypatch.setattr(Path, "replace", move)
    if moved == len(reading.files(0)):
        pull(NAME, target)
        assert contents(target) == reading.files(0)
    else:
        with pytest.raises(KeyboardInterrupt):
            pull(NAME, target)
        assert os.listdir(target) == []
    assert len(done) == moved


KILLED = """
import os, shutil, signal, sys, ganzoo
copy, done = shutil.copyfile, []
def stop(source, place):
    if len(done) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(place)
    copy(source, place)
shutil.copyfile = stop
ganzoo.pull(sys.argv[1], sys.argv[2], cache_dir=sys.argv[3])
"""


def test_a_killed_process_leaves_no_half_of_a_folder(repo, pull, target, cache):
    arguments = [sys.executable, "-c", KILLED, NAME, target, cache]
    assert subprocess.run(arguments).returncode == -signal.SIGKILL
    assert not target.exists()
    pull(NAME, target)
    assert contents(target) == reading.files(0)


def test_errors_of_pulling_are_ours(pull, target):
    for reference in ("nobody/nothing", "digits", f"{NAME}@", "./nowhere", "dcgan.nothing"):
        with pytest.raises(GanzooError) as caught:
            pull(reference, target)
        assert caught.value.exit_code == 2
    assert os.listdir(target.parent) == []
