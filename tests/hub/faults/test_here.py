"""No space, no cache, no network: what goes wrong on this machine."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys

import pytest
from huggingface_hub.utils import close_session

from ganzoo.errors import GanzooError, HubError
from ganzoo.hub.loading import load_generator
from ganzoo.hub.publishing import push
from tests.hub.faults.harm import CALLS, NAME, check_cache, check_sentence
from tests.hub.server import ALICE


@contextlib.contextmanager
def files_of_at_most(size):
    """Let no file of this process grow beyond a size, as where a quota is used up."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 100, 20_000])
@pytest.mark.parametrize("name", ["load", "info", "pull"])
def test_no_space_in_the_cache(name, size, hub, repo, weights, tmp_path, slept):
    if (name, size) == ("info", 20_000):
        return  # it takes no more
    with files_of_at_most(size), pytest.raises(HubError, match="not be stored here") as caught:
        CALLS[name](weights, tmp_path)
    check_sentence(caught.value, NAME, "File too large", "free some space")
    assert not slept
    check_cache(tmp_path)
    assert not (tmp_path / "pulled").exists()
    CALLS[name](weights, tmp_path)


def test_no_space_where_weights_are_pulled_to(hub, repo, weights, tmp_path):
    load_generator(NAME, cache_dir=tmp_path / "cache")
    with files_of_at_most(20_000), pytest.raises(GanzooError, match="File too large") as caught:
        CALLS["pull"](weights, tmp_path)
    check_sentence(caught.value, NAME)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    CALLS["pull"](weights, tmp_path)


def test_no_space_for_what_is_pushed(hub, published, weights, tmp_path):
    head = published.head()
    with files_of_at_most(100), pytest.raises(GanzooError, match="File too large") as caught:
        push(weights, NAME, token=ALICE)
    check_sentence(caught.value, NAME)
    assert published.head() == head
    push(weights, NAME, token=ALICE)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 64 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("only root can mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.filterwarnings("ignore:Not enough free disk space")
def test_a_full_disk(hub, repo, small_disk, slept):
    (small_disk / "ballast").write_bytes(bytes(40_000))
    with pytest.raises(HubError, match="No space left on device; free some space") as caught:
        load_generator(NAME, cache_dir=small_disk)
    check_sentence(caught.value, NAME)
    check_cache(small_disk)
    assert not slept
    (small_disk / "ballast").unlink()
    load_generator(NAME, cache_dir=small_disk)


def a_file(cache):
    cache.write_text("in the way")


def a_file_inside(cache):
    (cache / "models--acme--digits").mkdir(parents=True)
    (cache / "models--acme--digits" / "blobs").write_text("in the way")


def a_file_for_locks(cache):
    cache.mkdir()
    (cache / ".locks").write_text("in the way")


def a_long_name(cache):
    cache.mkdir()
    (cache / "models--acme--digits").symlink_to("x" * 300)


@pytest.mark.parametrize("place", [a_file, a_file_inside, a_file_for_locks, a_long_name])
@pytest.mark.parametrize("name", ["load", "info", "pull"])
def test_a_cache_that_cannot_be_written(name, place, hub, repo, weights, tmp_path):
    place(tmp_path / "cache")
    with pytest.raises(HubError, match="could not be stored here") as caught:
        CALLS[name](weights, tmp_path)
    check_sentence(caught.value, NAME, "HF_HOME (or cache_dir)")


def test_a_cache_that_may_only_be_read(hub, repo, weights, tmp_path):
    cache = tmp_path / "cache"
    load_generator(NAME, cache_dir=cache)
    shutil.rmtree(cache)
    cache.mkdir()
    cache.chmod(0o500)
    try:
        if os.access(cache, os.W_OK):
            pytest.skip("root may write everywhere")
        with pytest.raises(HubError, match="could not be stored here"):
            load_generator(NAME, cache_dir=cache)
    finally:
        cache.chmod(0o700)


# --- no way to the Hub ---------------------------------------------------------------------------


@pytest.fixture
def fresh_client():
    """Lets the client read the variables of proxies again."""
    close_session()
    yield
    close_session()


def told_by(call, weights, folder):
    """What a call without a way to the Hub says: a trial in a note, and any other in its error."""
    try:
        (note,) = call(weights, folder).notes
    except HubError as error:
        return error
    assert call is CALLS["trial"]
    return note


def test_a_hub_that_is_down(hub, repo, weights, tmp_path, slept):
    head = repo.head()
    hub.stop()
    for name, call in CALLS.items():
        told = told_by(call, weights, tmp_path)
        check_sentence(told, "could not be reached for acme/digits", "network, then try again")
        assert not (tmp_path / "pulled").exists(), name
    assert sum(slept) <= 10 * len(CALLS)
    hub.start()
    assert repo.head() == head
    for call in CALLS.values():
        call(weights, tmp_path)


def test_a_hub_that_closes_every_connection(hub, repo, weights, tmp_path):
    hub.offline = True
    for call in CALLS.values():
        check_sentence(told_by(call, weights, tmp_path), "check the network, then try again")
    hub.offline = False
    load_generator(NAME, cache_dir=tmp_path / "cache")


def test_a_hub_that_goes_down_does_not_hide_what_is_cached(hub, repo, weights, tmp_path, slept):
    load_generator(NAME, cache_dir=tmp_path / "cache")
    hub.stop()
    commit = load_generator(NAME, cache_dir=tmp_path / "cache").source.commit
    assert commit == repo.head()
    assert not slept
    hub.start()


PROXIES = {
    "no address": "nonsense",
    "a closed port": "http://127.0.0.1:9",
    "an unknown scheme": "gopher://127.0.0.1:9",
    "no host": "http://",
    "a port that is none": "http://127.0.0.1:port",
    "half a number": "http://[::1",
    "no name": "http://proxy.invalid:8080",
    "a password": "http://user:hf_secret0123456789@127.0.0.1:9",
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_that_is_none(proxy, hub, repo, weights, tmp_path, monkeypatch, fresh_client):
    with monkeypatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy"):
            patch.delenv(name)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            patch.setenv(name, PROXIES[proxy])
        for call in CALLS.values():
            told = told_by(call, weights, tmp_path)
            check_sentence(told, NAME, "check the network")
            assert "127.0.0.1:9" not in str(told)
            assert "hf_secret" not in str(told)
    close_session()
    load_generator(NAME, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(("http://hub.invalid",), marks=pytest.mark.sweep),
        pytest.param(("http://127.0.0.1:9",), marks=pytest.mark.sweep),
        pytest.param(("nonsense", "http://a b"), marks=pytest.mark.sweep),
    ],
)
def test_other_addresses_of_the_hub(addresses, tmp_path):
    """In processes of their own, as the client reads it when it is imported; side by side."""
    runs = {}
    for address in addresses:
        runs[address] = subprocess.Popen(
            [sys.executable, "-m", "ganzoo", "pull", NAME, "here"],
            cwd=tmp_path,
            env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    for address, run in runs.items():
        out, err = run.communicate(timeout=600)
        assert run.returncode == 1
        assert out == ""
        assert err.count("\n") == 1
        assert f"ganzoo: {address} could not be reached for {NAME}" in err
        assert "check the network" in err
    assert not os.listdir(tmp_path)
