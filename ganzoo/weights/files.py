"""Tensors on disk."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from ganzoo.aside import aside


def portable_state(module: nn.Module) -> dict[str, Tensor]:
    """Return a module's state as weights have it: float32, tied tensors once."""
    state = once(module.state_dict(keep_vars=True))
    return {
        key: tensor.detach().float() if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }


def once(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that are stored: of tied ones the first."""
    first: dict[int, str] = {}
    return {key: t for key, t in state.items() if first.setdefault(id(t), key) == key}


def with_ties(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give every further name of a tied tensor the tensor that was stored under the first.

    Raises:
        KeyError: A tensor is missing.
    """
    first: dict[int, str] = {}
    for key, tensor in expected.items():
        first.setdefault(id(tensor), key)
    return {key: state[key if key in state else first[id(t)]] for key, t in expected.items()}


def not_finite(state: Mapping[str, Tensor]) -> list[str]:
    """Name the tensors that hold a number that is not finite, in their order."""
    # The extremes are found in one pass without another tensor of that size, and are not finite
    # wherever any number is not.
    parts = {
        key: torch.stack(t.aminmax()) if t.is_floating_point() else t
        for key, t in state.items()
        if t.numel() and (t.is_floating_point() or t.is_complex())
    }
    return [key for key, part in parts.items() if not part.isfinite().all()]


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file so that it is either whole or not there.

    Raises:
        OSError: It cannot be written.
    """
    with aside(path) as file:
        try:
            save_file(_apart(tensors), file, metadata)
        except SafetensorError as error:  # by which the library tells of a full disk, too
            raise OSError(f"{path} cannot be written ({error})") from error


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Bring tensors to the CPU, each whole and with memory of its own, as safetensors asks."""
    plain, taken = {}, set()
    for key, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        place = tensor.untyped_storage().data_ptr()
        plain[key] = tensor.clone() if place in taken else tensor
        taken.add(place)
    return plain
