"""Opcodes and bytes by chance: the reader hands back plain data, or refuses; it never fails."""

import functools
import json
import struct

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganzoo.importing.reader import bounds
from ganzoo.importing.reader.containers import CheckpointFile
from ganzoo.importing.reader.kinds import container_of
from ganzoo.importing.reader.storages import SIZES
from ganzoo.importing.reader.stream import _NOT_FOLLOWED, _OPCODES
from ganzoo.importing.reader.values import RefusedError
from tests.importing import opcodes
from tests.importing.hostile import CAUSES
from tests.importing.real import written

COUNTS = [
    pytest.param(60, id="few"),
    pytest.param(3000, marks=pytest.mark.sweep, id="many"),
]


def check(content):
    """Read a file as the reader's process does, and check what it would print."""
    file = CheckpointFile(memoryview(content))
    try:
        root = file.read(container_of(file.data))
        places = file.tensors.places()
    except RefusedError as refused:
        json.dumps(str(refused))
        return
    assert json.loads(json.dumps([root, places, file.names]))
    assert depth(root) <= 3 * bounds.DEPTH
    for dtype, first, shape, strides in places:
        count, reach = 1, 0
        for size, step in zip(shape, strides, strict=True):
            count, reach = count * size, reach + step * (size - 1)
        if count:
            assert first >= 0
            assert first + SIZES[dtype] * (reach + 1) <= len(content)
            assert count <= len(content)


def depth(value):
    if isinstance(value, dict):
        value = [*value.values()]
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@functools.cache
def real_files():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    value = {"net": net.state_dict(), "whole": net, "history": [1, 2.5, None], "size": (64, 64)}
    value |= {"mean": np.arange(3.0), "best": np.float32(0.5)}
    files = [written(value, container) for container in ("zip", "old stream", "pickle")]
    return [*files, written(net.state_dict(), "safetensors"), *(c for c, _ in CAUSES.values())]


NAMES = [
    *("collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch.FloatStorage"),
    *("torch._utils._rebuild_parameter", "torch._tensor._rebuild_from_type_v2", "net.Block"),
    *("torch.storage._load_from_bytes", "torch.device", "torch.Size", "argparse.Namespace"),
    *("numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct", "numpy.dtype"),
    *("numpy.core.numeric._frombuffer", "_codecs.encode", "builtins.set", "collections.deque"),
    *("numpy.dtypes.Float64DType", "__builtin__.bytes", "builtins.dict", "os.system"),
]

small = st.sampled_from([0, 1, 2, 3, 4, 8, 255, 2**31, 2**62, 2**200, -1])

pieces = st.one_of(
    st.sampled_from([bytes([code]) for code in (*_OPCODES, *(n[0] for n in _NOT_FOLLOWED))]),
    st.sampled_from([opcodes.name(n) for n in NAMES]),
    st.sampled_from([opcodes.storage(), opcodes.tensor(), opcodes.array(), opcodes.TUPLE]),
    st.sampled_from([opcodes.REDUCE, opcodes.BUILD, b"\x85", b"\x86", b"\x87", b"t", b"e", b"u"]),
    st.sampled_from([opcodes.held_within(opcodes.old(opcodes.storage()))]),
    st.builds(opcodes.number, small),
    st.builds(opcodes.text, st.sampled_from(["storage", "0", "f4", "O", "latin1", "é", "\ud800"])),
    st.builds(opcodes.raw, st.binary(max_size=9)),
    st.builds(lambda n: b"U" + bytes([len(n)]) + n, st.binary(max_size=9)),
    st.builds(opcodes.put, st.integers(0, 4)),
    st.builds(opcodes.get, st.integers(0, 4)),
)

values = st.recursive(
    st.one_of(
        st.builds(opcodes.number, small),
        st.builds(opcodes.text, st.sampled_from(["", "a", "f4", "O8", "latin1", "\x1b", "\ud800"])),
        st.builds(opcodes.raw, st.binary(max_size=9)),
        st.sampled_from([opcodes.NONE, opcodes.TRUE, opcodes.TUPLE, opcodes.LIST, opcodes.DICT]),
        st.sampled_from([opcodes.storage(), opcodes.tensor(), opcodes.array()]),
        st.sampled_from([opcodes.name(n) for n in NAMES]),
        st.builds(lambda n: b"U" + bytes([len(n)]) + n, st.binary(max_size=9)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda v: opcodes.group(*v), st.lists(inner, max_size=5)),
        st.builds(lambda v: opcodes.listed(*v), st.lists(inner, max_size=3)),
        st.builds(lambda v: opcodes.pairs_of(*v), st.lists(st.tuples(inner, inner), max_size=3)),
        st.builds(
            lambda n, v: opcodes.call(n, *v), st.sampled_from(NAMES), st.lists(inner, max_size=6)
        ),
        st.builds(
            lambda n, v, s: opcodes.call(n, *v) + s + opcodes.BUILD,
            st.sampled_from(NAMES),
            st.lists(inner, max_size=4),
            inner,
        ),
        st.builds(lambda v: opcodes.call(NAMES[1], *v), st.lists(inner, min_size=4, max_size=6)),
        st.builds(
            lambda n, v, p: opcodes.call(n, v) + opcodes.MARK + b"".join(p) + b"u",
            st.sampled_from(NAMES),
            inner,
            st.lists(inner, max_size=4),
        ),
    ),
    max_leaves=12,
)


def fuzzed(count):
    return settings(
        max_examples=count,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def containers(body, which):
    if which == "zip":
        return opcodes.archive(body)
    return opcodes.old(body) if which == "old stream" else opcodes.stream(body)


KINDS = st.sampled_from(["zip", "old stream", "pickle"])


@pytest.mark.parametrize("count", COUNTS)
def test_opcodes_by_chance(count):
    @fuzzed(count)
    @given(st.lists(pieces, max_size=40).map(b"".join), KINDS)
    def run(body, kind):
        check(containers(body, kind))

    run()


@pytest.mark.parametrize("count", COUNTS)
def test_values_by_chance(count):
    @fuzzed(count)
    @given(values, KINDS)
    def run(body, kind):
        check(containers(body, kind))

    run()


@pytest.mark.parametrize("count", COUNTS)
def test_real_files_with_other_bytes(count):
    @fuzzed(count)
    @given(st.data())
    def run(data):
        content = bytearray(data.draw(st.sampled_from(real_files())))
        for _ in range(data.draw(st.integers(1, 6))):
            place = data.draw(st.integers(0, len(content)))
            new = data.draw(st.one_of(st.binary(max_size=8), pieces))
            match data.draw(st.sampled_from(["change", "insert", "remove", "repeat"])):
                case "change":
                    content[place : place + len(new)] = new
                case "insert":
                    content[place:place] = new
                case "remove":
                    del content[place : place + 16]
                case "repeat":
                    content[place:place] = content[place : place + 64]
        check(bytes(content))

    run()


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), small, st.floats(), st.sampled_from(["F32", "I8", "a"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__"]), inner),
    ),
    max_leaves=10,
)

entries = st.fixed_dictionaries(
    {"dtype": json_values, "shape": json_values, "data_offsets": json_values}
) | st.builds(
    lambda shape, first, count: {
        "dtype": "I8", "shape": shape, "data_offsets": [first, first + count],
    },
    st.lists(small, max_size=3), st.integers(-1, 9), st.integers(0, 9),
)  # fmt: skip


@pytest.mark.parametrize("count", COUNTS)
def test_headers_by_chance(count):
    @fuzzed(count)
    @given(
        st.dictionaries(st.sampled_from(["", "a", "é", "\x1b"]), entries | json_values, max_size=3)
    )
    def run(header):
        raw = json.dumps(header).encode()
        check(struct.pack("<Q", len(raw)) + raw + bytes(8))

    run()


@pytest.mark.parametrize("count", COUNTS)
def test_bytes_by_chance(count):
    @fuzzed(count)
    @given(st.sampled_from([b"", b"\x80\x04", b"PK\x03\x04", opcodes.STREAM_OF_OLD]), st.binary())
    def run(start, rest):
        check(start + rest)

    run()
