"""Pickle streams and their containers, written by hand: what no writer of checkpoints would."""

import io
import struct
import zipfile

STREAM_OF_OLD = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")
TENSOR = "torch._utils._rebuild_tensor_v2"

NONE, TRUE, FALSE, MARK, STOP = b"N", b"\x88", b"\x89", b"(", b"."
LIST, DICT, SET, TUPLE = b"]", b"}", b"\x8f", b")"
REDUCE, NEWOBJ, NEWOBJ_EX, BUILD, PERSID = b"R", b"\x81", b"\x92", b"b", b"Q"


def text(value):
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def raw(value):
    return b"B" + struct.pack("<I", len(value)) + value


def number(value):
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def real(value):
    return b"G" + struct.pack(">d", value)


def name(path):
    module, _, last = path.rpartition(".")
    return f"c{module}\n{last}\n".encode()


def group(*items):
    return MARK + b"".join(items) + b"t"


def numbers(values):
    return group(*map(number, values))


def listed(*items):
    return LIST + MARK + b"".join(items) + b"e"


def mapping(**pairs):
    return pairs_of(*((text(key), value) for key, value in pairs.items()))


def pairs_of(*pairs):
    return DICT + MARK + b"".join(key + value for key, value in pairs) + b"u"


def call(path, *arguments, by=REDUCE):
    return name(path) + group(*arguments) + by


def put(index):
    return b"r" + struct.pack("<I", index)


def get(index):
    return b"j" + struct.pack("<I", index)


def stream(*body, protocol=2):
    return b"\x80" + bytes([protocol]) + b"".join(body) + STOP


def storage(key="0", count=4, kind="torch.FloatStorage", more=()):
    identity = (text("storage"), name(kind), text(key), text("cpu"), number(count), *more)
    return group(*identity) + PERSID


def tensor(held=None, offset=0, shape=(4,), strides=(1,)):
    """A call that makes a tensor; each argument may be opcodes instead."""
    held = storage() if held is None else held
    offset = number(offset) if isinstance(offset, int) else offset
    shape, strides = (v if isinstance(v, bytes) else numbers(v) for v in (shape, strides))
    return call(TENSOR, held, offset, shape, strides, FALSE, call("collections.OrderedDict"))


def archive(*body, storages=None, more=None, order=b"little"):
    """A zip archive of torch around one value; `more` are entries beside its own."""
    storages = {"0": bytes(16)} if storages is None else storages
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("net/data.pkl", stream(*body))
        made.writestr("net/byteorder", order)
        for key, content in storages.items():
            made.writestr(f"net/data/{key}", content)
        made.writestr("net/version", b"3\n")
        for key, content in (more or {}).items():
            made.writestr(key, content)
    return file.getvalue()


FOUR = struct.pack("<q", 4) + bytes(16)
"""A storage of four floats, as it stands behind an old stream."""


def old(*body, keys=("0",), contents=(FOUR,), protocol=1001):
    """A file of torch's old format around one value."""
    start = STREAM_OF_OLD + STOP + stream(number(protocol)) + stream(DICT)
    behind = stream(listed(*map(text, keys)))
    return start + stream(*body) + behind + b"".join(contents)


def held_within(content):
    """A storage as plain pickles have it: bytes that are a file of torch's old format."""
    return call("torch.storage._load_from_bytes", raw(content))


def array(shape=(2,), content=bytes(8), code="f4", fortran=FALSE, order="<"):
    """A NumPy array, as protocol 4 spells it."""
    shape = shape if isinstance(shape, bytes) else numbers(shape)
    state = (number(3), text(order), NONE, NONE, NONE, number(-1), number(-1), number(0))
    dtype = call("numpy.dtype", text(code), FALSE, TRUE) + group(*state) + BUILD
    start = call(
        "numpy.core.multiarray._reconstruct", name("numpy.ndarray"), numbers([0]), raw(b"b")
    )
    return start + group(number(1), shape, dtype, fortran, raw(content)) + BUILD


def patched(data, mark, offset, new, which=0):
    """A file with other bytes at an offset behind the nth place of a mark."""
    place = -1
    for _ in range(which + 1):
        place = data.index(mark, place + 1)
    place += offset
    return data[:place] + new + data[place + len(new) :]
