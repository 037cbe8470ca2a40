"""Without the Hub: what was loaded once loads again, and what was not is told clearly."""

import json
import logging
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, snapshot_download
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ganzoo
from ganzoo.errors import HubError
from ganzoo.hub import client
from ganzoo.hub.faults import RepositoryMissingError, RevisionMissingError
from tests.hub import reading

NAME = "acme/digits"

READERS = {
    "generator": ganzoo.load_generator,
    "discriminator": ganzoo.load_discriminator,
    "pair": ganzoo.load_pair,
    "raw": lambda *a, **k: ganzoo.load_generator(*a, raw=True, **k),
    "info": ganzoo.pretrained_info,
}


@pytest.fixture
def repo(hub):
    repo = hub.create(NAME)
    repo.put(reading.files(0))
    return repo


@pytest.fixture
def waits(monkeypatch):
    """How long was waited; nobody waits, but servers for a moment."""
    waits, sleep = [], time.sleep
    monkeypatch.setattr(time, "sleep", lambda s: waits.append(s) if s >= 0.5 else sleep(s))
    return waits


@pytest.fixture
def offline(cache):
    """Read from the cache alone."""

    def read(reader, reference=NAME):
        return READERS[reader](reference, cache_dir=cache, local_files_only=True)

    return read


def commit_of(found):
    found = found if isinstance(found, tuple) else (found,)
    [commit] = {item.source.commit for item in found}
    return commit


def remembered(cache, revision="main"):
    return (cache / "models--acme--digits" / "refs" / revision).read_text()


# --- not asking --------------------------------------------------------------------------------

REVISIONS = ["", "@main", "@dev/wide", "@v1", "@refs/pr/1", "@{short}", "@{commit}"]


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("reader", READERS)
def test_what_was_read_once_is_read_again(hub, repo, cache, offline, reader, revision):
    commit = repo.head()
    repo.branch("dev/wide", commit)
    repo.tag("v1", commit)
    repo.open_pull("x", "bob", commit, commit)
    reference = NAME + revision.format(short=commit[:9], commit=commit)
    online = READERS[reader](reference, cache_dir=cache)
    repo.put(reading.files(1))
    hub.log.clear()
    hub.offline = True
    again = offline(reader, reference)
    assert commit_of(again) == commit_of(online) == commit
    assert commit_of(offline(reader, f"{NAME}@{commit}")) == commit
    assert hub.log == []
    if reader == "pair":
        assert all(map(reading.equal, again, online))


MISSING = {
    "the repository": ("acme/other", "generator", "acme/other"),
    "the branch": (f"{NAME}@dev", "generator", f"{NAME}@dev"),
    "the tag, of a commit that is cached": (f"{NAME}@v1", "generator", f"{NAME}@v1"),
    "the commit": (f"{NAME}@{'0' * 40}", "generator", f"config.json of {NAME}@{'0' * 40}"),
    "the discriminator": (NAME, "discriminator", f"discriminator.safetensors of {NAME}"),
    "the discriminator of a pair": (NAME, "pair", f"discriminator.safetensors of {NAME}"),
    "the raw generator": (NAME, "raw", f"generator_raw.safetensors of {NAME}"),
}

NOT_CACHED = (
    " is not in the cache, and requests to the Hub are turned off (HF_HUB_OFFLINE is set, or "
    "local_files_only is given)"
)


@pytest.mark.parametrize("cause", MISSING)
def test_what_was_not_read_is_named(hub, repo, cache, offline, cause):
    reference, reader, named = MISSING[cause]
    repo.tag("v1")
    ganzoo.load_generator(NAME, cache_dir=cache)
    hub.log.clear()
    with pytest.raises(HubError) as caught:
        offline(reader, reference)
    assert str(caught.value) == named + NOT_CACHED
    assert hub.log == []


@pytest.mark.sweep
def test_an_environment_that_says_so_is_obeyed(hub, repo, tmp_path):
    commit = repo.head()
    cache = tmp_path / "home" / "hub"
    ganzoo.load_generator(NAME, cache_dir=cache)
    repo.branch("dev")
    ganzoo.load_pair(f"{NAME}@dev", cache_dir=cache)
    reading_all = """
import json, sys, ganzoo
from ganzoo.errors import HubError
for reference in sys.argv[1:]:
    try:
        G, D = ganzoo.load_pair(reference)
    except HubError as error:
        print(json.dumps(str(error)))
    else:
        print(json.dumps([G.source.commit, D.source.commit]))
"""
    references = [NAME, f"{NAME}@main", f"{NAME}@dev", f"{NAME}@{commit}", f"{NAME}@v2"]
    hub.log.clear()
    *found, missing = map(
        json.loads,
        reading.process(reading_all, *references, HF_HOME=tmp_path / "home", HF_HUB_OFFLINE=1),
    )
    assert found == [[commit, commit]] * 4
    assert missing == f"{NAME}@v2{NOT_CACHED}"
    assert hub.log == []


# --- a revision that moves ---------------------------------------------------------------------


@pytest.mark.parametrize("revision", ["main", "dev"])
@pytest.mark.parametrize("reader", ["generator", "discriminator", "raw", "info"])
def test_a_part_of_a_newer_commit_takes_nothing_away(repo, cache, offline, reader, revision):
    old = repo.head()
    repo.branch(revision, old)
    reference = f"{NAME}@{revision}"
    ganzoo.load_pair(reference, cache_dir=cache)
    ganzoo.load_generator(reference, raw=True, cache_dir=cache)
    new = repo.put(reading.files(1), branch=revision)
    assert commit_of(READERS[reader](reference, cache_dir=cache)) == new
    for each in READERS:
        assert commit_of(offline(each, reference)) == old
    assert remembered(cache, revision) == old
    # Nor does it take away what was fetched of the newer one.
    assert commit_of(offline(reader, f"{NAME}@{new}")) == new


@pytest.mark.parametrize(
    ("before", "reader"),
    [
        ("generator", "generator"),
        ("generator", "pair"),
        ("pair", "pair"),
        ("info", "generator"),
        ("info", "info"),
        ("discriminator", "pair"),
    ],
)
def test_a_revision_moves_where_nothing_is_lost(repo, cache, offline, before, reader):
    READERS[before](NAME, cache_dir=cache)
    new = repo.put(reading.files(1))
    READERS[reader](NAME, cache_dir=cache)
    assert commit_of(offline(before)) == new
    assert commit_of(offline(reader)) == new


def test_a_revision_moves_once_all_of_the_newer_commit_is_there(repo, cache, offline):
    old = repo.head()
    ganzoo.load_pair(NAME, cache_dir=cache)
    new = repo.put(reading.files(1))
    ganzoo.load_generator(NAME, cache_dir=cache)
    assert commit_of(offline("pair")) == old
    ganzoo.load_discriminator(NAME, cache_dir=cache)
    assert commit_of(offline("pair")) == new


def test_a_revision_moves_to_a_commit_that_has_less(repo, cache, offline):
    ganzoo.load_pair(NAME, cache_dir=cache)
    absent = ["discriminator.safetensors"]
    new = repo.put(reading.files(1, without=absent), delete=absent)
    ganzoo.load_generator(NAME, cache_dir=cache)
    assert commit_of(offline("generator")) == new
    with pytest.raises(HubError, match=r"discriminator\.safetensors of acme/digits is not"):
        offline("pair")


def test_weights_that_do_not_load_are_not_remembered(repo, cache, offline):
    old = repo.head()
    ganzoo.load_generator(NAME, cache_dir=cache)
    repo.put({"model.safetensors": b"\0" * 900})
    with pytest.raises(ganzoo.GanzooError, match="not a whole safetensors file"):
        ganzoo.load_generator(NAME, cache_dir=cache)
    assert commit_of(offline("generator")) == old


def test_a_pinned_commit_moves_no_revision(repo, cache):
    ganzoo.load_generator(NAME, cache_dir=cache)
    old = repo.head()
    new = repo.put(reading.files(1))
    ganzoo.load_pair(f"{NAME}@{new}", cache_dir=cache)
    assert remembered(cache) == old


# --- a Hub that does not answer ----------------------------------------------------------------


def unplug(hub):
    hub.offline = True


def portal(hub):
    """As in a hotel: everything is answered with a page."""
    hub.fail("GET", "/api/", 200, times=None, body="<html>Welcome</html>")


DOWN = {
    "hangs up": unplug,
    "refuses connections": lambda hub: hub.stop(),
    "503": lambda hub: hub.fail("GET", "/api/", 503, times=None),
    "500": lambda hub: hub.fail("GET", "/api/", 500, times=None),
    "429": lambda hub: hub.fail("GET", "/api/", 429, times=None, headers={"Retry-After": "9"}),
    "captive portal": portal,
}


@pytest.mark.parametrize("revision", ["", "@dev"])
@pytest.mark.parametrize("cause", DOWN)
def test_the_commit_last_seen_is_taken(hub, repo, cache, caplog, waits, cause, revision):
    repo.branch("dev")
    online = ganzoo.load_pair(NAME + revision, cache_dir=cache)
    commit = commit_of(online)
    DOWN[cause](hub)
    with caplog.at_level(logging.INFO, logger="ganzoo"):
        again = ganzoo.load_pair(NAME + revision, cache_dir=cache)
    assert commit_of(again) == commit
    assert all(map(reading.equal, again, online))
    [record] = caplog.records
    assert (record.name, record.levelname) == ("ganzoo.hub", "WARNING")
    assert record.message.startswith(f"using the cached commit {commit[:12]}, because ")
    assert f" {NAME}{revision} " in record.message
    assert waits == []


@pytest.mark.parametrize("cause", DOWN)
def test_nothing_cached_is_told_after_some_tries(hub, repo, cache, caplog, waits, cause):
    DOWN[cause](hub)
    with pytest.raises(HubError) as caught:
        ganzoo.load_generator(NAME, cache_dir=cache)
    text = str(caught.value)
    assert NAME in text
    assert "\n" not in text
    assert "try again" in text or "asks to wait for 9 seconds" in text
    assert caught.value.exit_code == 1
    assert caught.value.unreachable
    assert waits == ([9.0] * 3 if cause == "429" else list(client.WAITS))
    assert caplog.records == []


@pytest.mark.parametrize("cause", DOWN)
def test_what_is_not_cached_of_the_commit_last_seen_is_told(hub, repo, cache, waits, cause):
    ganzoo.load_generator(NAME, cache_dir=cache)
    DOWN[cause](hub)
    with pytest.raises(HubError) as caught:
        ganzoo.load_discriminator(NAME, cache_dir=cache)
    assert caught.value.unreachable
    assert NAME in str(caught.value)


@pytest.mark.parametrize("revision", ["", "@{commit}"], ids=["main", "commit"])
@pytest.mark.parametrize("cause", DOWN)
def test_what_is_cached_is_described(hub, repo, cache, caplog, waits, cause, revision):
    reference = NAME + revision.format(commit=repo.head())
    ganzoo.pretrained_info(reference, cache_dir=cache)
    ganzoo.load_generator(reference, cache_dir=cache)
    DOWN[cause](hub)
    found = ganzoo.pretrained_info(reference, cache_dir=cache)
    assert found.info.architecture.width == 2
    assert found.card["license"] == "cc-by-sa-3.0"
    kept = ("README.md", "config.json", "model.safetensors")
    assert found.sizes == {name: len(reading.files(0)[name]) for name in kept}
    [record] = caplog.records
    known = "only the files in the cache are listed" if revision else "using the cached commit"
    assert record.message.startswith(known)
    assert bool(waits) == bool(revision)


def test_a_later_answer_is_taken_again(hub, repo, cache, waits):
    ganzoo.load_generator(NAME, cache_dir=cache)
    new = repo.put(reading.files(1))
    hub.fail("GET", "/api/", 503)
    assert commit_of(ganzoo.load_generator(NAME, cache_dir=cache)) != new
    assert commit_of(ganzoo.load_generator(NAME, cache_dir=cache)) == new


def lost(hub, repo):
    del hub.repos[NAME]


def hidden(hub, repo):
    repo.private = True


def moved(hub, repo):
    del repo.branches["dev"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lost, RepositoryMissingError),
        (hidden, RepositoryMissingError),
        (moved, RevisionMissingError),
    ],
    ids=["deleted", "made private", "branch deleted"],
)
def test_an_answer_that_says_no_is_no_outage(hub, repo, cache, caplog, offline, change, error):
    repo.branch("dev")
    ganzoo.load_generator(f"{NAME}@dev", cache_dir=cache)
    change(hub, repo)
    with pytest.raises(error):
        ganzoo.load_generator(f"{NAME}@dev", cache_dir=cache)
    assert caplog.records == []
    offline("generator", f"{NAME}@dev")  # what was fetched stays one's own


# --- the cache ---------------------------------------------------------------------------------

REMEMBERED = {
    "garbage": b"garbage",
    "empty": b"",
    "the folders above": b"../..",
    "a folder outside": b"../../../outside",
    "an absolute path": b"{outside}",
    "no text": b"\xff\xfe\x00",
    "zero byte": b"a\0b",
    "a commit that is not here": b"0" * 40,
    "a commit and more": b"{commit}\n",
    "a long one": b"a" * 10_000,
    "the name of another revision": b"dev",
}


@pytest.mark.parametrize("cause", REMEMBERED)
def test_a_damaged_memory_leads_nowhere(hub, repo, cache, offline, tmp_path, cause):
    outside = reading.write(tmp_path / "outside", reading.files(1))
    ganzoo.load_generator(NAME, cache_dir=cache)
    path = cache / "models--acme--digits" / "refs" / "main"
    content = REMEMBERED[cause]
    content = content.replace(b"{outside}", os.fsencode(outside))
    path.write_bytes(content.replace(b"{commit}", repo.head().encode()))
    with pytest.raises(HubError) as caught:
        offline("generator")
    assert str(caught.value) == NAME + NOT_CACHED
    # The next answer of the Hub mends it.
    hub.log.clear()
    assert commit_of(ganzoo.load_generator(NAME, cache_dir=cache)) == repo.head()
    assert len(hub.log) == 1
    assert remembered(cache) == repo.head()
    assert commit_of(offline("generator")) == repo.head()


def test_what_is_remembered_is_a_commit(repo, cache, offline):
    ganzoo.load_generator(NAME, cache_dir=cache)
    place = cache / "models--acme--digits"
    reading.write(place / "snapshots" / "mine", reading.files(1))
    (place / "refs" / "main").write_text("mine")
    with pytest.raises(HubError, match="is not in the cache"):
        offline("generator")


PARTS = ["..", "/", ".", "main", "snapshots", "blobs", "~", "\\", "\n", "0" * 40]


@given(
    content=st.binary(max_size=60)
    | st.lists(st.sampled_from(PARTS), max_size=12).map(lambda parts: "".join(parts).encode())
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_memory_leads_anywhere_else(repo, cache, offline, content):
    path = cache / "models--acme--digits" / "refs" / "main"
    if not path.exists():
        ganzoo.load_generator(NAME, cache_dir=cache)
    path.write_bytes(content)
    with pytest.raises(HubError, match=re.escape(NAME + NOT_CACHED)):
        offline("generator")
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_memory_stops_nobody(repo, cache, offline):
    ganzoo.load_generator(NAME, cache_dir=cache)
    path = cache / "models--acme--digits" / "refs" / "main"
    path.unlink()
    path.mkdir()
    assert commit_of(ganzoo.load_generator(NAME, cache_dir=cache)) == repo.head()
    with pytest.raises(HubError, match="is not in the cache"):
        offline("generator")
    assert list(path.parent.iterdir()) == [path]


def test_a_branch_below_the_name_of_an_older_one_stops_nobody(repo, cache, offline):
    repo.branch("dev")
    ganzoo.load_generator(f"{NAME}@dev", cache_dir=cache)
    del repo.branches["dev"]
    new = repo.put(reading.files(1))
    repo.branch("dev/wide")
    assert commit_of(ganzoo.load_generator(f"{NAME}@dev/wide", cache_dir=cache)) == new
    with pytest.raises(HubError, match="is not in the cache"):
        offline("generator", f"{NAME}@dev/wide")
    assert commit_of(offline("generator", f"{NAME}@{new}")) == new


@contextmanager
def read_only(folder):
    """Take the right to write into a folder away, also from a root user."""
    places = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in places:
        path.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            (folder / "x").touch()
        yield
    finally:
        if root:
            os.seteuid(0)
        for path in places:
            path.chmod(0o755)


@pytest.fixture
def readable():
    """A folder that every user may read."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_a_cache_that_may_only_be_read_is_read(hub, repo, readable):
    def load(reference):
        # Without a token: that of this user may be kept where the other user cannot read.
        return commit_of(ganzoo.load_pair(reference, cache_dir=readable, token=False))

    commit = repo.head()
    pinned = f"{NAME}@{commit}"
    load(pinned)  # as in an image for containers
    before = sorted(readable.rglob("*"))
    hub.log.clear()
    with read_only(readable):
        assert load(pinned) == commit
        assert hub.log == []
        assert load(NAME) == commit
        assert len(hub.log) == 1
        repo.put(reading.files(1))
        with pytest.raises(HubError, match=r"not be stored here .*Permission denied.*HF_HOME"):
            load(NAME)
    assert sorted(readable.rglob("*")) == before


def test_a_cache_that_may_only_be_read_is_read_without_the_hub(hub, repo, readable, caplog):
    ganzoo.load_pair(NAME, cache_dir=readable)
    hub.offline = True
    with read_only(readable):
        for options in ({}, {"local_files_only": True}):
            found = ganzoo.load_pair(NAME, cache_dir=readable, token=False, **options)
            assert commit_of(found) == repo.head()
    assert len(caplog.records) == 1


def test_the_plain_client_s_cache_serves(hub, repo, cache, offline):
    snapshot_download(NAME, cache_dir=cache)
    hub.log.clear()
    for reader in READERS:
        assert commit_of(offline(reader)) == repo.head()
        READERS[reader](f"{NAME}@{repo.head()}", cache_dir=cache)
    assert not hub.requests(path="/resolve/")
    ganzoo.load_pair(NAME, cache_dir=cache)
    assert not hub.requests(path="/resolve/")


def test_the_plain_client_takes_what_is_in_the_cache(hub, repo, cache):
    for reader in READERS.values():
        reader(NAME, cache_dir=cache)
    hub.log.clear()
    hub.offline = True
    options = {"cache_dir": cache, "local_files_only": True}
    for name, content in reading.files(0).items():
        if name not in ("samples.png", "recipe.yaml"):
            assert Path(hf_hub_download(NAME, name, **options)).read_bytes() == content
    assert hub.log == []
    hub.offline = False
    place = Path(snapshot_download(NAME, cache_dir=cache))
    assert {path.name for path in place.iterdir()} == {*reading.files(0), ".gitattributes"}
    left = {request.path.rpartition("/")[2] for request in hub.requests(method="HEAD")}
    assert not left & {"config.json", "model.safetensors", "discriminator.safetensors"}
