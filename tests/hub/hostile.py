"""What a repository may hold to do harm: a table of causes, each made from a good repository."""

import functools
import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from ganzoo.networks import create_discriminator, create_generator
from tests.hub.server import HubServer, Symlink, Zeros

Files = dict[str, bytes | Zeros | Symlink]
Change = Callable[[Files], object]

CONFIG, MODEL, CARD = "config.json", "model.safetensors", "README.md"
WAYS = ("load_pair", "pretrained_info", "pull")
"""What is called with each repository."""

WEIGHTS = ("load_pair", "pull")
"""What reads weights."""

MARK = "executed"
"""The file that code from a repository would make in the current folder."""


@dataclass(frozen=True)
class Cause:
    """A way to do harm.

    Attributes:
        change: Changes a good repository's files in place.
        message: Part of the error, a regular expression.
        refused: Which of `WAYS` have to refuse it; the others do not read what is wrong.
        fault: Called with the Hub and the repository's id, for what no file can do.
    """

    change: Change
    message: str
    refused: tuple[str, ...] = WAYS
    fault: Callable[[HubServer, str], None] | None = None


@functools.cache
def good_files() -> Files:
    """The files of a good repository."""
    values = {"sample_shape": (1, 16, 16), "width": 2, "num_classes": 3}
    with tempfile.TemporaryDirectory() as folder:
        create_generator("dcgan", seed=0, **values).save(folder)
        create_discriminator("dcgan", seed=0, **values).save(folder)
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return {**files, CARD: b"---\nlicense: mit\n---\n# Digits\n"}


def made(change: Change) -> Files:
    """The files of a good repository after a change."""
    files = dict(good_files())
    change(files)
    return files


# --- config.json -------------------------------------------------------------------------------


def values_of(files: Files) -> dict[str, Any]:
    text = files[CONFIG]
    assert isinstance(text, bytes)
    values = json.loads(text)
    assert isinstance(values, dict)
    return values


def compact(values: object) -> bytes:
    """Write JSON in as few bytes as can be, so that most fits under the cap."""
    return json.dumps(values, separators=(",", ":")).encode()


def config(**fields: Any) -> Change:
    """Set fields of the config; ``a__b`` is b inside a."""

    def change(files: Files) -> None:
        values = values_of(files)
        for path, value in fields.items():
            *parents, last = path.split("__")
            functools.reduce(lambda inner, key: inner[key], parents, values)[last] = value
        files[CONFIG] = compact(values)

    return change


def config_with(name: str, text: str) -> Change:
    """Add a field to the config as text, which may be no JSON."""

    def change(files: Files) -> None:
        values = values_of(files)
        values.pop(name, None)
        files[CONFIG] = compact(values)[:-1] + f',"{name}":{text}}}'.encode()

    return change


def replaced(name: str, content: bytes | Zeros | Symlink) -> Change:
    return lambda files: files.update({name: content})


def architecture(name: str, **fields: Any) -> Change:
    vectors = len(fields.get("sample_shape", (3,) * 3)) == 1
    kind = "vectors" if vectors else "images"
    return config(architecture={"name": name, **fields}, data={"kind": kind})


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + ("0" if opening != "[" else "") + closing * depth


WIDE = {"generator_widths": [65536] * 64, "discriminator_widths": [65536] * 64}

CONFIGS = {
    "2 GB config": Cause(replaced(CONFIG, Zeros(2_000_000_000)), "has 2,000,000,000 bytes"),
    "a byte over the cap": Cause(replaced(CONFIG, b" " * 1_000_001), "has 1,000,001 bytes"),
    "no config": Cause(lambda files: files.pop(CONFIG), "it has no config.json"),
    "config not UTF-8": Cause(replaced(CONFIG, b'{"format": "\xff"}'), "is not JSON: 'utf-8'"),
    "config is a pickle": Cause(lambda files: files.update({CONFIG: pickled()}), "is not JSON"),
    "deep lists": Cause(replaced(CONFIG, b"[" * 900_000), "is not JSON: maximum recursion"),
    "lists as deep as parses": Cause(config_with("training", nested(900)), "nests over 32 levels"),
    "500,000 numbers": Cause(config(data__class_names=[1] * 490_000), "holds over 100,000 values"),
    "90,000 unknown fields": Cause(
        lambda files: config(**{f"{i:x}": 0 for i in range(95_000)})(files),
        "holds over 100,000 values",
    ),
    "90,000 wrong class names": Cause(
        config(data__class_names=[1] * 90_000), "class_names.0: 1 is not allowed.* more faults"
    ),
    "number of 5000 digits": Cause(config_with("format", "9" * 5000), "is not JSON: Exceeds"),
    "width of 4000 digits": Cause(
        config(architecture__width=10**4000), "a number has over 300 digits"
    ),
    "float beyond all bounds": Cause(
        config_with("scores", '[{"x":1e999}]'), "1e999 is not a finite number"
    ),
    "NaN": Cause(config_with("training", '{"x":NaN}'), "NaN is not a finite number"),
    "field twice": Cause(
        config_with("plugin", '{"distribution":"a","version":"1"},"plugin":{}'),
        "'plugin' is given twice",
    ),
    "half a character": Cause(config(training={"x": "\ud83d"}), "holds an incomplete Unicode char"),
    "newer format": Cause(config(format=2), "is of format 2"),
    "format as a list": Cause(config(format=["\x1b[2J"]), r"is of format \['\\x1b\[2J'\]"),
    "architecture is a text": Cause(
        config(architecture="dcgan"), "does not describe an architecture"
    ),
    "unknown architecture": Cause(
        config(
            architecture__name="evil-gan", plugin={"distribution": "evil-plugin", "version": "1"}
        ),
        "needs the architecture 'evil-gan' .recorded plugin: 'evil-plugin'., which cannot be used",
    ),
    "architecture is a function": Cause(
        config(architecture__name="os:system"), "architecture 'os:system'"
    ),
    "architecture is a path": Cause(
        config(architecture__name="../../evil.py"), "architecture '../../evil.py'"
    ),
    "architecture's name commands the terminal": Cause(
        config(architecture__name="\x1b]0;owned\x07\u202e"), r"'\\x1b\]0;owned\\x07\\u202e'"
    ),
    "architecture's name is long": Cause(
        config(architecture__name="x" * 900_000), "architecture 'xxx"
    ),
    "constructor named in the config": Cause(
        config(architecture__generator="os:system"), "architecture.generator: unknown field"
    ),
    "field that commands the terminal": Cause(
        config(**{"\x1b[2J\n\u2028\u202e": 1}), r"\\x1b\[2J \\u202e: unknown field"
    ),
    "field of 900,000 characters": Cause(config(**{"k" * 900_000: 1}), "k: unknown field"),
    "width beyond bounds": Cause(config(architecture__width=10**9), "architecture.width: 10000"),
    "shape that cannot be made": Cause(
        config(architecture__sample_shape=[1, 65536, 65536]), "dcgan cannot make 65536x65536"
    ),
    "initial weights beyond float32": Cause(
        architecture("vanilla", generator_init=1e308), "generator_init: 1e.308 is not allowed"
    ),
    "latents scaled beyond float32": Cause(
        architecture("vanilla", latent_scale=1e308), "latent_scale: 1e.308 is not allowed"
    ),
    "more class names than classes": Cause(
        config(data__class_names=["a"] * 90_000), "has 90000 names, and num_classes is 3"
    ),
    "vectors of images": Cause(config(data__kind="vectors"), "data.kind vectors contradicts"),
    "training that is a text": Cause(config(training="x" * 900_000), "training: 'xxx"),
    "plugin of a newer major": Cause(
        config(plugin={"distribution": "ganzoo-torch", "version": "999.0"}),
        "was written by version '999.0' of the dcgan plugin",
    ),
    "base model without a commit": Cause(
        config(base_model={"repo": "../../x"}), "base_model.sha: missing"
    ),
}
"""What is wrong with a ``config.json``: whoever reads anything of the repository refuses it."""


def dropped(field: str) -> Change:
    def change(files: Files) -> None:
        values = values_of(files)
        del values[field]
        files[CONFIG] = compact(values)

    return change


SIZES = {
    "10^12 numbers, and a file of that size": Cause(
        lambda files: (
            architecture("vanilla", sample_shape=[65536], **WIDE)(files),
            files.update({MODEL: Zeros(1_099_554_900_000)}),
        ),
        "implies a generator of 1,099,554,881,536 bytes",
        WEIGHTS,
    ),
    "the widest dcgan": Cause(
        config(
            architecture__width=4096,
            architecture__sample_shape=[4, 256, 256],
            architecture__latent_dim=65536,
            architecture__num_classes=1_000_000,
        ),
        "implies a generator of 9,670,660,915,248 bytes",
        WEIGHTS,
    ),
    "the widest vanilla": Cause(
        architecture(
            "vanilla",
            sample_shape=[65536] * 3,
            latent_dim=65536,
            num_classes=1_000_000,
            maxout_pieces=256,
            generator_norm="batch",
            **WIDE,
        ),
        "a generator that cannot be built .*Storage size calculation overflowed",
        WEIGHTS,
    ),
    "the deepest vanilla": Cause(
        architecture("vanilla", generator_widths=[1] * 64), "does not fit its config", WEIGHTS
    ),
    "a wide residual wgan-gp": Cause(
        architecture(
            "wgan-gp", sample_shape=[4, 128, 128], width=1024, latent_dim=65536, blocks="resnet"
        ),
        "model.safetensors of .* does not fit its config",
        WEIGHTS,
    ),
    "the widest plain wgan-gp": Cause(
        architecture(
            "wgan-gp", sample_shape=[4, 128, 128], width=4096, latent_dim=65536, blocks="cnn"
        ),
        "implies a generator of 560,114,417,720 bytes",
        WEIGHTS,
    ),
    "the widest spectral discriminator": Cause(
        lambda files: (
            config(architecture__discriminator_norm="spectral")(files),
            resized(files, "discriminator.safetensors", b""),
        ),
        "discriminator.safetensors of .* is not a whole safetensors file",
        WEIGHTS,
    ),
    "weights of more classes": Cause(
        config(architecture__num_classes=1_000_000),
        r"classes.weight is F32 \[3, 64\], and should be F32 \[1000000, 64\]",
        WEIGHTS,
    ),
}
"""Configs within their schema that imply something else than the file holds."""


def resized(files: Files, name: str, content: bytes) -> None:
    files[name] = content


# --- weights -----------------------------------------------------------------------------------


class Bomb:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {MARK}",)


def pickled() -> bytes:
    return pickle.dumps(Bomb())


def saved_by_torch() -> bytes:
    stream = io.BytesIO()
    torch.save({"x": Bomb()}, stream)
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.txt", b"\0" * 50_000_000)
    return stream.getvalue()


def pointer() -> bytes:
    spec = "https://git-lfs.github.com/spec/v1"
    return f"version {spec}\noid sha256:{'0' * 64}\nsize 123\n".encode()


def tensors(change: Callable[[dict[str, torch.Tensor]], object], name: str = MODEL) -> Change:
    """Change tensors; the file stays whole."""

    def apply(files: Files) -> None:
        content = files[name]
        assert isinstance(content, bytes)
        state = load(content)
        change(state)
        files[name] = save({key: tensor.contiguous() for key, tensor in state.items()})

    return apply


def split(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Split a file of tensors into its header and its data."""
    (length,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else compact(header)
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def header(change: Callable[[dict[str, Any]], object], name: str = MODEL) -> Change:
    """Change what a file's header says, and leave its data."""

    def apply(files: Files) -> None:
        content = files[name]
        assert isinstance(content, bytes)
        entries, data = split(content)
        files[name] = joined(change(entries) or entries, data)

    return apply


def entry(**changes: Any) -> Change:
    """Change what the header says of one tensor."""
    return header(lambda entries: entries["project.weight"].update(changes))


def content(change: Callable[[bytes], bytes], name: str = MODEL) -> Change:
    def apply(files: Files) -> None:
        before = files[name]
        assert isinstance(before, bytes)
        files[name] = change(before)

    return apply


def filled(key: str, value: float) -> Change:
    return tensors(lambda state: state[key].view(-1)[-1:].fill_(value))


def tiny(count: int) -> dict[str, Any]:
    shape = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    return {f"{i:x}": shape for i in range(count)}


def swapped(entries: dict[str, Any]) -> None:
    """Let a tensor's bytes run backwards."""
    start, end = entries["project.weight"]["data_offsets"]
    entries["project.weight"]["data_offsets"] = [end, start]


def overlapping(entries: dict[str, Any]) -> None:
    first, second = list(entries)[-2:]
    entries[second]["data_offsets"] = entries[first]["data_offsets"]
    entries[second]["shape"] = entries[first]["shape"]
    entries[second]["dtype"] = entries[first]["dtype"]


def moved(by: int) -> Change:
    """Move every tensor, so that the file has a hole before them, or they end beyond it."""

    def change(entries: dict[str, Any]) -> None:
        for key, value in entries.items():
            if key != "__metadata__":
                value["data_offsets"] = [offset + by for offset in value["data_offsets"]]

    return header(change)


def renamed(key: str) -> Change:
    return tensors(lambda state: state.update({key: state.pop("project.weight")}))


def twice(files: Files) -> None:
    """Give one key of the header twice, with other contents."""
    entries, data = split(bytes_of(files))
    text = compact(entries)
    other = compact({"dtype": "I64", "shape": [0], "data_offsets": [0, 0]})
    files[MODEL] = joined(b'{"project.weight":' + other + b"," + text[1:], data)


def bytes_of(files: Files, name: str = MODEL) -> bytes:
    found = files[name]
    assert isinstance(found, bytes)
    return found


def bad(change: Change, message: str = "is not a whole safetensors file") -> Cause:
    return Cause(change, message, WEIGHTS)


def exotic(dtype: str, size: int) -> Change:
    """Let every tensor be of a type, of as many bytes as it has."""

    def change(entries: dict[str, Any]) -> None:
        for key, value in entries.items():
            if key != "__metadata__":
                start, end = value["data_offsets"]
                value.update(dtype=dtype, shape=[(end - start) * 8 // size])

    return header(change)


NOT_FINITE = "holds a number that is not finite"
TENSORS = {
    "empty file": bad(replaced(MODEL, b"")),
    "header of 2^63 bytes": bad(content(lambda c: struct.pack("<Q", 2**63) + c[8:])),
    "header beyond the file": bad(content(lambda c: struct.pack("<Q", 10**6) + c[8:])),
    "header of 90 MB": bad(replaced(MODEL, Zeros(90_000_000)), "90,000,000 bytes, more than the"),
    "header of 9 MB that the length admits": bad(
        lambda files: files.update({MODEL: joined(b"{" + b" " * 8_000_001, b"")[:8_000_100]}),
        "its header would have over 8,000,000 bytes",
    ),
    "header of 7 MB of spaces": bad(replaced(MODEL, joined(b"{}" + b" " * 7_000_000)), "missing"),
    "10^5 tiny tensors": bad(replaced(MODEL, joined(tiny(100_000))), "100000 unexpected .'"),
    "header no JSON": bad(replaced(MODEL, joined(b"nonsense"))),
    "header not UTF-8": bad(replaced(MODEL, joined(b'{"\xff\xfe": {}}'))),
    "header commands the terminal": bad(replaced(MODEL, joined({"x": {"dtype": "\x1b[2J\u202e"}}))),
    "header deep": bad(replaced(MODEL, joined(b'{"a":' * 200_000))),
    "header with 5000 digits": bad(entry(shape=[10**4000])),
    "header with a negative side": bad(entry(shape=[-1, -6400])),
    "metadata not texts": bad(header(lambda e: e.update(__metadata__={"a": [1]}))),
    "key twice": bad(twice, "'project.weight' is given twice"),
    "offsets beyond the end": bad(entry(data_offsets=[0, 10**12], shape=[250 * 10**9])),
    "offsets of 2^64": bad(entry(data_offsets=[0, 2**64 - 1], shape=[2**62 - 1])),
    "offsets backwards": bad(header(swapped)),
    "offsets overlap": bad(header(overlapping)),
    "offsets leave a hole": bad(moved(4)),
    "offsets negative": bad(entry(data_offsets=[-4, 0])),
    "shape larger than its bytes": bad(entry(shape=[10**6, 10**6])),
    "shape that overflows": bad(entry(shape=[2**40, 2**40])),
    "shape of 10^5 sides": bad(entry(shape=[1] * 100_000)),
    "data beyond the tensors": bad(content(lambda c: c + b"\0" * 100)),
    "half": bad(content(lambda c: c[: len(c) // 2])),
    "unknown dtype": bad(entry(dtype="PICKLE")),
    "dtype F16": bad(
        tensors(lambda s: s.update({k: t.half() for k, t in s.items()})), "is F16 .*should be F32"
    ),
    "dtype of 8 bits": bad(exotic("F8_E5M2", 8), "is F8_E5M2 .*should be F32|whole"),
    "dtype complex": bad(exotic("C64", 64), "is C64 .*should be F32"),
    "numbers for integers": bad(
        tensors(lambda s: s.update({"layers.0.num_batches_tracked": torch.tensor(1.0)})),
        "num_batches_tracked is F32 .*, and should be I64",
    ),
    "NaN in a weight": bad(filled("project.weight", float("nan")), NOT_FINITE),
    "infinity in a weight": bad(filled("classes.weight", float("inf")), NOT_FINITE),
    "NaN in a buffer": bad(filled("layers.0.running_var", float("nan")), NOT_FINITE),
    "NaN in the discriminator": Cause(
        tensors(lambda s: s["first.weight"].fill_(float("nan")), "discriminator.safetensors"),
        f"discriminator.safetensors of .* {NOT_FINITE}",
        WEIGHTS,
    ),
    "missing key": bad(tensors(lambda s: s.pop("project.weight")), "1 missing .project.weight"),
    "extra key": bad(tensors(lambda s: s.update(x=torch.zeros(1))), "1 unexpected .'x'"),
    "key of a wrapped module": bad(renamed("module.project.weight"), "'module.project.weight'"),
    "key that is a path": bad(renamed("../../evil"), "1 unexpected .'../../evil'"),
    "key that commands the terminal": bad(renamed("\x1b[2J\r\u202e"), r"'\\x1b\[2J\\r\\u202e'"),
    "key of 10^5 characters": bad(renamed("k" * 100_000), "1 unexpected .'kkk"),
    "another shape": bad(
        tensors(lambda s: s.update({"project.weight": s["project.weight"].flatten()})),
        "project.weight is F32",
    ),
    "pickle by another name": bad(replaced(MODEL, pickled())),
    "weights of torch by another name": bad(replaced(MODEL, saved_by_torch())),
    "zip by another name": bad(replaced(MODEL, zipped())),
    "HTML by another name": bad(replaced(MODEL, b"<!DOCTYPE html><title>Error</title>")),
    "compressed": bad(content(gzip.compress)),
    "LFS pointer instead of weights": bad(replaced(MODEL, pointer())),
    "link to a file of this machine": bad(replaced(MODEL, Symlink("../../../../etc/passwd"))),
    "2 GB of zeros": bad(replaced(MODEL, Zeros(2_000_000_000)), "has 2,000,000,000 bytes"),
    "2 GB discriminator": Cause(
        replaced("discriminator.safetensors", Zeros(2_000_000_000)),
        "discriminator.safetensors of .* has 2,000,000,000 bytes",
        WEIGHTS,
    ),
    "2 GB raw generator": Cause(
        replaced("generator_raw.safetensors", Zeros(2_000_000_000)),
        "generator_raw.safetensors of .* has 2,000,000,000 bytes",
        ("pull",),
    ),
    "no weights": bad(lambda files: files.pop(MODEL), "holds no model.safetensors"),
}
"""What is wrong with a file of weights."""


# --- README.md ---------------------------------------------------------------------------------


def card(metadata: str, message: str) -> Cause:
    """Metadata that only those refuse who read it."""
    text = f"---\n{metadata}\n---\n# A card\n".encode()
    return Cause(replaced(CARD, text), message, ("pretrained_info",))


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


CARDS = {
    "YAML bomb": card(bomb(9), "over 10,000 values"),
    "YAML that holds itself": card("a: &a [*a]", "over 32 levels"),
    "YAML that calls": card(
        "a: !!python/object/apply:os.system ['touch executed']", "is malformed: could not"
    ),
    "YAML tag commands the terminal": card("a: !<%1b[2J> x", r"could not .*\\x1b\[2J"),
    "YAML that nests": card("a: " + "[" * 20_000, "nests over 32 levels"),
    "YAML that nests and closes": card("a: " + "[" * 2_000 + "]" * 2_000, "nests over 32 levels"),
    "YAML of a whole book": card("a: " + "x " * 30_000, "it is longer than 50,000 characters"),
    "YAML twice": card("a: 1\na: 2", "is malformed: found duplicate key"),
    "YAML empty integer": card("a: !!int ''", "a value cannot be read"),
    "YAML no date": card("a: 2020-99-99", "is malformed: month must be"),
    "YAML number of 48,000 digits": card("a: 0x" + "f" * 48_000, "is malformed: Exceeds"),
    "YAML half of a character": card('a: "\\ud83d"', "is malformed: 'utf-8'"),
    "YAML of a list": card("- a", "is not a mapping of fields"),
    "YAML of control characters": card("a: \x1b[2J", "is malformed: unacceptable character"),
    "YAML two documents": card("a: 1\n...\nb: 2", "another document"),
    "card not UTF-8": Cause(
        replaced(CARD, b"---\na: \xff\n---\n"), "is not UTF-8 text", ("pretrained_info",)
    ),
    "2 GB card": Cause(
        replaced(CARD, Zeros(2_000_000_000)),
        "README.md of .* has 2,000,000,000 bytes",
        ("pretrained_info", "pull"),
    ),
    "card a byte over the cap": Cause(
        replaced(CARD, b"x" * 1_000_001),
        "README.md of .* has 1,000,001 bytes",
        ("pretrained_info", "pull"),
    ),
    "2 GB image": Cause(
        replaced("samples.png", Zeros(2_000_000_000)), "has 2,000,000,000 bytes", ("pull",)
    ),
    # The client itself makes an object of the metadata, as the Hub tells it.
    "card that takes the client's argument": Cause(
        replaced(CARD, b"---\nignore_metadata_errors: true\n---\n"), "README.md may be malformed"
    ),
    "card with a result's source as a text": Cause(
        replaced(
            CARD,
            b"---\nmodel-index: [{name: a, results: [{task: {type: a}, dataset: {type: a, name: a},"
            b" metrics: [{type: a, value: 1}], source: text}]}]\n---\n",
        ),
        "README.md may be malformed",
    ),
}
"""What is wrong with a card, or with what else is pulled."""


# --- the repository, and how it is sent --------------------------------------------------------


def only(**files: bytes) -> Change:
    """Let a repository hold nothing else."""

    def change(before: Files) -> None:
        before.clear()
        before.update({name.replace("__", "."): data for name, data in files.items()})

    return change


def resolve(id: str, name: str) -> str:
    return f"^/{id}/resolve/[0-9a-f]+/{name}"


def lying(size: int) -> Callable[[HubServer, str], None]:
    """Let the listing tell a size of every file."""
    return lambda hub, id: hub.lie_about_size("GET", f"^/api/models/{id}", size=size)


def address(hub: HubServer, id: str) -> str:
    """Where the CDN has the weights."""
    return f"^/lfs/{hashlib.sha256(hub.repos[id].files()[MODEL]).hexdigest()}"


def endless(name: str) -> Callable[[HubServer, str], None]:
    return lambda hub, id: hub.endless("GET", resolve(id, name), times=None)


def compressed(name: str) -> Callable[[HubServer, str], None]:
    """Send a file as a few bytes that unpack to many."""

    def fault(hub: HubServer, id: str) -> None:
        body = gzip.compress(bytes(200_000_000))
        headers = {"Content-Encoding": "gzip"}
        hub.fail("GET", resolve(id, name), 200, headers=headers, body=body, times=None)

    return fault


def unchanged(files: Files) -> None:
    """The files are good; how they are sent is not."""


MANY = "more than the 1,000,000 that it can have"
REPOSITORIES = {
    "nothing": Cause(lambda files: files.clear(), "holds no weights of ganzoo"),
    "only a checkpoint": Cause(
        only(G__pt=saved_by_torch(), train__py=b"import os"), "as pickles .'G.pt'., which can run"
    ),
    "a config and pickles": Cause(
        lambda files: (
            [files.pop(name) for name in list(files) if name.endswith(".safetensors")],
            files.update({"model.pt": saved_by_torch()}),
        ),
        "as pickles .'model.pt'., which can run",
        WEIGHTS,
    ),
    "weights of another library": Cause(
        replaced(CONFIG, b'{"_class_name": "UNet2DModel", "sample_size": 32}'),
        "does not describe an architecture",
    ),
    "config is a link": Cause(replaced(CONFIG, Symlink("../../../../etc/passwd")), "is not JSON"),
    "config larger than the listing says": Cause(
        replaced(CONFIG, Zeros(2_000_000_000)), MANY, WAYS, lying(100)
    ),
    "sizes that are wrong": Cause(unchanged, "arrived damaged twice", WAYS, lying(7)),
    "config without an end": Cause(unchanged, MANY, WAYS, endless(CONFIG)),
    "card without an end": Cause(unchanged, MANY, ("pretrained_info", "pull"), endless(CARD)),
    "weights without an end": Cause(
        filled("project.weight", 0.25),
        "model.safetensors of .* more than the 8,",
        WEIGHTS,
        lambda hub, id: hub.endless("GET", address(hub, id), times=None),
    ),
    "config that unpacks to 200 MB": Cause(unchanged, MANY, WAYS, compressed(CONFIG)),
    "weights of another hash": Cause(
        filled("project.weight", 0.5),
        "model.safetensors of .* arrived damaged twice",
        WEIGHTS,
        lambda hub, id: hub.corrupt("GET", address(hub, id), at=5000, times=None),
    ),
}
"""What is wrong with a repository as a whole, or with what is sent for a file."""


CAUSES: dict[str, Cause] = {**CONFIGS, **SIZES, **TENSORS, **CARDS, **REPOSITORIES}


def beside(*names: str) -> Change:
    """Add files that nobody asks for."""
    return lambda files: files.update(dict.fromkeys(names, b"evil"))


HARMLESS: dict[str, Change] = {
    "names that lead out": beside("../../evil.txt", "..", "../README.md", "a/../../evil.txt"),
    "names of Windows": beside("C:\\evil.txt", "..\\..\\evil.txt", "CON", "config.json:stream"),
    "names that python would import": beside(
        "ganzoo.py", "torch.py", "sitecustomize.py", "modeling.py", "__init__.py", "conftest.py"
    ),
    "names that command the terminal": beside("\x1b[2J\u202e.txt", "a\nb", " ", "\u00e4" * 100),
    "names that differ in letters": beside("CONFIG.JSON", "Model.safetensors", "readme.md"),
    "name of 4000 characters": beside("x" * 4000),
    "10,000 files": beside(*(f"{i}/{i}.bin" for i in range(10_000))),
    "a link beside": replaced("link", Symlink("/etc/passwd")),
    "2 GB beside": replaced("huge.bin", Zeros(2_000_000_000)),
    "pickles beside": lambda files: files.update(
        {"pytorch_model.bin": saved_by_torch(), "optimizer.pt": pickled()}
    ),
    "config of another distribution's plugin": config(
        plugin={"distribution": "\x1b[2J", "version": "9" * 100_000}
    ),
    "architecture named with its distribution": config(architecture__name="ganzoo-torch:dcgan"),
    "training that is odd": config(
        training={"data": ["\x1b[2J", {"<script>": None}], "a|b\n": 10**299, "": -0.0, "x": []}
    ),
    "training of 50,000 fields": config(training={f"{i:x}": i for i in range(40_000)}),
    "scores that are odd": config(
        scores=[
            {},
            {"metric": "fid"},
            {"metric": "fid", "value": 10**299},
            {"metric": "\x1b[2J|<b>", "value": True, "extractor": {"a": ["b"]}},
            {"metric": "fid", "value": -1e308, "data": None, "<<": {"*a": "&a"}, "? ": "%TAG !"},
            {"metric": [1], "value": 1},
            {"metric": "", "value": "1"},
        ]
    ),
    "base model that is odd": config(base_model={"repo": "../../x\n\x1b[2J", "sha": "\u202e|"}),
    "class names that are odd": config(
        data__class_names=['"]); import os #\n```\n</pre>', "\x1b[2J\u202e|`", ""]
    ),
    "header with metadata of 5 MB": header(
        lambda entries: entries.update(__metadata__={"\x1b[2J": "x" * 5_000_000})
    ),
    "a variance below 0": filled("layers.0.running_var", -1.0),
    "the largest weights": filled("project.weight", 3.4e38),
    "card with a page": replaced(CARD, b"<script>alert(1)</script>" * 10_000),
    "card with odd metadata": replaced(
        CARD, b"---\n? [a, b]\n: 1\n~: .nan\n2020-01-01: !!binary aGk=\nlibrary_name: [1]\n---\n"
    ),
}
"""What is odd and does no harm: it loads, and nothing of it is run, followed or fetched."""
