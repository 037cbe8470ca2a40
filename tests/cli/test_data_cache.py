"""``ganzoo data cache``."""

import gc
import json
import os

import pytest

from ganzoo.data.cache import open_store
from ganzoo.data.config import Mnist5kConfig
from ganzoo.data.digits import Mnist5k


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with a store, an unfinished one, old statistics and a file of the user's."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    open_store(Mnist5k(Mnist5kConfig()), (1, 28, 28), name="digits\x1b[1m")
    gc.collect()
    for name in ("data/.x.unfinished/samples.npy", "statistics/old", "extractors/own"):
        (tmp_path / "cache" / name).parent.mkdir(parents=True)
        (tmp_path / "cache" / name).write_bytes(bytes(1000))
    os.utime(tmp_path / "cache" / "statistics" / "old", (0, 0))
    return tmp_path / "cache"


def left(command):
    return {entry["name"].split("/")[0] for entry in listed(command)["entries"]}


def listed(command):
    return json.loads(command("data", "cache", "--json").out)


def test_listing_tells_what_and_how_large(command, cache):
    result = command("data", "cache")
    assert result.code == 0
    lines = result.out.splitlines()
    assert [line.split()[1:3] for line in lines] == [
        ["1.0", "kB"],
        ["4.0", "MB"],
        ["1.0", "kB"],
        ["1.0", "kB"],
    ]
    assert lines[0].endswith("a store that is not finished")
    assert lines[1].endswith(r"digits\x1b[1m, 1x28x28, 5,000")
    assert lines[2].endswith("weights of an extractor")
    assert lines[3].endswith("1970-01-01  what an extractor saw")
    assert result.err == f"4.0 MB in {cache}\n"
    values = listed(command)
    assert values["size"] == sum(entry["size"] for entry in values["entries"])
    assert [entry["state"] for entry in values["entries"]].count("unfinished") == 1


@pytest.mark.parametrize(
    ("arguments", "gone", "kept"),
    [
        (["--all"], 3, {"extractors"}),
        (["--older-than", "3"], 1, {"data", "extractors"}),
        (["--unfinished"], 1, {"data", "extractors", "statistics"}),
        (["--evict", "extractors/own"], 1, {"data", "statistics"}),
        (["--evict", "stat", "--evict", "extr"], 2, {"data"}),
        (["--evict", "stat", "--evict", "statistics/old"], 1, {"data", "extractors"}),
    ],
    ids=["all", "older", "unfinished", "named", "two", "twice"],
)
def test_taking_away(arguments, gone, kept, command, cache):
    result = command("data", "cache", *arguments)
    assert result.code == 0
    assert len(result.out.splitlines()) == gone
    assert "removed from" in result.err
    assert left(command) == kept


def test_what_is_in_use_stays(command, cache):
    store = open_store(Mnist5k(Mnist5kConfig()), (1, 28, 28))
    result = command("data", "cache", "--all")
    assert result.code == 0
    assert "is in use by another process and is kept" in result.err
    (name,) = (e["name"] for e in listed(command)["entries"] if e["name"].startswith("data"))
    refused = command("data", "cache", "--evict", name)
    assert refused.code == 2
    assert "in use" in refused.err
    assert len(store.samples) == 5000


def test_verifying_names_what_is_damaged_and_takes_it_away(command, cache):
    result = command("data", "cache", "--verify")
    assert result.code == 0
    assert "1 checked, 0 damaged" in result.err
    (samples,) = (cache / "data").glob("[!.]*/samples.npy")
    status, content = samples.stat(), bytearray(samples.read_bytes())
    content[-1] ^= 1
    samples.write_bytes(content)
    os.utime(samples, ns=(status.st_atime_ns, status.st_mtime_ns))
    result = command("data", "cache", "--verify")
    assert result.code == 0
    assert "1 checked, 1 damaged" in result.err
    assert "is damaged: samples.npy: its content has changed" in result.err
    assert "0 checked, 0 damaged" in command("data", "cache", "--verify").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--verify", "--all"], "give only one of"),
        (["--evict", "none"], "there is no 'none' in the cache"),
        (["--evict", "data/"], "matches 2 entries"),
        (["--all", "--unfinished"], "give only one of"),
        (["--older-than", "-1"], "--older-than"),
        (["--older-than", "0", "--evict", "data"], "give only one of"),
    ],
)
def test_bad_requests_take_nothing_away(arguments, told, command, cache):
    result = command("data", "cache", *arguments)
    assert result.code == 2
    assert told in result.err
    assert left(command) == {"data", "extractors", "statistics"}
