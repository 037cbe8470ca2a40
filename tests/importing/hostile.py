"""Files that were made to harm whoever opens them; each row is a cause of its own.

A row is the file's bytes, or what makes them where they are many, and a part of the sentence that
refuses it.
"""

import json
import struct

from tests.importing.opcodes import (
    BUILD,
    DICT,
    FALSE,
    LIST,
    MARK,
    NEWOBJ,
    NEWOBJ_EX,
    NONE,
    PERSID,
    REDUCE,
    STOP,
    STREAM_OF_OLD,
    TENSOR,
    TRUE,
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
    numbers,
    old,
    pairs_of,
    patched,
    put,
    raw,
    real,
    storage,
    stream,
    tensor,
    text,
)

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
GOOD = archive(mapping(weight=tensor()))
SYSTEM = call("os.system", text("touch ran"))
CALLS = "it would call"
VALUES = "more than 1,000,000 values"
MEMORY = "over 512 MB beyond its own size"


def safetensors(header, data=bytes(16)):
    raw_header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw_header)) + raw_header + data


def entry(shape=(4,), offsets=(0, 16), dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def sharing(levels):
    """A list that holds the one before it twice, and so on."""
    body = LIST + text("lol") + b"a" + put(0)
    for index in range(levels):
        body += listed(get(index), get(index)) + put(index + 1)
    return group(body)


def staircase(levels):
    """Lists that are each read when they are one deep, and then held by the next."""
    steps = [LIST + put(0)]
    for index in range(1, levels):
        steps.append(LIST + get(index - 1) + b"a" + put(index))
    return listed(*steps)


def of_storage(**options):
    return archive(tensor(storage(**options)))


RUN = {
    # Calls, by each opcode that makes one.
    "reduce os.system": (stream(SYSTEM), CALLS),
    "reduce posix.system": (stream(call("posix.system", text("id"))), CALLS),
    "reduce nt.system": (stream(call("nt.system", text("id"))), CALLS),
    "reduce builtins.eval": (stream(call("builtins.eval", text("1"))), CALLS),
    "reduce __builtin__.eval": (stream(call("__builtin__.eval", text("1"))), "builtins.eval"),
    "reduce __builtin__.execfile": (stream(call("__builtin__.execfile", text("a"))), CALLS),
    "reduce commands.getoutput": (stream(call("commands.getoutput", text("id"))), CALLS),
    "reduce urllib2.urlopen": (stream(call("urllib2.urlopen", text("http://a"))), CALLS),
    "reduce subprocess.Popen": (stream(call("subprocess.Popen", text("id"))), CALLS),
    "reduce builtins.getattr": (stream(call("builtins.getattr", NONE, text("a"))), CALLS),
    "reduce what getattr finds": (
        stream(call("builtins.getattr", name("torch.serialization"), text("os")), TUPLE, REDUCE),
        CALLS,
    ),
    "getattr of a module": (
        stream(call("builtins.getattr", name("sys.modules"), text("os"))),
        "builtins.getattr",
    ),
    "getattr of what is no name": (
        stream(call("builtins.getattr", name("torch.Tensor"), text("a b"))),
        "no module can hold",
    ),
    "reduce builtins.map": (stream(call("builtins.map", name("os.system"), LIST)), CALLS),
    "reduce builtins.type": (stream(call("builtins.type", text("A"), TUPLE, DICT)), CALLS),
    "reduce builtins.open": (stream(call("builtins.open", text("a"), text("w"))), CALLS),
    "reduce importlib": (stream(call("importlib.import_module", text("os"))), CALLS),
    "reduce runpy": (stream(call("runpy.run_path", text("a.py"))), CALLS),
    "reduce pickle.loads": (stream(call("_pickle.loads", raw(b"N."))), CALLS),
    "reduce ctypes": (stream(call("ctypes.CDLL", text("a.so"))), CALLS),
    "reduce socket": (stream(call("socket.create_connection", text("a"))), CALLS),
    "reduce webbrowser": (stream(call("webbrowser.open", text("http://a"))), CALLS),
    "reduce shutil.rmtree": (stream(call("shutil.rmtree", text("/"))), CALLS),
    "reduce functools.reduce": (stream(call("functools.reduce", NONE, LIST)), CALLS),
    "reduce operator.attrgetter": (stream(call("operator.attrgetter", text("a"))), CALLS),
    "reduce torch.load": (archive(call("torch.load", text("a"))), CALLS),
    "reduce torch.hub.load": (archive(call("torch.hub.load", text("a/b"))), CALLS),
    "reduce torch.ops": (archive(call("torch._ops._OpNamespace.__getattr__", text("a"))), CALLS),
    "reduce numpy.load": (stream(call("numpy.load", text("a"))), CALLS),
    "reduce numpy runstring": (
        stream(call("numpy.testing._private.utils.runstring", text("1"), DICT)),
        CALLS,
    ),
    "reduce torchvision": (archive(call("torchvision.io.write_file", text("a"), NONE)), CALLS),
    "newobj": (stream(call("subprocess.Popen", text("id"), by=NEWOBJ)), CALLS),
    "newobj_ex": (
        stream(name("subprocess.Popen"), TUPLE, mapping(args=text("id")), NEWOBJ_EX),
        CALLS,
    ),
    "newobj_ex without a dictionary": (
        stream(name("net.Block"), TUPLE, LIST, NEWOBJ_EX),
        "keywords that are not a dictionary",
    ),
    "a dotted name": (
        stream(text("net"), text("os.system"), b"\x93", TUPLE, REDUCE, protocol=4),
        CALLS,
    ),
    "a dotted name of torch": (
        stream(text("torch"), text("serialization.os.system"), b"\x93", TUPLE, REDUCE, protocol=4),
        CALLS,
    ),
    "a module through a class": (
        stream(text("torch"), text("Tensor.os.system"), b"\x93", TUPLE, REDUCE, protocol=4),
        CALLS,
    ),
    # Where a call hides.
    "in a list": (archive(mapping(a=listed(number(1), SYSTEM))), CALLS),
    "in a key": (archive(pairs_of((SYSTEM, number(1)))), CALLS),
    "in a value beside keys that are numbers": (archive(pairs_of((number(1), SYSTEM))), CALLS),
    "in a storage's place": (archive(tensor(group(SYSTEM) + PERSID)), CALLS),
    "in a storage's location": (
        archive(
            tensor(
                group(text("storage"), name("torch.FloatStorage"), text("0"), SYSTEM, number(4))
                + PERSID
            )
        ),
        CALLS,
    ),
    "in the hooks of a parameter": (
        archive(call("torch._utils._rebuild_parameter", tensor(), TRUE, SYSTEM)),
        CALLS,
    ),
    "in the hooks of a tensor": (
        archive(call(TENSOR, storage(), number(0), numbers([4]), numbers([1]), FALSE, SYSTEM)),
        CALLS,
    ),
    "in the state of an object": (archive(name("net.A") + TUPLE + NEWOBJ + SYSTEM + BUILD), CALLS),
    "in the state of a dictionary": (
        archive(call("collections.OrderedDict") + SYSTEM + BUILD),
        CALLS,
    ),
    "in the arguments of an object": (archive(call("net.A", SYSTEM)), CALLS),
    "in the shape of a tensor": (archive(tensor(shape=SYSTEM)), CALLS),
    "in a NumPy scalar": (stream(call("numpy.core.multiarray.scalar", SYSTEM, raw(b"a"))), CALLS),
    "in the first stream of the old format": (
        STREAM_OF_OLD + SYSTEM + STOP + stream(number(1001)),
        CALLS,
    ),
    "in the third stream of the old format": (
        STREAM_OF_OLD + STOP + stream(number(1001)) + stream(SYSTEM),
        CALLS,
    ),
    "in the keys of the old format": (
        STREAM_OF_OLD + STOP + stream(number(1001)) + stream(DICT) + stream(NONE) + stream(SYSTEM),
        CALLS,
    ),
    "a pickle in a storage's place": (
        stream(tensor(held_within(stream(SYSTEM)))),
        "a storage in it is not as torch writes them",
    ),
    "a call in a storage's place": (stream(tensor(held_within(old(SYSTEM)))), CALLS),
    "a zip in a storage's place": (
        stream(tensor(held_within(GOOD))),
        "a storage in it is not as torch writes them",
    ),
    "a list in a storage's place": (
        stream(tensor(held_within(old(LIST, keys=(), contents=())))),
        "a storage in it is not as torch writes them",
    ),
    "a storage in a storage in a storage": (
        stream(tensor(held_within(old(held_within(old(storage())), keys=(), contents=())))),
        "a storage in it is not as torch writes them",
    ),
    # State that is set on something else than what a call made.
    "state of a class": (stream(name("torch.Tensor"), mapping(a=NONE), BUILD), "it did not make"),
    "state of a function": (
        stream(name("torch._utils._rebuild_tensor_v2"), mapping(__code__=NONE), BUILD),
        "it did not make",
    ),
    "slot state of a class": (
        stream(name("net.A"), group(NONE, mapping(a=NONE)), BUILD),
        "it did not make",
    ),
    "state of a storage": (archive(storage() + mapping(a=NONE) + BUILD), "it did not make"),
    "state of a dictionary": (stream(DICT, mapping(a=NONE), BUILD), "it did not make"),
    "state of a list": (stream(LIST, mapping(a=NONE), BUILD), "it did not make"),
    "state of a number": (stream(number(1), mapping(a=NONE), BUILD), "it did not make"),
    "items of a class": (stream(name("net.A"), NONE, b"a"), "appends to what is not a list"),
    "pairs of a class": (stream(name("net.A"), text("a"), NONE, b"s"), "not a dictionary"),
    "items of a storage": (archive(storage() + MARK + NONE + b"e"), "appends to what"),
    "an odd number of pairs": (stream(DICT, MARK, text("a"), b"u"), "not a dictionary"),
    "a call of a text": (stream(text("os"), TUPLE, REDUCE), "calls what has no name"),
    "a call of what a call made": (stream(call("net.A"), TUPLE, REDUCE), "calls what has no name"),
    "arguments that are a list": (stream(name("net.A"), LIST, REDUCE), "calls what has no name"),
    # Opcodes that no checkpoint has.
    "ext1": (stream(b"\x82\x01"), "opcode EXT1"),
    "ext2": (stream(b"\x83\x01\x00"), "opcode EXT2"),
    "ext4": (stream(b"\x84\x01\x00\x00\x00"), "opcode EXT4"),
    "inst": (stream(MARK, text("id"), b"ios\nsystem\n"), "opcode INST"),
    "obj": (stream(MARK, name("os.system"), text("id"), b"o"), "opcode OBJ"),
    "persid": (archive(b"P0\n"), "opcode PERSID"),
    "binpersid where none may be": (stream(text("a"), PERSID), "such a file has none"),
    "binpersid of a text": (archive(text("a") + PERSID), "not a storage"),
    "binpersid of a path": (
        archive(group(text("file"), text("/etc/passwd")) + PERSID),
        "not a storage",
    ),
    "next_buffer": (stream(b"\x97"), "opcode NEXT_BUFFER"),
    "readonly_buffer": (stream(NONE, b"\x98"), "opcode READONLY_BUFFER"),
    "dup": (stream(LIST, b"2"), "opcode DUP"),
    "a float as text": (stream(b"F1e400\n"), "opcode FLOAT"),
    "an integer as text": (stream(b"I" + b"9" * 5000 + b"\n"), "opcode INT"),
    "a string with an escape": (stream(b"S'\\x00'\n"), "opcode STRING"),
    "an unknown opcode": (stream(b"\xff"), "opcode 0xff"),
    "protocol 0": (b"cos\nsystem\n(S'id'\ntR.", "not a checkpoint"),
    "protocol 1 in an archive": (archive(b"\x80\x01"), "in the middle of a stream"),
    "protocol 5 twice": (stream(b"\x80\x05", NONE), "in the middle of a stream"),
}
"""What would be run, and is refused for it."""


DAMAGED = {
    # Memo, lengths, stack.
    "memo 2^26": (stream(NONE, put(2**26)), "memo index 67,108,864"),
    "memo 2^31": (stream(NONE, put(2**31)), "memo index 2,147,483,648"),
    "memo never set": (stream(get(7)), "never set"),
    "memo of an empty stack": (stream(put(0)), "empty stack"),
    "a frame past the end": (stream(b"\x95" + struct.pack("<Q", 99), protocol=4), "a frame past"),
    "a frame of 2^63": (stream(b"\x95" + struct.pack("<Q", 2**63), protocol=4), "a frame past"),
    "a text past the end": (stream(b"X\xff\xff\xff\x7fa"), "a length past its end"),
    "a text of 2^64": (stream(b"\x8d" + b"\xff" * 8), "a length past its end"),
    "bytes past the end": (stream(b"B\xff\xff\xff\xffa"), "a length past its end"),
    "bytes of 2^64": (stream(b"\x8e" + b"\xff" * 8), "a length past its end"),
    "a bytearray of 2^63": (stream(b"\x96" + struct.pack("<Q", 2**63)), "a length past its end"),
    "a string of a negative length": (stream(b"T\xff\xff\xff\xff"), "a negative length"),
    "an integer of a negative length": (stream(b"\x8b\xff\xff\xff\xff"), "a negative length"),
    "an integer of 2 GB": (stream(b"\x8b\xff\xff\xff\x7f"), "an integer of 2,147,483,647 bytes"),
    "a text that is not UTF-8": (stream(b"X\x02\0\0\0\xc3\x28"), "not UTF-8"),
    "no stop": (b"\x80\x02" + LIST, "in the middle of a stream"),
    "two values": (stream(NONE, NONE), "one value"),
    "no value": (stream(), "one value"),
    "an open mark": (stream(MARK, NONE), "one value"),
    "no mark": (stream(b"t"), "without its start"),
    "a pop of nothing": (stream(b"\x85"), "empty stack"),
    "a stream behind its stop": (stream(NONE) + stream(SYSTEM), "behind the end of its stream"),
    "a stream behind an archive's": (archive(NONE + STOP + SYSTEM), "behind the end of its stream"),
    "a stream behind the storages": (
        old(tensor()) + stream(SYSTEM),
        "behind the end of its storages",
    ),
    "a name without an end": (stream(b"cos\nsystem"), "a name without an end"),
    "a name of 2,000 characters": (stream(name("a" * 2000 + ".b")), "a name without an end"),
    "a name with spaces": (stream(b"cos; ls\nA\n"), "no module can hold"),
    "a name with control characters": (stream(b"cnet\x1b[2J\nA\n"), "no module can hold"),
    "a name with a slash": (stream(b"c../net\nA\n"), "no module can hold"),
    "an empty name": (stream(b"c\n\n"), "no module can hold"),
    "a long name from the stack": (
        stream(text("a" * 2000), text("b"), b"\x93", protocol=4),
        "no module can hold",
    ),
    "a name that is a number": (stream(NONE, text("A"), b"\x93", protocol=4), "no module can hold"),
    # Values that grow, or that have no end.
    "lists that double 40 times": (stream(sharing(40)), VALUES),
    "a list that holds itself": (stream(LIST, put(0), get(0), b"a"), "holds itself"),
    "a dictionary that holds itself": (stream(DICT, put(0), text("a"), get(0), b"s"), "itself"),
    "an object that is its own state": (
        stream(name("net.A"), TUPLE, NEWOBJ, put(0), get(0), BUILD),
        "holds itself",
    ),
    "an object in its own items": (
        stream(name("net.A"), TUPLE, NEWOBJ, put(0), get(0), b"a"),
        "holds itself",
    ),
    "a tuple that holds itself": (
        stream(group(LIST, put(0), b"\x85", put(1), get(0), get(1), b"a")),
        "holds itself",
    ),
    "lists 10,000 deep": (stream(LIST * 10_000, b"a" * 9_999), "nested over 200 deep"),
    "tuples 10,000 deep": (stream(TUPLE, b"\x85" * 10_000), "nested over 200 deep"),
    "marks 10,000 deep": (stream(MARK * 10_000, b"t" * 10_000), "nested over 200 deep"),
    "states 10,000 deep": (
        stream((name("net.A") + TUPLE + NEWOBJ) * 10_000, BUILD * 9_999),
        "nested over 200 deep",
    ),
    "a staircase of 1,300 lists": (stream(staircase(1300)), "nested over 200 deep"),
    "a key twice": (archive(mapping(a=NONE) + text("a") + NONE + b"s"), "holds 'a' twice"),
    # Tensors that are not what they say.
    "stride 0": (archive(tensor(shape=(1000, 4), strides=(0, 1))), "holds a number twice"),
    "stride 0 and a huge size": (
        archive(tensor(storage(count=1), shape=(2**40,), strides=(0,)), storages={"0": bytes(4)}),
        "holds a number twice",
    ),
    "overlapping strides": (archive(tensor(shape=(2, 3), strides=(1, 1))), "holds a number twice"),
    "a view past the end": (archive(tensor(offset=1)), "past the end of its storage"),
    "a view far past the end": (archive(tensor(offset=2**61)), "past the end of its storage"),
    "a stride past the end": (archive(tensor(shape=(2,), strides=(2**40,))), "past the end"),
    "a negative offset": (archive(tensor(offset=-1)), "starts nowhere"),
    "an offset that is a text": (archive(tensor(offset=text("0"))), "starts nowhere"),
    "a negative size": (archive(tensor(shape=(-4,))), "whole numbers"),
    "a negative stride": (archive(tensor(offset=3, strides=(-1,))), "whole numbers"),
    "a size of 1.5": (archive(tensor(shape=group(real(1.5)))), "whole numbers"),
    "a size that is true": (archive(tensor(shape=group(TRUE), strides=(1,))), "whole numbers"),
    "a shape that is a text": (archive(tensor(shape=text("4"))), "whole numbers"),
    "a shape of 2^120 numbers": (
        archive(tensor(shape=(2**60, 2**60, 0), strides=(1, 1, 1))),
        "larger shape than any",
    ),
    "a size of 2^200": (archive(tensor(shape=(2**200,))), "larger shape than any"),
    "1,000 sizes": (archive(tensor(shape=(1,) * 1000, strides=(1,) * 1000)), "1,000 sizes"),
    "more sizes than strides": (archive(tensor(shape=(2, 2))), "2 sizes and 1 strides"),
    "no storage": (archive(tensor(NONE)), "a tensor has no storage"),
    "a tensor as a storage": (archive(tensor(tensor())), "a tensor has no storage"),
    "a storage outside a plain pickle": (stream(tensor(text("0"))), "a tensor has no storage"),
    "a storage that is not there": (archive(tensor(storage("7"))), "'7' is missing"),
    "a storage with a path": (archive(tensor(storage("../data.pkl"))), "is missing"),
    "a storage without a size": (of_storage(count=-1), "has no size"),
    "a storage of 2^62 numbers": (of_storage(count=2**62), "has no size"),
    "a storage that says more": (of_storage(count=8), "another size than its tensors say"),
    "a storage that says less": (of_storage(count=3), "another size than its tensors say"),
    "a storage of objects": (of_storage(kind="torch.ObjectStorage"), "a type that networks"),
    "a storage of another module": (of_storage(kind="evil.FloatStorage"), "a type that networks"),
    "a storage of quantized numbers": (of_storage(kind="torch.QInt8Storage"), "a type that"),
    "a storage in two ways": (
        archive(listed(tensor(), tensor(storage(kind="torch.IntStorage")))),
        "described in two ways",
    ),
    "a storage of two sizes": (archive(listed(tensor(), tensor(storage(count=2)))), "in two ways"),
    "a storage used for too many numbers": (
        archive(listed(tensor(), tensor(shape=(2,), offset=1))),
        "more numbers than their storage",
    ),
    "an old storage that is a part": (
        old(tensor(storage(more=(group(text("1"), number(0), number(2)),)))),
        "a part of another",
    ),
    "an old storage that lies": (
        old(tensor(), contents=(struct.pack("<q", 5) + bytes(20),)),
        "another size than its tensors say",
    ),
    "an old storage of a negative size": (
        old(tensor(), contents=(struct.pack("<q", -4) + bytes(16),)),
        "another size than its tensors say",
    ),
    "an old storage past the end": (
        old(tensor(), contents=(struct.pack("<q", 4) + bytes(15),)),
        "past its end",
    ),
    "an old storage without a size": (old(tensor(), contents=(bytes(7),)), "past its end"),
    "an old storage twice": (old(tensor(), keys=("0", "0")), "'0' twice"),
    "an old storage that is not listed": (
        old(tensor(), keys=(), contents=()),
        "past its end",
    ),
    "an old storage that nothing needs": (old(NONE), "which nothing refers to"),
    "an old storage whose key is a number": (
        STREAM_OF_OLD + STOP + stream(number(1001)) + stream(DICT) + stream(NONE)
        + stream(listed(number(0))),
        "not a text",
    ),
    "old keys that are no list": (
        STREAM_OF_OLD + STOP + stream(number(1001)) + stream(DICT) + stream(NONE) + stream(NONE),
        "does not list its storages",
    ),
    "an old file of another version": (old(NONE, protocol=1002), "another version"),
    "a storage within that ends early": (
        stream(tensor(held_within(old(storage())[:-1]))),
        "past its end",
    ),
    "a storage within that goes on": (
        stream(tensor(held_within(old(storage()) + b"\0"))),
        "behind the end of its storages",
    ),
    "a storage within that is a text": (
        stream(tensor(call("torch.storage._load_from_bytes", call("_codecs.encode", text("a"))))),
        "spelled out as text",
    ),
    "a storage within used for too many numbers": (
        stream(held_within(old(storage())), put(0), b"\x85",
               listed(tensor(get(0)), tensor(get(0), shape=(2,))), b"\x86"),
        "more numbers than their storage",
    ),
    # NumPy's arrays.
    "an array of objects": (stream(array(code="O8")), "Python objects"),
    "an array with fewer numbers": (stream(array(shape=(3,))), "not as many numbers"),
    "an array with a negative size": (stream(array(shape=(-1, -2))), "whole numbers"),
    "an array of 2^80 numbers": (stream(array(shape=(2**40, 2**40))), "larger shape than any"),
    "an array of 10,000 sizes": (stream(array(shape=(2**40,) * 10_000)), "10,000 sizes"),
    "an array whose shape is a text": (stream(array(shape=text("2"))), "whole numbers"),
}  # fmt: skip
"""What lies about itself, or is cut off."""


ZIPS = {
    "a deflated entry": (
        patched(patched(GOOD, LOCAL, 8, b"\x08"), CENTRAL, 10, b"\x08"),
        "is compressed",
    ),
    "a deflated entry, in its own header": (patched(GOOD, LOCAL, 8, b"\x08"), "in another way"),
    "an entry of two sizes": (patched(GOOD, CENTRAL, 24, b"\xff\xff\xff\x00"), "is compressed"),
    "an encrypted entry": (patched(GOOD, CENTRAL, 8, b"\x01"), "is encrypted"),
    "an encrypted entry, in its own header": (patched(GOOD, LOCAL, 6, b"\x01"), "in another way"),
    "a stream twice": (GOOD.replace(b"net/version", b"net/data/0\0"), "twice"),
    "an entry twice": (archive(NONE, more={"net/datu.pkl": stream(SYSTEM)}).replace(
        b"datu", b"data"), "'net/data.pkl' twice"),
    "two streams": (archive(NONE, more={"b/data.pkl": stream(SYSTEM)}), "more than one stream"),
    "no stream": (GOOD.replace(b"data.pkl", b"dato.pkl"), "a zip archive of files"),
    "another name in its own header": (
        patched(GOOD, LOCAL, 30, b"net/dato.pkl"),
        "another name in its own header",
    ),
    "an entry that is elsewhere": (
        patched(GOOD, CENTRAL, 42, struct.pack("<I", 7)),
        "not where its list says",
    ),
    "an entry past the end": (
        patched(GOOD, CENTRAL, 42, struct.pack("<I", 2**31)),
        "not where its list says",
    ),
    "an entry that reaches past the end": (
        patched(patched(GOOD, CENTRAL, 20, struct.pack("<I", 2**20) * 2, 2),
                LOCAL, 18, struct.pack("<I", 2**20) * 2, 2),
        "past its end",
    ),
    "an entry over the next": (
        patched(GOOD, CENTRAL, 20, struct.pack("<I", 100) * 2, 2),
        "two of its entries overlap",
    ),
    "an entry over the list": (
        patched(GOOD, CENTRAL, 20, struct.pack("<I", 50) * 2, 3),
        "two of its entries overlap",
    ),
    "bytes before the first entry": (LOCAL + bytes(60) + GOOD, "bytes before its first entry"),
    "no list": (GOOD[: GOOD.index(CENTRAL)], "not a whole zip archive"),
    "a list that is damaged": (patched(GOOD, CENTRAL, 0, b"PK\0\0"), "not a whole zip archive"),
    "a list past the end": (
        patched(GOOD, END, 12, struct.pack("<II", 2**31, 2**31)),
        "not a whole zip archive",
    ),
    "a name that is not UTF-8": (
        patched(patched(GOOD, CENTRAL, 8, b"\x00\x08"), CENTRAL, 46, b"\xff\xff"),
        "not a whole zip archive",
    ),
    "big-endian": (archive(tensor(), order=b"big"), "big-endian"),
    "torchscript": (archive(tensor(), more={"net/code/__torch__.py": b"import os"}), "TorchScript"),
    "torchscript without code": (
        archive(tensor(), more={"net/constants.pkl": stream(TUPLE)}),
        "TorchScript",
    ),
    "an empty stream": (patched(patched(GOOD, CENTRAL, 20, bytes(8)), LOCAL, 18, bytes(8)),
                        "in the middle of a stream"),
}  # fmt: skip
"""Zip archives that say two things at once."""


HEADERS = {
    "an unknown type": (safetensors({"a": entry(dtype="F4")}), "as the format does not"),
    "a type that is a list": (safetensors({"a": entry(dtype=[])}), "as the format does not"),
    "offsets past the end": (safetensors({"a": entry(offsets=(0, 20), shape=(5,))}), "do not fill"),
    "offsets before the start": (
        safetensors({"a": entry(offsets=(-4, 12))}),
        "as the format does not",
    ),
    "offsets in turn": (safetensors({"a": entry(offsets=(16, 0))}), "as the format does not"),
    "offsets of fractions": (safetensors({"a": entry(offsets=(0.0, 16.0))}), "as the format"),
    "offsets of half a number": (safetensors({"a": entry(offsets=(0, 15))}), "as the format"),
    "three offsets": (safetensors({"a": entry(offsets=(0, 8, 16))}), "as the format does not"),
    "tensors that overlap": (
        safetensors({"a": entry(), "b": entry((2,), (8, 16))}),
        "do not fill it",
    ),
    "a gap": (safetensors({"a": entry((2,), (0, 8)), "b": entry((1,), (12, 16))}), "do not fill"),
    "data behind the last tensor": (safetensors({"a": entry((2,), (0, 8))}), "do not fill it"),
    "a shape of other numbers": (safetensors({"a": entry((5,))}), "not have as many numbers"),
    "a shape of 2^60 numbers thrice": (safetensors({"a": entry((2**60,) * 3)}), "larger shape"),
    "a shape of 10,000 sizes": (safetensors({"a": entry((2**40,) * 10_000)}), "10,000 sizes"),
    "a shape that is a name": (safetensors({"a": entry("abcd")}), "as the format does not"),
    "a shape with a name": (safetensors({"a": entry(("4",))}), "whole numbers"),
    "a tensor that is a number": (safetensors({"a": 1}), "as the format does not"),
    "a tensor without a type": (safetensors({"a": {}}), "as the format does not"),
    "a header that is a list": (safetensors(b"{}".ljust(2) + b"[]"), "not JSON"),
    "a header that is cut off": (safetensors(b'{"a": '), "not JSON"),
    "a header past the end": (struct.pack("<Q", 2**30) + b"{}", "past its end"),
    "a header 10,000 deep": (safetensors(b'{"a":' * 10_000), "not JSON"),
    "a header with a number of 10,000 digits": (
        safetensors(b'{"a": ' + b"9" * 10_000 + b"}"),
        "not JSON",
    ),
    "a header that is not UTF-8": (safetensors(b'{"\xff": 1}'), "not JSON"),
    "a header with a name twice": (
        safetensors(b'{"a": {"dtype": "F32", "dtype": "F32"}}'),
        "a name twice",
    ),
    "a header with a control character": (
        safetensors({"\x1b[2J": entry()}),
        "has the name '\\x1b[2J'",
    ),
    "metadata alone, and data": (safetensors({"__metadata__": {}}), "do not fill it"),
}
"""Headers of safetensors files that lie."""

CAUSES = {**RUN, **DAMAGED, **ZIPS, **HEADERS}
"""All of them that are small."""


ARRAY = "numpy.core.multiarray._reconstruct"
ARRAY_ARGUMENTS = group(name("numpy.ndarray"), TUPLE, raw(b"b"))


def array_state(count):
    """The state of a NumPy array whose numbers are spelled out, as protocol 2 does."""
    content = call("_codecs.encode", text("\0" * 4 * count), text("latin1"))
    return group(number(1), numbers([count]), call("numpy.dtype", text("f4")), FALSE, content)


def million(key):
    return stream(DICT, MARK, *(key(i) + NONE for i in range(1_000_000)), b"u")


HEAVY = {
    "an integer of 10 MB": (
        lambda: stream(b"\x8b" + struct.pack("<i", 10**7) + b"\x7f" * 10**7),
        "an integer of 10,000,000 bytes",
    ),
    "a million keys": (lambda: million(lambda i: text(f"{i:x}")), VALUES),
    "colliding keys": (lambda: million(lambda i: number(i * (2**61 - 1))), VALUES),
    "integers as keys": (lambda: million(number), VALUES),
    "three million opcodes": (lambda: stream(LIST, (NONE + b"a") * 1_500_000), "3,000,000 opcodes"),
    "values in values": (lambda: stream(TUPLE, b"\x85" * 2_900_000), "nested over 200 deep"),
    "dictionaries": (
        lambda: stream(LIST, MARK, DICT * 2_900_000, b"e"),
        MEMORY,
    ),
    "texts of 100 MB": (
        lambda: stream(listed(text("é" * 50_000_000 + "\U0001f600"), text("a" * 10**8))),
        MEMORY,
    ),
    "texts that fill the memory": (
        lambda: stream(listed(*[text("a" * 99_999_999 + "\U0001f600")] * 2)),
        MEMORY,
    ),
    "a text of 100 MB that is shown often": (
        lambda: stream(text("a" * 10**8), put(0), b"\x85" + listed(*[get(0)] * 10_000), b"\x86"),
        "",
    ),
    "a key of 100 MB": (lambda: stream(pairs_of((text("a" * 10**8), NONE))), "characters"),
    "a key of 9 MB that is used often": (
        lambda: stream(group(text("a" * 9_000_000 + "\n"), put(0),
                             *[DICT + get(0) + NONE + b"s"] * 10_000)),
        "characters",
    ),
    "names": (
        lambda: stream(LIST, MARK, *(name(f"net.A{i}") for i in range(300_000)), b"e"),
        "the names of over 10,000 things",
    ),
    "long names of objects": (
        lambda: stream(name(f"net.{'A' * 900}"), put(0), LIST, MARK,
                       *[get(0) + TUPLE + NEWOBJ] * 500_000, b"e", b"\x86"),
        "characters",
    ),
    "devices": (
        lambda: stream(text("a" * 9000), b"\x85", put(0), LIST, MARK,
                       *[name("torch.device") + get(0) + REDUCE] * 100_000, b"e", b"\x86"),
        "characters",
    ),
    "a list of no pairs": (
        lambda: stream(listed(*[NONE] * 900_000), b"\x85", put(0), LIST, MARK,
                       *[name("collections.OrderedDict") + get(0) + REDUCE] * 100_000,
                       b"e", b"\x86"),
        VALUES,
    ),
    "the numbers of an array": (
        lambda: stream(group(
            ARRAY_ARGUMENTS, put(0), array_state(10_000), put(1),
            *[name(ARRAY) + get(0) + REDUCE + get(1) + BUILD] * 100_000)),
        VALUES,
    ),
    "storages within": (
        lambda: stream(LIST, MARK, *[tensor(held_within(old(storage())))] * 60_000, b"e"),
        "",
    ),
    "tensors": (
        lambda: archive(LIST, MARK, *[tensor(shape=(), strides=())] * 120_000, b"e"),
        "",
    ),
    "entries of an archive": (
        lambda: archive(NONE, more={f"net/data/{i:06}": b"" for i in range(100_001)}),
        "100,005 entries",
    ),
    "a header of 11 MB": (lambda: safetensors(b"{" + b" " * 11_000_000 + b"}"), "11,000,002 bytes"),
    "a header of lists": (
        lambda: safetensors(b'{"a":[' + b"[]," * 3_300_000 + b"[]]}"),
        "as the format does not",
    ),
}  # fmt: skip
"""Those that take time or memory; an empty sentence where the file is read, as it is only large."""
