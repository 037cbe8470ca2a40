"""Hostile repositories: one sentence each, in time, and nothing is run, written or fetched."""

import json
import os
import pickle
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load

from ganzoo import registry
from ganzoo.cli import main
from ganzoo.errors import ConfigError, HubError, WeightsError
from ganzoo.hub.loading import load_generator, load_pair, pretrained_info
from ganzoo.hub.publishing import push
from ganzoo.hub.pulling import pull
from ganzoo.spec import Architecture
from ganzoo.weights.card import BEGIN, END
from ganzoo.weights.metadata import join_card, split
from ganzoo.weights.saving import all_files
from tests.hub.hostile import CAUSES, HARMLESS, MODEL, WAYS, good_files, made
from tests.hub.server import ALICE
from tests.hub.watch import WATCH
from tests.imports import ROOT

ID = "acme/hostile"
PARTS = 4
"""Processes that meet the causes between them: one for all would also hold what the allocator keeps
of each of those before."""
COUNTS = [
    pytest.param(200, id="few"),
    pytest.param(5000, marks=pytest.mark.sweep, id="many"),
]
BYTES = 25_000_000
"""A transfer ends at the cap, which the client looks at every 10 MB; more is on its way then."""


def call(way, id, folder, cache):
    if way == "load_pair":
        return load_pair(id, cache_dir=cache)
    if way == "pretrained_info":
        return pretrained_info(id, cache_dir=cache)
    return pull(id, folder / "pulled", cache_dir=cache)


def tree(folder, *but):
    """Every path below a folder, but for some."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not any(path.is_relative_to(place) for place in but)
    )


def escapes(cache):
    """The links in a cache that lead out of it."""
    inside = cache.resolve()
    return [
        path
        for path in cache.rglob("*")
        if path.is_symlink() and not path.resolve().is_relative_to(inside)
    ]


def refuse(*arguments, **options):
    raise AssertionError("unpickled")


@pytest.fixture
def watched(hub, tmp_path, cache, monkeypatch):
    """Calls something under watch; returns its result and what it cost."""
    ports = tuple(int(url.rpartition(":")[2]) for url in (hub.url, hub.cdn_url))
    home = Path(os.environ["HF_HOME"])

    def run(way):
        folder, sent = tmp_path / "target", hub.sent
        folder.mkdir(exist_ok=True)
        before = tree(tmp_path, cache, folder), tree(home)
        try:
            with WATCH.on((cache, folder), ports):
                return call(way, ID, folder, cache)
        finally:
            assert not WATCH.seen
            assert hub.sent - sent < BYTES
            assert (tree(tmp_path, cache, folder), tree(home)) == before
            assert not escapes(cache)

    for name in registry.names("architectures"):
        registry.import_target(registry.get(Architecture, name).generator)
    # What is imported when it is first needed is not what a repository does.
    hub.create("acme/good").put(good_files())
    load_pair("acme/good", cache_dir=cache)
    pretrained_info("acme/good", cache_dir=cache)
    pull("acme/good", tmp_path / "good", cache_dir=cache)
    for module in (torch, pickle):
        for name in ("load", "loads", "Unpickler"):
            monkeypatch.setattr(module, name, refuse, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return run


def rows(table):
    """All rows of a table, most of them in the full sweep only."""
    return [
        pytest.param(name, id=name, marks=[pytest.mark.sweep] if index % 5 else [])
        for index, name in enumerate(table)
    ]


@pytest.mark.parametrize("name", rows(CAUSES))
def test_a_hostile_repository_is_refused_in_one_sentence(hub, watched, tmp_path, cache, name):
    cause = CAUSES[name]
    files = made(cause.change)
    repo = hub.create(ID)
    if files:
        repo.put(files)
    if cause.fault:
        cause.fault(hub, ID)
    for way in WAYS:
        if way not in cause.refused:
            watched(way)
            continue
        with pytest.raises((WeightsError, ConfigError, HubError)) as caught:
            watched(way)
        message = str(caught.value)
        assert re.search(cause.message, message)
        assert message.isprintable()
        assert len(message) < 2000
        assert tree(tmp_path / "target") in ([], ["pulled"])
    G = load_generator("acme/good", cache_dir=cache)
    assert G.sample(2, labels=1, seed=0).isfinite().all()


BAD_SAMPLES = ("a variance below 0", "the largest weights")


@pytest.mark.parametrize("name", rows(HARMLESS))
def test_what_is_odd_is_data(hub, watched, tmp_path, name):
    files = made(HARMLESS[name])
    hub.create(ID).put(files)
    G, _ = watched("load_pair")
    expected = load(files[MODEL])
    assert G.state_dict().keys() == expected.keys()
    assert all(tensor.equal(expected[key]) for key, tensor in G.state_dict().items())
    assert watched("pretrained_info").info == G.info
    folder = watched("pull")
    assert {path.name for path in folder.iterdir()} == set(files) & set(all_files("dcgan"))
    # Published again, it is told that samples are not finite, or makes a card that can be read.
    if name in BAD_SAMPLES:
        with pytest.raises(WeightsError, match="makes samples that are not finite"):
            push(folder, "acme/copy", token=ALICE)
        return
    push(folder, "acme/copy", token=ALICE)
    copy = pretrained_info("acme/copy", cache_dir=tmp_path / "other")
    assert copy.info == G.info
    assert copy.card["library_name"] == "ganzoo"
    card = hub.repos["acme/copy"].files()["README.md"].decode()
    ours = card[card.index(BEGIN) : card.index(END)]
    assert all(line.isprintable() for line in ours.split("\n"))
    assert not push(folder, "acme/copy", token=ALICE).changed


@pytest.mark.parametrize("name", rows(HARMLESS))
def test_what_is_odd_is_shown_as_plain_text(hub, tmp_path, monkeypatch, capsys, name):
    hub.create(ID).put(made(HARMLESS[name]))
    folder = str(tmp_path / "pulled")

    def shown(*arguments):
        monkeypatch.setattr(sys, "argv", ["ganzoo", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        text = capsys.readouterr()
        assert all(line.isprintable() for line in (text.out + text.err).split("\n"))
        assert bool(stop.value.code) == bool(text.err.startswith("ganzoo: "))
        return text

    assert "dcgan" in shown("info", ID).out
    assert json.loads(shown("info", ID, "--json").out)["architecture"]["width"] == 2
    assert shown("pull", ID, folder).out == f"{folder}\n"
    trial = shown("push", folder, "acme/copy", "--dry-run")
    if name in BAD_SAMPLES:
        assert "samples that are not finite" in trial.err
    else:
        assert "library_name: ganzoo" in trial.out


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.sweep
def test_a_process_meets_many_of_them_within_a_gigabyte(hub, tmp_path, cache, part):
    here, folder = tmp_path / "here", tmp_path / "target"
    here.mkdir()
    folder.mkdir()
    hub.create("acme/good").put(good_files())
    ids = {}
    for index, (name, cause) in enumerate([*CAUSES.items()][part::PARTS]):
        id = f"acme/hostile{index}"
        files = made(cause.change)
        repo = hub.create(id)
        if files:
            repo.put(files)
        if cause.fault:
            cause.fault(hub, id)
        ids[id] = name
    asked = {
        "cache": str(cache),
        "folder": str(folder),
        "good": "acme/good",
        "ids": list(ids),
        "ways": WAYS,
        "ports": [int(url.rpartition(":")[2]) for url in (hub.url, hub.cdn_url)],
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.hub.hostile_process"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=3000,
    )
    assert not done.returncode, done.stderr
    _, *calls = map(json.loads, done.stdout.splitlines())
    assert len(calls) == len(ids) * len(WAYS)

    def as_it_should_be(told):
        cause = CAUSES[ids[told["id"]]]
        message = cause.message if told["way"] in cause.refused else "^$"
        cheap = told["peak"] < 1_000_000_000
        return re.search(message, told["error"]) and cheap and not told["seen"]

    assert not [told for told in calls if not as_it_should_be(told)]
    assert not tree(here)
    assert not escapes(cache)


TAGS = "int float bool null set omap pairs binary timestamp map seq str python/name:os.system"
MARKS = [*"-:?,[]{}#!|>'\"%@`~=\\\n\t", *(f"!!{tag} " for tag in TAGS.split()), "- ", ": ", "? "]
MORE = "&a *a --- ... <<: \\u 0x 2020-01-01 1e9 a b license tags .nan .inf true 1_0 -0 0o7 1:2"
marks = st.sampled_from([*MARKS, *MORE.split(), "\n  ", "!! "])
metadata = st.lists(marks | st.text(max_size=3), max_size=30).map("".join)


@pytest.mark.parametrize("examples", COUNTS)
def test_any_metadata_is_read_or_refused_and_can_be_written_again(examples):
    @settings(max_examples=examples, derandomize=examples < 1000)
    @given(metadata)
    def check(text):
        refusal = ""
        try:
            values, rest = split(f"---\n{text}\n---\nA card.\n", "README.md")
        except WeightsError as error:
            refusal = str(error)
        else:
            assert split(join_card(values, rest), "README.md") == (values, rest)
        assert refusal.isprintable()
        outcomes.add(bool(refusal))

    outcomes = set()
    check()
    assert outcomes == {True, False}


def imported(inside):
    (inside / "evil_module.py").write_text("")
    sys.path.insert(0, str(inside))
    try:
        __import__("evil_module")
    finally:
        sys.path.remove(str(inside))
        sys.modules.pop("evil_module", None)


def connected(inside):
    with socket.socket() as one, pytest.raises(OSError, match=r"\d"):
        one.connect(("127.0.0.1", 1))


DEEDS = {
    "os.system": lambda inside: os.system("true"),
    "subprocess": lambda inside: subprocess.run(["true"], check=True),
    "pickle": lambda inside: pickle.loads(pickle.dumps(os.getcwd)),
    "exec of text": lambda inside: exec("1"),
    "exec of a file": lambda inside: exec(compile("1", str(inside / "x.py"), "exec")),
    "import": imported,
    "write": lambda inside: (inside.parent / "x").write_text(""),
    "make a folder": lambda inside: (inside.parent / "y").mkdir(),
    "rename": lambda inside: (inside / "x").rename(inside.parent / "z"),
    "link": lambda inside: (inside.parent / "l").symlink_to("/etc/passwd"),
    "connect": connected,
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_such_a_deed_would_be_seen(tmp_path, deed):
    inside = tmp_path / "inside"
    inside.mkdir()
    with WATCH.on((inside,), ()):
        (inside / "x").write_text("")
        (inside / "folder").mkdir()
    assert not WATCH.seen
    with WATCH.on((inside,), ()):
        deed(inside)
    assert WATCH.seen
