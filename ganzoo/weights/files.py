"""Tensors and texts on disk, each file either whole or not there."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn


def portable_state(module: nn.Module) -> dict[str, Tensor]:
    """Return a module's state: contiguous float32 on the CPU, tied tensors once."""
    state, seen = {}, set()
    for key, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        tensor = tensor.detach().cpu()
        state[key] = (tensor.float() if tensor.is_floating_point() else tensor).contiguous()
    return state


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file so that it is either whole or not there."""
    aside = _aside(path)
    save_file(dict(tensors), aside, metadata)
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it is either whole or not there."""
    aside = _aside(path)
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _aside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    # mkstemp makes the file for its owner only; published weights are for all.
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(name, 0o666 & ~umask)
    return Path(name)
