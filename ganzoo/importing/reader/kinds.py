"""Recognise a file by its first bytes, and say what to do with one that is not a checkpoint."""

from __future__ import annotations

from ganzoo.importing.reader.containers import OLD_STREAM
from ganzoo.importing.reader.values import RefusedError

_ARCHIVES = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "rar", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip

_UNPACK = "unpack it, and import a file of it"

_UNREAD = "which ganzoo does not read; look for the model's PyTorch version, or convert it first"

_STATE_DICT = "import a file that holds a network's state_dict"

_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")


def container_of(data: memoryview) -> str:
    """Return the container of a checkpoint: ``zip``, ``old stream``, ``pickle``, ``safetensors``.

    Raises:
        RefusedError: It is something else.
    """
    start = bytes(data[:512])
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    if start.startswith(OLD_STREAM):
        return "old stream"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 2**40:
        return "safetensors"
    if start[:1] == b"\x80" and len(start) > 1 and start[1] <= 5:
        return "pickle"
    if start.startswith(b"version https://git-lfs"):
        raise RefusedError(
            "it is a pointer of Git LFS and not the file itself; run 'git lfs pull', or download "
            "it from the page of the repository"
        )
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<error")):
        what = "an error of a server" if b"<error>" in text else "a web page that a server sent"
        raise RefusedError(
            f"it is {what} in place of the file; download it again, perhaps by hand in a browser"
        )
    raise RefusedError(_other(data, start, text))


def _other(data: memoryview, start: bytes, text: bytes) -> str:
    for magic, name in _ARCHIVES.items():
        if start.startswith(magic):
            article = "an" if name.startswith("x") else "a"
            return f"it is {article} {name} archive; {_UNPACK}"
    if start[257:262] == b"ustar":
        return f"it is a tar archive; {_UNPACK}"
    if start.startswith(b"PK"):
        return f"it is a zip archive that is empty or in parts; {_UNPACK}"
    if start.startswith(b"\x89HDF"):
        return f"it is an HDF5 file, as Keras writes, {_UNREAD}"
    if start.startswith(b"\x93NUMPY"):
        return f"it is a single NumPy array; {_STATE_DICT}"
    if _tensorflow(data, start):
        return f"it is a file of TensorFlow, {_UNREAD}"
    if start[:1] == b"\x08" and (b"pytorch" in start or b"onnx" in start.lower()):
        return (
            "it is an ONNX program, in which tensors have lost their names; import the checkpoint "
            "that it was made from"
        )
    if start.startswith(_IMAGES):
        return "it is an image; give the file of the weights"
    if text.startswith((b"{", b"[")):
        return "it is JSON; give the file of the weights, which is often beside it"
    if start[:1] in (b"(", b"]", b"}") or start.startswith((b"ccopy_reg", b"ccollections")):
        return f"it is a pickle of protocol 0 or 1, which no checkpoint of torch is; {_STATE_DICT}"
    if not any(start):
        return "it holds nothing but zeros, as the download did not finish; download it again"
    return f"it is not a checkpoint that torch, pickle or safetensors wrote; {_STATE_DICT}"


def _tensorflow(data: memoryview, start: bytes) -> bool:
    """Recognise the index of a TensorFlow checkpoint by its last bytes, or a saved graph."""
    table = bytes(data[-8:]) == bytes.fromhex("57fb808b247547db")
    return table or b"saved_model" in start or b"\x12\x05serve" in start
