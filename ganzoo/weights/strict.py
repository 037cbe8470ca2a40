"""Loading networks strictly from files that are not trusted."""

import json
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ganzoo.building import build_network
from ganzoo.config.documents import unique_fields
from ganzoo.errors import GanzooError, RequestError, WeightsError, brief
from ganzoo.memory import check_room
from ganzoo.settings import own_settings
from ganzoo.weights.description import CONFIG_FILE, Info
from ganzoo.weights.files import not_finite, once, with_ties
from ganzoo.weights.reading import WeightsFiles
from ganzoo.weights.saving import network_files

DTYPES = {
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
    torch.complex64: "C64",
}
"""How files name the types of tensors; every floating-point tensor is stored as F32."""

DRAWS = {
    Tensor.normal_,
    Tensor.uniform_,
    nn.init.kaiming_normal_,
    nn.init.kaiming_uniform_,
    nn.init.normal_,
    nn.init.trunc_normal_,
    nn.init.uniform_,
    nn.init.xavier_normal_,
    nn.init.xavier_uniform_,
}
"""What fills a tensor with random numbers."""
MAX_BYTES = 40_000_000_000
"""Networks of more are refused, whatever a config says (a generator has a billion numbers at most),
so that no config makes anybody wait for a terabyte."""

MAX_HEADER_BYTES = 8_000_000
"""A safetensors file whose header is longer is refused: no network has that many tensors."""


@own_settings(grad=True)
def load_network(store: WeightsFiles, name: str, info: Info) -> nn.Module:
    """Build a network, once its file was found to fit what its config implies.

    Raises:
        WeightsError: The file is missing, too large or not whole, does not fit, or holds a number
            that is not finite.
        ganzoo.errors.HubError: The file could not be fetched.
    """
    role, file = name.removesuffix("_raw"), network_files(info.architecture.name)[name]
    expected = _expected(role, info, store.label(CONFIG_FILE))
    # What the config implies is known before anything of that size is fetched.
    size = sum(_bytes(tensor) for tensor in once(expected).values())
    if size > MAX_BYTES:
        raise WeightsError(
            f"{store.label(CONFIG_FILE)} implies a {role} of {size:,} bytes, and at most "
            f"{MAX_BYTES:,} are loaded"
        )
    what, cure = f"the weights of {store.label(CONFIG_FILE)}", "load them on a larger machine"
    check_room(what, size, torch.device("cpu"), cure)
    largest = 8 + MAX_HEADER_BYTES + size
    path, label = store.fetch(file, largest=largest), store.label(file)
    try:
        _check_header_text(path)
        with safe_open(path, framework="pt") as tensors:
            keys = list(tensors.keys())
            _check_header(label, {key: tensors.get_slice(key) for key in keys}, expected)
            module = _build(role, info, store.label(CONFIG_FILE))
            state = {key: tensors.get_tensor(key) for key in keys}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{label} is not a whole safetensors file: {brief(error)}") from error
    bad = not_finite(state)
    if bad:
        raise WeightsError(f"{label} holds a number that is not finite (in {bad[0]})")
    module.load_state_dict(with_ties(state, expected))
    return module


class _Uninitialised(TorchFunctionMode):
    """Leaves parameters as they come from memory, since what they will hold is loaded next.

    Drawing their initial values would take most of the time of loading.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        target = args[0] if args else kwargs.get("tensor")
        if func in DRAWS and isinstance(target, nn.Parameter):
            return target
        return func(*args, **kwargs)


def _expected(role: str, info: Info, label: str) -> dict[str, Tensor]:
    """The tensors that a config implies, without their memory."""
    return dict(_build(role, info, label, device="meta").state_dict(keep_vars=True))


def _build(role: str, info: Info, label: str, device: str = "cpu") -> nn.Module:
    try:
        with _Uninitialised():
            return build_network(role, info.architecture, seed=0, device=device)
    except Exception as error:  # of torch, for sizes beyond 64 bits; or whatever a plugin raises
        if isinstance(error, GanzooError) and type(error) is not RequestError:
            raise
        problem = brief(f"{type(error).__name__}: {error}")
        raise WeightsError(
            f"{label} describes a {role} that cannot be built ({problem})"
        ) from error


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * (4 if tensor.is_floating_point() else tensor.element_size())


def _check_header_text(path: Path) -> None:
    """Check what safetensors does not: the header's length, and that it tells everything once."""
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if length > MAX_HEADER_BYTES:
            raise SafetensorError(f"its header would have over {MAX_HEADER_BYTES:,} bytes")
        text = file.read(length)
    try:
        json.loads(text, object_pairs_hook=unique_fields)
    except (ValueError, RecursionError) as error:
        raise SafetensorError(f"in its header, {error}") from error


def _check_header(label: str, header: Mapping[str, Any], expected: Mapping[str, Tensor]) -> None:
    missing = [key for key in once(expected) if key not in header]
    unexpected = [repr(key)[:100] for key in header if key not in expected]
    different = []
    for key in expected.keys() & header.keys():
        dtype = expected[key].dtype
        wanted = (
            f"{'F32' if dtype.is_floating_point else DTYPES.get(dtype)} {[*expected[key].shape]}"
        )
        found = f"{header[key].get_dtype()} {header[key].get_shape()}"
        if wanted != found:
            different.append(f"{key} is {found:.100}, and should be {wanted}")
    faults = [
        _counted(kind, keys)
        for kind, keys in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another type or shape", sorted(different)),
        )
        if keys
    ]
    if faults:
        raise WeightsError(f"{label} does not fit its config: tensors {' and '.join(faults)}")


def _counted(kind: str, keys: Iterable[str]) -> str:
    keys = list(keys)
    return f"{len(keys)} {kind} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
