"""Hostile files: one sentence each, within the limits, and nothing is run, imported or written."""

import json
import os
import subprocess
import sys

import pytest
import torch

from ganzoo.errors import WeightsError
from ganzoo.importing import document
from ganzoo.importing.document import Document
from ganzoo.importing.reader import bounds
from ganzoo.importing.reader.containers import CheckpointFile
from ganzoo.importing.reader.kinds import container_of
from ganzoo.importing.reader.values import RefusedError
from tests.importing.hostile import CAUSES, GOOD, HEAVY
from tests.importing.opcodes import (
    BUILD,
    DICT,
    LIST,
    NEWOBJ,
    NONE,
    TUPLE,
    archive,
    array,
    call,
    get,
    group,
    held_within,
    listed,
    mapping,
    name,
    number,
    old,
    pairs_of,
    put,
    raw,
    storage,
    stream,
    tensor,
    text,
)
from tests.importing.real import written
from tests.imports import ROOT

AUDIT = """
import os, sys
on = []
def hook(event, arguments):
    if on and event not in ("mmap.__new__", "resource.setrlimit", "builtins.id"):
        os.write(2, ascii((event, arguments))[:200].encode() + b"\\n")
    if event == "open" and arguments[0] == sys.argv[2]:
        on.append(event)
sys.addaudithook(hook)
"""
"""Reports what the process does once the file is open, but for mapping it and limiting itself."""

MEMORY = """
import os
def leave(code, leave=os._exit):
    with open("/proc/self/status") as status:
        os.write(2, status.read().partition("VmHWM:")[2].split()[0].encode())
    leave(code)
os._exit = leave
"""
"""Reports the most memory that the process had in kB, which getrusage says of its parent too."""

EVERY_ROW = """
import os, sys
def stop(code):
    print()
    raise InterruptedError
sys.path.append(sys.argv[1])
from ganzoo.importing.reader.main import main
leave, os._exit = os._exit, stop
for path in sys.argv[3:]:
    sys.argv[2] = path
    on.clear()
    try:
        main(path)
    except InterruptedError:
        pass
    on.clear()
    os.write(2, b"-\\n")
leave(0)
"""
"""Reads one file after another in one process."""


def read(content):
    """What the reader's process prints, without the process."""
    file = CheckpointFile(memoryview(content))
    root = file.read(container_of(file.data))
    return root, file.tensors.places(), file.names


def reader(*before, paths, program=None):
    """Start the reader as `ganzoo.importing.document` does, with code before its own."""
    code = "".join(before) + (document._START if program is None else program)
    command = [sys.executable, "-I", "-S", "-c", code, str(ROOT), *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def hostile(tmp_path):
    """Write a file, in a folder that stays empty otherwise."""

    def write(content):
        path = tmp_path / "netG.pth"
        path.write_bytes(content)
        return path

    yield write
    assert os.listdir(tmp_path) in ([], ["netG.pth"])


@pytest.mark.parametrize("cause", CAUSES)
def test_is_refused(cause):
    content, sentence = CAUSES[cause]
    with pytest.raises(RefusedError) as refused:
        read(content)
    assert sentence in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("cause", CAUSES)
def test_is_refused_by_a_process_of_its_own(hostile, cause):
    content, sentence = CAUSES[cause]
    path = hostile(content)
    with pytest.raises(WeightsError) as refused:
        Document(path)
    assert str(refused.value).startswith(f"{path} cannot be imported: ")
    assert sentence in str(refused.value)


class TestNothingRuns:
    def test_the_watch_sees_an_import(self, hostile):
        program = "import sys; open(sys.argv[2]); import colorsys"
        assert (
            "('import', ('colorsys'" in reader(AUDIT, paths=[hostile(b"a")], program=program).stderr
        )

    def test_no_row_does_anything(self, tmp_path):
        paths = []
        for index, (content, _) in enumerate(CAUSES.values()):
            paths.append(tmp_path / f"{index}.pth")
            paths[-1].write_bytes(content)
        done = reader(AUDIT, paths=["", *paths], program=EVERY_ROW)
        assert done.stderr == "-\n" * len(CAUSES)
        assert done.stdout.count('{"refused": ') == len(CAUSES)
        assert len(os.listdir(tmp_path)) == len(CAUSES)

    @pytest.mark.parametrize("cause", CAUSES)
    def test_in_a_process_of_its_own(self, hostile, cause):
        done = reader(AUDIT, paths=[hostile(CAUSES[cause][0])])
        assert (done.returncode, done.stderr) == (0, "")
        assert CAUSES[cause][1] in json.loads(done.stdout)["refused"]

    @pytest.mark.parametrize("container", ["zip", "old stream", "pickle"])
    def test_of_a_file_that_is_read(self, hostile, container):
        value = {"weight": torch.ones(3), "net": torch.nn.Conv2d(1, 2, 3)}
        done = reader(AUDIT, paths=[hostile(written(value, container))])
        assert done.stderr == ""
        assert f'"kind": "{container}"' in done.stdout


@pytest.mark.parametrize("cause", HEAVY)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_time_and_memory_are_limited(hostile, cause):
    make, sentence = HEAVY[cause]
    path = hostile(make())
    done = reader(MEMORY, paths=[path])
    assert int(done.stderr) * 1000 < path.stat().st_size + bounds.BYTES
    assert len(done.stdout) < 12 * bounds.TEXT + 100 * bounds.VALUES
    assert sentence in done.stdout
    assert ("refused" in done.stdout) == bool(sentence)


@pytest.mark.parametrize("container", ["zip", "old stream", "pickle", "safetensors"])
def test_a_file_that_is_cut_off(container):
    torch.manual_seed(0)
    whole = written(torch.nn.Linear(80, 90).state_dict(), container)
    read(whole)
    ends = {*range(1, len(whole), 1000), *range(1, 2000, 61), *range(len(whole) - 1500, len(whole))}
    for end in ends:
        with pytest.raises(RefusedError):
            read(whole[:end])


@pytest.mark.parametrize(
    ("content", "plain"),
    {
        "an object of somebody's class": (
            archive(call("net.Block", number(1))),
            ["object", "net.Block", [1], [], [], []],
        ),
        "its state in slots": (
            archive(name("net.A") + TUPLE + NEWOBJ + group(NONE, mapping(a=number(1))) + BUILD),
            ["object", "net.A", [], [["list", [None, ["mapping", {"a": 1}]]]], [], []],
        ),
        "a state that would change the class": (
            archive(name("net.A") + TUPLE + NEWOBJ + mapping(__class__=name("os.system")) + BUILD),
            ["object", "net.A", [], [["mapping", {"__class__": ["name", "os.system"]}]], [], []],
        ),
        "a name that is not called": (archive(name("posix.system")), ["name", "posix.system"]),
        "keys that are numbers": (
            archive(pairs_of((number(1), NONE), (number(1), NONE))),
            ["other mapping", 2],
        ),
        "keys with control characters": (
            archive(pairs_of((text("\x1b[2J"), NONE))),
            ["other mapping", 1],
        ),
        "a key that could not be encoded": (
            archive(pairs_of((text("\ud800"), NONE))),
            ["other mapping", 1],
        ),
        "an OrderedDict of what are no pairs": (
            archive(call("collections.OrderedDict", listed(number(1), LIST, DICT, text("ab")))),
            ["mapping", {}],
        ),
        "a memo that is used again": (
            archive(LIST + put(0) + get(0) + b"\x86"),
            ["list", [["list", []], ["list", []]]],
        ),
        "a size of 0 and any stride": (
            archive(tensor(shape=(0, 3), strides=(0, 0))),
            ["tensor", 0],
        ),
        "a size of 1 and a stride of 0": (
            archive(tensor(shape=(1, 4), strides=(0, 1))),
            ["tensor", 0],
        ),
        "an array of another order": (
            stream(array(order=">")),
            ["object", "numpy.core.multiarray._reconstruct"],
        ),
        "an array of texts": (
            stream(array(code="U2", shape=(1,))),
            ["object", "numpy.core.multiarray._reconstruct"],
        ),
        "a scalar of a lying size": (
            stream(
                call("numpy.core.multiarray.scalar", call("numpy.dtype", text("f8")), raw(b"a"))
            ),
            ["object", "numpy.core.multiarray.scalar"],
        ),
        "a class in torch's old format": (
            old(
                group(text("module"), name("net.A"), text("net.py"), text("import os")) + b"Q",
                TUPLE,
                NEWOBJ,
                keys=(),
                contents=(),
            ),
            ["object", "net.A", [], [], [], []],
        ),
        "a storage alone": (
            stream(held_within(old(storage()))),
            ["object", "torch.storage._load_from_bytes"],
        ),
    }.values(),
    ids=lambda value: "",
)
def test_odd_files_are_read(content, plain):
    root, _, _ = read(content)
    assert root[: len(plain)] == plain


class TestPlaces:
    """Files whose place is odd."""

    def test_relative_with_a_dash(self, tmp_path, monkeypatch):
        (tmp_path / "-c").write_bytes(GOOD)
        monkeypatch.chdir(tmp_path)
        assert Document(type(tmp_path)("-c")).kind == "zip"

    def test_empty(self, hostile):
        with pytest.raises(WeightsError, match="it is empty"):
            Document(hostile(b""))

    def test_a_folder(self, tmp_path):
        with pytest.raises(WeightsError, match="is not a file"):
            Document(tmp_path)

    @pytest.mark.skipif(sys.platform == "win32", reason="no such files")
    def test_a_pipe_and_a_device(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "zero").symlink_to("/dev/zero")
        for label in ("pipe", "zero"):
            with pytest.raises(WeightsError, match="is not a file"):
                Document(tmp_path / label)

    @pytest.mark.parametrize(
        "after", [GOOD + b"\0", GOOD[:-1], b""], ids=["longer", "cut", "empty"]
    )
    def test_a_file_that_changes_meanwhile(self, tmp_path, monkeypatch, after):
        path, ask = tmp_path / "netG.pth", document._ask
        path.write_bytes(GOOD)

        def asked(path):
            answer = ask(path)
            path.write_bytes(after)
            return answer

        monkeypatch.setattr(document, "_ask", asked)
        with pytest.raises(WeightsError, match="changed while it was read"):
            Document(path)

    def test_a_file_that_is_gone_meanwhile(self, tmp_path):
        gone = reader(paths=[tmp_path / "netG.pth"])
        assert "it cannot be read (No such file or directory)" in gone.stdout


GOOD_ANSWER = {"kind": "zip", "names": [], "tensors": [], "root": ["list", []]}


@pytest.mark.parametrize(
    "change",
    [
        {"tensors": [["float32", 0, [10**6], [1]]]},
        {"tensors": [["float32", -4, [1], [1]]]},
        {"tensors": [["float32", 0, [1.0], [1]]]},
        {"tensors": [["float32", 0, [1], []]]},
        {"tensors": [["object", 0, [1], [1]]]},
        {"tensors": [["float32"]]},
        {"tensors": 1},
        {"root": ["tensor", 0]},
        {"root": ["mapping", 1]},
        {"root": ["object", "a"]},
        {"root": ["list"]},
        {"root": []},
        {"names": None},
    ],
    ids=str,
)
def test_the_reader_itself_is_not_trusted(hostile, monkeypatch, change):
    monkeypatch.setattr(document, "_ask", lambda path: {**GOOD_ANSWER, **change})
    with pytest.raises(WeightsError, match=r"answer is not what it should be|past the end"):
        Document(hostile(GOOD))


def test_a_reader_that_dies(hostile, monkeypatch):
    monkeypatch.setattr(document, "_START", "import os; os.abort()")
    with pytest.raises(WeightsError, match="more memory or time than any checkpoint"):
        Document(hostile(GOOD))


def test_a_reader_that_hangs(hostile, monkeypatch):
    monkeypatch.setattr(document, "_START", "import time; time.sleep(60)")
    monkeypatch.setattr(bounds, "SECONDS", 0.2)
    with pytest.raises(WeightsError, match=r"takes over 0\.2 seconds"):
        Document(hostile(GOOD))


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_limits_that_are_lower_already(hostile):
    lower = "import resource as r; r.setrlimit(r.RLIMIT_CPU, (9, 9)); "
    done = reader(lower, paths=[hostile(GOOD)])
    assert '"kind": "zip"' in done.stdout
