"""Decoding in several processes."""

import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

from ganzoo.data.cache import decoders, making, open_store
from ganzoo.errors import GanzooError
from tests.data.cache.noise import Noise, Sent, content, expected, reads

pytestmark = pytest.mark.usefixtures("small_chunks")


class Chatty(Noise):
    def read(self, index):
        print("reading", index)  # which is no answer
        return super().read(index)


@pytest.mark.parametrize("count", [1, 8, 100], ids="{} samples".format)
def test_several_processes_write_the_bytes_of_one(count, cache, tmp_path, monkeypatch):
    written = []
    for processes in (1, 3):
        monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / str(processes)))
        source = Chatty(count, log=str(tmp_path / f"log-{processes}"))
        store = open_store(source, source.shape, processes=processes)
        written.append(content(tmp_path / str(processes)))
    samples, labels = expected(range(count))
    assert (store.samples == samples).all()
    assert (store.labels == labels).all()
    assert written[0] == written[1]
    for name, array in (("samples.npy", samples), ("labels.npy", labels)):
        np.save(tmp_path / name, array)
        assert written[0][name] == (tmp_path / name).read_bytes()
    numbers, lines = reads(tmp_path / "log-3")
    assert numbers == list(range(count))
    assert str(os.getpid()) not in {process for _, process, _ in lines}
    assert {has_torch for *_, has_torch in lines} == {"False"}


@pytest.mark.parametrize("at", ["sent", "received"])
def test_what_cannot_be_sent_is_decoded_here(at, tmp_path, capfd):
    source = Noise(50, log=str(tmp_path / "log"))
    source.sent = Sent(at)
    store = open_store(source, source.shape, processes=2)
    assert (store.samples == expected(range(50))[0]).all()
    assert {int(process) for _, process, _ in reads(tmp_path / "log")[1]} == {os.getpid()}
    assert f"one process, because no other could be started (TypeError: cannot be {at}" in (
        capfd.readouterr().err
    )


def test_where_no_process_can_be_started_all_is_decoded_here(monkeypatch, capfd):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    store = open_store(Noise(50), Noise.shape, processes=2)
    assert (store.samples == expected(range(50))[0]).all()
    assert "they cannot be started: No such file" in capfd.readouterr().err


class Floats(Noise):
    @staticmethod
    def image(index):
        return np.full((12, 12, 3), index / 100)


def test_an_error_in_another_process_is_raised_here_as_it_is():
    with pytest.raises(TypeError, match="float64"):
        open_store(Floats(50), Floats.shape, processes=2)


def test_a_killed_process_is_told_and_its_work_goes_on(cache, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    source = Noise(200, log=str(first), deadly=150, delay=0.002)
    with pytest.raises(GanzooError, match=r"ended \(signal 9\).*decoded is kept"):
        open_store(source, source.shape, processes=2)
    store = open_store(Noise(200, log=str(second)), source.shape, processes=2)
    assert (store.samples == expected(range(200))[0]).all()
    assert len(reads(second)[0]) < 150


def test_what_is_quickly_done_starts_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "SECONDS_BETWEEN_ENTRIES", 1.0)
    monkeypatch.setattr(decoders.subprocess, "Popen", None)
    source = Noise(2000)
    assert len(open_store(source, source.shape).samples) == 2000


def test_what_takes_long_is_decoded_here_and_then_in_others(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "SECONDS_ALONE", 0.05)
    monkeypatch.setattr(making, "default_processes", lambda: 2)
    source = Noise(300, log=str(tmp_path / "log"), delay=0.002)
    store = open_store(source, source.shape)
    assert (store.samples == expected(range(300))[0]).all()
    processes = [int(process) for _, process, _ in reads(tmp_path / "log")[1]]
    assert 0 < processes.count(os.getpid()) < 200
    assert len(set(processes)) > 1


def test_a_machine_of_one_core_decodes_alone(tmp_path):
    script = (
        "import os; os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1]);"
        "from ganzoo.data.cache.decoders import default_processes; print(default_processes())"
    )
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system binds no process to a core")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"1\n"


GUARDLESS = """
import numpy as np
from pathlib import Path
from ganzoo.data.base import Item
from ganzoo.data.cache import open_store
from ganzoo.data.config import Mnist5kConfig
from ganzoo.data.digits import Mnist5k

with open({ran!r}, "a") as file:
    file.write("ran\\n")

class Own(Mnist5k):
    pass

print(open_store({name}(Mnist5kConfig()), (1, 28, 28), processes=2).samples.sum())
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [("Mnist5k", ""), ("Own", "no other could be started (AttributeError")],
    ids=["a class of a module", "a class of the script"],
)
def test_a_script_without_a_guard_runs_once(name, said, tmp_path):
    script, ran = tmp_path / "script.py", tmp_path / "ran"
    script.write_text(GUARDLESS.format(ran=str(ran), name=name))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=600
    )
    assert ran.read_text() == "ran\n"
    assert int(done.stdout) > 0
    # On a slow machine lines of progress come as well.
    told = [
        line for line in done.stderr.splitlines() if not re.search(r" of 5,000, .* left$", line)
    ]
    assert said in "".join(told)
    assert bool(said) == bool(told)


def test_two_threads_make_one_store(tmp_path):
    log = tmp_path / "log"
    threads = [
        threading.Thread(target=open_store, args=(Noise(64, str(log), 0.001), Noise.shape))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert reads(log)[0] == list(range(64))


@pytest.mark.parametrize("sent", [b"", b"1000\nhalf a task"], ids=["nothing", "half a task"])
def test_a_process_whose_parent_is_gone_at_once_ends_quietly(sent):
    program = "from ganzoo.data.cache.worker import main; main()"
    done = subprocess.run([sys.executable, "-c", program], input=sent, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
