"""Decoding that is killed, interrupted or out of room, and goes on."""

import _thread
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from ganzoo.data.cache import decoders, open_store, task
from ganzoo.data.cache.journal import Journal
from ganzoo.errors import DataError
from tests.data.cache.noise import Noise, content, expected, reads

pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    samples, labels = expected(range(400))
    return samples.tobytes(), labels.tobytes()


def check(cache, undisturbed):
    """Check the one store that there is, and that nothing else is there."""
    written = content(cache)
    assert written["samples.npy"].endswith(undisturbed[0])
    assert written["labels.npy"].endswith(undisturbed[1])
    (folder,) = (cache / "data").iterdir()
    assert sorted(p.name for p in folder.iterdir()) == ["labels.npy", "meta.json", "samples.npy"]


SEEDS = [pytest.param(i, marks=[] if i < 2 else pytest.mark.sweep) for i in range(20)]


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_time_the_next_process_goes_on(seed, start, cache, tmp_path, undisturbed):
    draws, kills = random.Random(seed), 0
    values = {"count": 400, "delay": 0.002}
    for _ in range(2):
        process = start(values, processes=draws.choice([1, 2]))
        process.stdout.readline()
        time.sleep(draws.uniform(0, 0.6))
        process.kill()
        kills += process.wait() == -9
    # Orphans hold the lock until they end, and are waited for.
    process = start({"count": 400}, processes=2)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert kills
    check(cache, undisturbed)


def test_only_what_is_not_in_the_journal_is_decoded_again(start, cache, tmp_path, undisturbed):
    process = start({"count": 400, "deadly": 203})
    process.communicate(timeout=600)
    assert process.returncode == -9
    source = Noise(400, log=str(tmp_path / "log"))
    open_store(source, source.shape)
    assert reads(tmp_path / "log")[0] == list(range(200, 400))
    check(cache, undisturbed)


def journal_of(path, **facts):
    with closing(Journal(path, facts)) as journal:
        return journal.done


def test_what_is_decoded_of_another_length_is_not_gone_on_with(tmp_path):
    with closing(Journal(tmp_path / "journal", {"count": 12})) as first:
        first.add({0: [], 1: [(9, "bad")]})
    assert journal_of(tmp_path / "journal", count=12) == {0: [], 1: [(9, "bad")]}
    assert journal_of(tmp_path / "journal", count=13) == {}
    assert journal_of(tmp_path / "journal", count=12) == {}


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[:-4],
        lambda line: bytes(40),
        lambda line: bytes(40) + b"\n",
        lambda line: line[:-1],
        lambda line: line.replace(b"2", b"9"),
        lambda line: b"[[2, []]]\n",
        lambda line: b"[" * 100_000 + b"\n",
        lambda line: b"\xff\n",
    ],
    ids=["torn", "zeros", "a line of zeros", "no end", "a bit", "no checksum", "deep", "no text"],
)
def test_a_damaged_line_of_a_journal_is_not_counted(damage, tmp_path):
    path = tmp_path / "journal"
    with closing(Journal(path, {"count": 12})) as first:
        first.add({0: []})
        first.add({2: []})
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(whole[0] + whole[1] + damage(whole[2]))
    with closing(Journal(path, {"count": 12})) as second:
        assert second.done == {0: []}
        second.add({1: []})
    assert journal_of(path, count=12) == {0: [], 1: []}


def cut_samples(folder):
    path = folder / "samples.npy"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 4])


def link_out(name):
    def damage(folder):
        (folder.parents[1] / "outside").write_bytes((folder / name).read_bytes())
        (folder / name).unlink()
        (folder / name).symlink_to(folder.parents[1] / "outside")

    return damage


UNFINISHED_DAMAGE = {
    "no text": lambda folder: (folder / "journal.jsonl").write_bytes(b"\xff\n\xfe\n"),
    "a journal that is a folder": lambda folder: (
        (folder / "journal.jsonl").unlink(),
        (folder / "journal.jsonl").mkdir(),
    ),
    "a journal elsewhere": link_out("journal.jsonl"),
    "samples elsewhere": link_out("samples.npy"),
    "samples cut": cut_samples,
    "samples gone": lambda folder: (folder / "samples.npy").unlink(),
    "labels empty": lambda folder: (folder / "labels.npy").write_bytes(b""),
    "a file": lambda folder: (shutil.rmtree(folder), folder.write_text("")),
}


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """A cache with a store of which the first half is decoded."""
    cache = tmp_path_factory.mktemp("half")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(cache))
        patch.setattr(task, "CHUNK_ROWS", 8)
        source = Noise(64)
        source.read = lambda index: Noise.read(source, index) if index < 32 else 1 / 0
        with pytest.raises(ZeroDivisionError):
            open_store(source, source.shape, processes=1)
    return cache


@pytest.mark.parametrize("damage", UNFINISHED_DAMAGE)
def test_a_damaged_unfinished_store_is_decoded_again(damage, half, cache, tmp_path):
    shutil.copytree(half, cache)
    (folder,) = (cache / "data").glob(".*.unfinished")
    UNFINISHED_DAMAGE[damage](folder)
    source = Noise(64)
    store = open_store(source, source.shape)
    samples, labels = expected(range(64))
    assert (store.samples == samples).all()
    assert (store.labels == labels).all()
    assert [path.name for path in (cache / "data").iterdir()] == [folder.name[1:].split(".")[0]]


def test_an_interrupt_leaves_what_is_decoded(cache, tmp_path, undisturbed):
    source = Noise(400)
    read = source.read

    def interrupted(index):
        if index == 203:
            raise KeyboardInterrupt
        return read(index)

    source.read = interrupted
    with pytest.raises(KeyboardInterrupt):
        open_store(source, source.shape)
    again = Noise(400, log=str(tmp_path / "log"))
    open_store(again, again.shape, processes=2)
    assert reads(tmp_path / "log")[0] == list(range(200, 400))
    check(cache, undisturbed)


def test_an_interrupt_may_come_while_a_thread_is_started(cache, monkeypatch, undisturbed):
    class Interrupted(threading.Thread):
        def start(self):
            _thread.start_new_thread(self.run, ())  # it runs, but nobody has been told so
            raise KeyboardInterrupt

    monkeypatch.setattr(decoders.threading, "Thread", Interrupted)
    source = Noise(400)
    with pytest.raises(KeyboardInterrupt):
        open_store(source, source.shape, processes=2)
    open_store(source, source.shape, processes=1)
    check(cache, undisturbed)


PLUGIN = """
from ganzoo import register
from ganzoo.config import DataConfig
from ganzoo.spec import DatasetSpec
from tests.data.cache.noise import Noise

register(DatasetSpec(name="noise", summary="Noise.", config=DataConfig, factory=lambda config:
    Noise(5000, delay=0.01)))
"""


@pytest.mark.sweep
def test_an_interrupted_command_says_no_more_than_its_exit_code(cache, tmp_path):
    (tmp_path / "noisy.py").write_text(PLUGIN)
    command = ["train", "architecture=vanilla", "data.source=noise", "--import"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ganzoo", *command, tmp_path / "noisy.py"],
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore interrupts, and so these tests too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    journals = (cache / "data").glob(".*.unfinished/journal.jsonl")
    for _ in range(6000):
        if any(path.read_text().count("\n") > 1 for path in journals):
            break
        time.sleep(0.1)
        journals = (cache / "data").glob(".*.unfinished/journal.jsonl")
    try:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    (journal,) = (cache / "data").glob(".*.unfinished/journal.jsonl")
    assert len(journal.read_text().splitlines()) > 1


def test_of_two_processes_one_decodes_and_the_other_waits_and_says_so(start, cache, tmp_path):
    values = {"count": 400, "delay": 0.002, "log": str(tmp_path / "log")}
    processes = [start(values, processes=2) for _ in range(2)]
    ends = [process.communicate(timeout=600) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    assert len({out for out, _ in ends}) == 1
    assert reads(tmp_path / "log")[0] == list(range(400))
    said = "".join(err for _, err in ends)
    assert said.count("waiting for another process that decodes noise\n") == 1


def test_no_room_is_told_before_anything_is_decoded(cache):
    class Huge(Noise):
        shape = (3, 16384, 16384)

        def __len__(self):
            return 10**5

    source = Huge()
    with pytest.raises(DataError, match=r"takes 80530\.6 GB in .*data, and .* GB are free there"):
        open_store(source, source.shape, name="huge")


def test_no_room_half_way_is_told_and_what_is_decoded_is_kept(start, cache, tmp_path, undisturbed):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))

    process = start({"count": 400}, processes=2, preexec_fn=limited)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 1
    last = err.splitlines()[-1]
    assert "DataError: the data cache" in last
    assert "cannot be written (File too large); free some" in last
    source = Noise(400, log=str(tmp_path / "log"))
    open_store(source, source.shape)
    assert 100 < len(reads(tmp_path / "log")[0]) < 350
    check(cache, undisturbed)


def test_meta_tells_what_a_store_is(cache):
    source = Noise(5)
    open_store(source, source.shape, name="noise")
    (path,) = (cache / "data").glob("*/meta.json")
    meta = json.loads(path.read_text())
    assert meta.pop("created")
    assert [*meta.pop("files")] == ["samples.npy", "labels.npy"]
    assert meta == {
        "dark": [0, 0],
        "format": 4,
        "name": "noise",
        "fingerprint": "noise-5",
        "shape": [3, 12, 12],
        "fit": "crop",
        "background": "#ffffff",
        "samples": 5,
        "of": 5,
        "gaps": [],
        "skipped": [],
    }
