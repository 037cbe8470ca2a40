"""Whatever a folder holds loads exactly as it says, or is refused in one sentence."""

import copy
import json
import struct

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganzoo.errors import ConfigError, WeightsError
from ganzoo.hub.loading import load_generator
from ganzoo.networks import create_generator
from ganzoo.weights.card import write_card
from ganzoo.weights.metadata import split as split_card

COUNTS = [
    pytest.param(60, id="few"),
    pytest.param(2000, marks=pytest.mark.sweep, id="many"),
]

NETWORKS = {
    "dcgan": {"sample_shape": (1, 16, 16), "width": 1, "num_classes": 2, "latent_dim": 3},
    "vanilla": {
        "sample_shape": (2,),
        "generator_widths": (3, 2),
        "latent_dim": 2,
        "generator_norm": "batch",
    },
    "wgan-gp": {"sample_shape": (1, 16, 16), "width": 1, "latent_dim": 2},
}


def chosen(examples):
    return settings(
        max_examples=examples,
        derandomize=examples < 1000,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A good folder of each architecture."""
    made = {}
    for name, values in NETWORKS.items():
        made[name] = tmp_path_factory.mktemp(name)
        create_generator(name, seed=0, **values).save(made[name])
    return made


def split(content):
    (length,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def load_or_refuse(folder):
    """Load a generator; None where it is refused as it should be."""
    try:
        G = load_generator(folder)
    except (WeightsError, ConfigError) as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 3000
        return None
    # What was loaded is what the file says, byte for byte, read here without the library.
    header, data = split((folder / "model.safetensors").read_bytes())
    header.pop("__metadata__", None)
    state = G.state_dict()
    assert state.keys() == header.keys()
    for key, tensor in state.items():
        start, end = header[key]["data_offsets"]
        assert [*tensor.shape] == header[key]["shape"]
        assert tensor.numpy().tobytes() == data[start:end]
        assert tensor.isfinite().all()
        assert tensor.dtype in (torch.float32, torch.int64)
    return G


STARTS = ('"architecture":', '{"name":"dcgan"}')

numbers = (
    st.integers(-3, 70)
    | st.sampled_from([128, 256, 4096, 65536, 10**6, 2**31, 2**63, 2**64, 10**30, 10**4000])
    | st.integers()
    | st.floats()
)
WORDS = """dcgan vanilla wgan-gp ganzoo-torch:dcgan os:system cnn resnet batch none normal uniform
images vectors ganzoo-torch 1.0 999.0 0"""
words = st.sampled_from(["", *WORDS.split()])
texts = words | st.text() | st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zl"]), max_size=3)
shapes = st.lists(st.sampled_from([1, 2, 3, 16, 32, 65536]), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | shapes,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


def places(value):
    """Every place inside a value: its container and its key there."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


@st.composite
def changed(draw, original):
    """A value with some of its parts replaced, removed, or added to."""
    value = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(value))
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        change = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if change == "remove":
            del container[key]
        elif change == "add" and isinstance(container, dict):
            fields = [*NETWORKS["vanilla"], *NETWORKS["wgan-gp"], "preset", "blocks", "slope"]
            container[draw(texts | st.sampled_from(fields))] = draw(values)
        else:
            container[key] = draw(values)
    return value


@pytest.mark.parametrize("examples", COUNTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_any_config(folders, name, examples):
    path = folders[name] / "config.json"
    original = path.read_text()

    @chosen(examples)
    @given(changed(json.loads(original)))
    def check(value):
        path.write_text(json.dumps(value))
        G = load_or_refuse(folders[name])
        outcomes.add(G is None)
        if G is not None:
            # What is said of it can be put on a card, and read again from there.
            metadata, _ = split_card(write_card(G.info, "acme/x", [path.name]), "the card")
            assert metadata["library_name"] == "ganzoo"

    outcomes = set()
    try:
        check()
    finally:
        path.write_text(original)
    assert load_or_refuse(folders[name])
    assert outcomes == {True, False}


@pytest.mark.parametrize("examples", COUNTS)
def test_any_text_for_a_config(folders, examples):
    path = folders["dcgan"] / "config.json"
    original = path.read_bytes()
    pieces = st.sampled_from(
        [*'{}[]:,"\\- \0\ud800\u2028\ufeff', "\\u", "null", "1e999", "NaN", '"format":1', *STARTS]
    )
    some = st.lists(pieces | st.text(max_size=3), max_size=20).map("".join)

    @chosen(examples)
    @given(st.binary() | some.map(lambda text: text.encode("utf-8", "surrogatepass")))
    def check(content):
        path.write_bytes(content)
        assert load_or_refuse(folders["dcgan"]) is None

    try:
        check()
    finally:
        path.write_bytes(original)


DTYPES = ("F32", "I64", "F64", "F16", "BF16", "BOOL", "U8", "C64", "F8_E4M3", "F8_E8M0", "F4")
dtypes = st.sampled_from([*DTYPES, "F6_E2M3"])
sides = st.integers(-1, 20) | st.sampled_from([0, 2**31, 2**32, 2**63, 2**64])
offsets = st.integers(-1, 2000) | st.sampled_from([2**32, 2**63 - 1, 2**63, 2**64 - 1])


@st.composite
def headers(draw, original):
    """A header in which tensors are of another type, shape or place, or have other names."""
    header = copy.deepcopy(original)
    for key in draw(st.lists(st.sampled_from(sorted(header)), min_size=1, max_size=3, unique=True)):
        match draw(st.sampled_from(["dtype", "shape", "offsets", "name", "drop", "any", "swap"])):
            case "dtype":
                header[key]["dtype"] = draw(dtypes | texts)
            case "shape":
                header[key]["shape"] = draw(st.lists(sides, max_size=5))
            case "offsets":
                header[key]["data_offsets"] = draw(st.lists(offsets, min_size=1, max_size=3))
            case "name":
                header[draw(texts)] = header.pop(key)
            case "drop":
                del header[key]
            case "any":
                header[key] = draw(values)
            case "swap":
                other = draw(st.sampled_from(sorted(header)))
                header[key], header[other] = header[other], header[key]
        if not header or not all(isinstance(entry, dict) for entry in header.values()):
            break
        if key not in header or "data_offsets" not in header[key]:
            break
    return header


@pytest.mark.parametrize("examples", COUNTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_any_header(folders, name, examples):
    path = folders[name] / "model.safetensors"
    original = path.read_bytes()
    header, data = split(original)
    metadata = header.pop("__metadata__")

    @chosen(examples)
    @given(
        headers(header),
        st.just(metadata) | values,
        st.just(0) | st.integers(-20, 20) | st.sampled_from([2**31, 2**62, 2**63]),
        st.just(data) | st.binary(max_size=100) | st.just(data + b"\0" * 8),
    )
    def check(header, metadata, more, data):
        text = json.dumps({"__metadata__": metadata, **header}).encode()
        length = max(len(text) + more, 0) % 2**64
        path.write_bytes(struct.pack("<Q", length) + text + data)
        outcomes.add(load_or_refuse(folders[name]) is None)

    outcomes = set()
    try:
        check()
    finally:
        path.write_bytes(original)
    assert load_or_refuse(folders[name])
    assert outcomes == {True, False}


@pytest.mark.parametrize("examples", COUNTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_any_damage(folders, name, examples):
    path = folders[name] / "model.safetensors"
    original = path.read_bytes()
    (length,) = struct.unpack_from("<Q", original)
    # As often within the header as within the numbers, which are many more.
    place = st.integers(0, 8 + length) | st.integers(0, len(original) - 1)

    @chosen(examples)
    @given(
        st.lists(st.tuples(place, st.integers(0, 255)), max_size=4),
        st.just(len(original)) | place,
        st.just(b"") | st.binary(max_size=9),
    )
    def check(flips, end, more):
        content = bytearray(original)
        for at, byte in flips:
            content[at] = byte
        path.write_bytes(bytes(content[:end]) + more)
        outcomes.add(load_or_refuse(folders[name]) is None)

    outcomes = set()
    try:
        check()
    finally:
        path.write_bytes(original)
    assert load_or_refuse(folders[name])
    assert outcomes == {True, False}


@pytest.mark.parametrize("examples", COUNTS)
def test_any_bytes_for_weights(folders, examples):
    path = folders["dcgan"] / "model.safetensors"
    original = path.read_bytes()
    some = values.map(lambda value: json.dumps(value).encode())
    framed = some.map(lambda text: struct.pack("<Q", len(text)) + text)

    @chosen(examples)
    @given(st.binary() | framed)
    def check(content):
        path.write_bytes(content)
        assert load_or_refuse(folders["dcgan"]) is None

    try:
        check()
    finally:
        path.write_bytes(original)
