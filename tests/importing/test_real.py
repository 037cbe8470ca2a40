"""Files that torch itself reads: the same tensors, bit for bit."""

import argparse
import collections
import functools
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo.errors import WeightsError
from ganzoo.importing.candidates import candidates_in
from ganzoo.importing.document import Document, Foreign, Opaque, StoredTensor
from ganzoo.importing.reader.kinds import container_of
from tests.importing.real import CONTAINERS, written


class Block(nn.Module):
    """A network with what networks have: parts, buffers, functions, values of the library."""

    def __init__(self, depth=0):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, bias=False)
        self.norm = nn.BatchNorm2d(3)
        self.layer, self.activation = functools.partial(nn.Conv2d, bias=False), torch.tanh
        self.sizes, self.slope, self.name = range(3), 0.2, "block"
        self.inner = nn.Sequential(Block(depth - 1), nn.ReLU()) if depth else None


class Nested:
    class Inner:
        pass


def tagged():
    parameter = nn.Parameter(torch.randn(3))
    parameter.no_decay, parameter.mask = True, torch.ones(2)
    return parameter


def shared():
    whole = torch.randn(6, 4)
    return {"a": whole[:2], "b": whole[2:], "c": whole[:2]}


TENSORS = {
    "contiguous": lambda: torch.randn(2, 3, 4),
    "channels last": lambda: torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "transposed": lambda: torch.randn(4, 3).t(),
    "every second": lambda: torch.arange(10.0)[::2],
    "a slice": lambda: torch.randn(10, 4)[2:5, 1:3],
    "0-d": lambda: torch.tensor(3.5),
    "empty": lambda: torch.empty(0, 3),
    "no elements, no sizes": lambda: torch.empty(0),
    "a size of 1": lambda: torch.randn(1, 4, 1),
    "not finite": lambda: torch.tensor([float("nan"), float("inf"), -0.0]),
    "fp64": lambda: torch.randn(3, dtype=torch.float64),
    "fp16": lambda: torch.randn(3).half(),
    "bf16": lambda: torch.randn(3).bfloat16(),
    "complex": lambda: torch.randn(3, dtype=torch.complex64),
    "bool": lambda: torch.tensor([True, False, True]),
    "int64": lambda: torch.tensor([2**62, -1]),
    "int32": lambda: torch.tensor([7], dtype=torch.int32),
    "int16": lambda: torch.tensor([-7], dtype=torch.int16),
    "int8": lambda: torch.tensor([-7], dtype=torch.int8),
    "uint8": lambda: torch.get_rng_state(),
    "a parameter": lambda: nn.Parameter(torch.randn(3)),
    "a parameter with attributes": tagged,
    "a buffer": lambda: nn.Buffer(torch.randn(3)),
}


def equal(ours, theirs):
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    assert (
        ours.contiguous()
        .view(-1)
        .view(torch.uint8)
        .equal(theirs.detach().contiguous().view(-1).view(torch.uint8))
    )


@pytest.fixture(params=CONTAINERS)
def opened(request, tmp_path):
    """Write a value, and read it here and by torch."""

    def run(value):
        path = tmp_path / "net.pth"
        path.write_bytes(written(value, request.param))
        theirs = value
        if request.param != "pickle":
            theirs = torch.load(path, weights_only=False)
        document = Document(path)
        assert document.kind == request.param
        return document.root, theirs

    return run


def test_tensors(opened):
    torch.manual_seed(0)
    ours, theirs = opened({name: make() for name, make in TENSORS.items()})
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        equal(ours[name].load(), tensor)
        if tensor.numel() > 1 and name != "a parameter with attributes":
            assert ours[name].load().stride() == tensor.stride()


def test_only_weights_is_the_same(tmp_path):
    state = Block(1).state_dict()
    torch.save(state, tmp_path / "net.pth")
    theirs, ours = (
        torch.load(tmp_path / "net.pth", weights_only=True),
        Document(tmp_path / "net.pth"),
    )
    assert list(ours.root) == list(theirs)
    for name, tensor in theirs.items():
        equal(ours.root[name].load(), tensor)


def test_shared_storages(opened):
    ours, theirs = opened(shared())
    for name, tensor in theirs.items():
        equal(ours[name].load(), tensor)


def test_a_whole_module(opened):
    ours, theirs = opened({"netG": Block(6), "epoch": 3})
    assert isinstance(ours["netG"], Foreign)
    (part,) = candidates_in(ours, "net.pth")
    state = theirs["netG"].state_dict()
    assert {*part.tensors} == {*state}
    for name, tensor in state.items():
        equal(part.tensors[name].load(), tensor)


VALUES = {
    "numbers": ([1, -1, 2**40, -(2**100), 1.5, True, None], None),
    "texts": (["", "é", "\U0001f600", "\x1b"], None),
    "a long text": ("a" * 20_000, Opaque),
    "a namespace": (argparse.Namespace(size=64, name="a"), {"size": 64, "name": "a"}),
    "dictionaries": ({"a": collections.OrderedDict(b=1), "c": {}}, {"a": {"b": 1}, "c": {}}),
    "a defaultdict": (collections.defaultdict(int, a=1), {"a": 1}),
    "a counter": (collections.Counter("aab"), Foreign),
    "tuples": ((1, (2, ()), (3, 4, 5, 6)), [1, [2, []], [3, 4, 5, 6]]),
    "a set": ({1}, [1]),
    "a frozenset": (frozenset([1]), [1]),
    "a size": (torch.Size([2, 3]), [2, 3]),
    "a device": (torch.device("cuda", 1), "cuda:1"),
    "a type": (torch.bfloat16, Opaque),
    "bytes": (b"abc", Opaque),
    "no bytes": (b"", (Foreign, Opaque)),
    "a class": (Block, Opaque),
    "a function": (torch.tanh, Opaque),
    "a range": (range(3), Foreign),
    "a slice": (slice(1, 2), Foreign),
    "a complex number": (1j, Foreign),
    "a partial": (functools.partial(nn.Conv2d, 3), Foreign),
    "a class in a class": (Nested.Inner, Opaque),
    "a NumPy number": (np.float64(0.1), 0.1),
    "a NumPy integer": (np.int32(7), 7),
    "a NumPy truth": (np.bool_(True), True),
    "a NumPy type": (np.dtype("f4"), Foreign),
    "a NumPy text": (np.str_("a"), Foreign),
    "a NumPy generator": (np.random.default_rng(1), Foreign),
    "an old NumPy generator": (np.random.RandomState(1), Foreign),
    "a list shared": ([[1]] * 3, [[1], [1], [1]]),
}
"""What stands beside tensors, and what is made of it: the value itself where that is None."""


def test_values_beside_tensors(opened):
    ours, _ = opened({label: value for label, (value, _) in VALUES.items()})
    for label, (value, plain) in VALUES.items():
        found = ours[label]
        if isinstance(plain, type | tuple):
            assert isinstance(found, plain), label
        else:
            assert found == (value if plain is None else plain), label


ARRAYS = {
    "floats": np.arange(6.0).reshape(2, 3),
    "in Fortran's order": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "empty": np.zeros((0, 3), np.float32),
    "0-d": np.array(3, np.int16),
    "bytes": np.array([1], np.uint8),
    "truths": np.array([True, False]),
    "not contiguous": np.arange(10, dtype=np.int64)[::3],
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays(tmp_path, protocol):
    path = tmp_path / "net.pkl"
    path.write_bytes(pickle.dumps(ARRAYS, protocol=protocol))
    ours = Document(path).root
    for name, array in ARRAYS.items():
        found = ours[name]
        if isinstance(found, StoredTensor):
            equal(found.load(), torch.from_numpy(array))
        elif protocol == 2 and isinstance(found, list):
            assert found == array.ravel("K").tolist()
        else:
            assert (protocol, name) == (2, "empty")


def test_headers_of_many_lengths():
    """The first byte of one is that of a pickle."""
    lengths = set()
    for size in range(1, 40):
        state = {f"{n}.weight": torch.zeros(n) for n in range(size)}
        content = written(state, "safetensors")
        lengths.add(content[0])
        assert container_of(memoryview(content)) == "safetensors"
    assert 0x80 in lengths


def test_safetensors(tmp_path):
    state = Block(1).state_dict() | {"empty": torch.empty(0, 2)}
    (tmp_path / "net.safetensors").write_bytes(written(state, "safetensors"))
    document = Document(tmp_path / "net.safetensors")
    assert document.kind == "safetensors"
    for name, tensor in state.items():
        equal(document.root[name].load(), tensor)


def test_numbers_spelled_as_text(tmp_path):
    path = tmp_path / "net.pkl"
    path.write_bytes(pickle.dumps(nn.Linear(2, 3).state_dict(), protocol=2))
    with pytest.raises(WeightsError, match="save it again with protocol 4"):
        Document(path)


def test_names_are_listed(tmp_path):
    torch.save({"a": argparse.Namespace(), "b": torch.ones(1)}, tmp_path / "net.pth")
    names = Document(tmp_path / "net.pth").names
    assert "argparse.Namespace" in names
    assert "torch._utils._rebuild_tensor_v2" in names


def test_a_tensor_that_does_not_lie_on_its_width(tmp_path):
    value = {f"{n}": np.arange(4.0) + n for n in range(9)}
    value = {name * (n + 1): array for n, (name, array) in enumerate(value.items())}
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(value, protocol=4))
    stored = Document(tmp_path / "net.pkl").root
    assert len({found.start % 8 for found in stored.values()}) > 3
    for name, array in value.items():
        equal(stored[name].load(), torch.from_numpy(array))
