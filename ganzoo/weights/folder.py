"""Writing a weights folder, and loading networks from one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ganzoo.errors import WeightsError
from ganzoo.networks import Discriminator, Generator, build
from ganzoo.weights.files import portable_state, write_tensors, write_text
from ganzoo.weights.info import CONFIG_FILE, Info, read_info
from ganzoo.weights.reference import locate

FILES = {
    "generator": "model.safetensors",
    "discriminator": "discriminator.safetensors",
    "generator_raw": "generator_raw.safetensors",
}
"""The file of each network."""

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


def load_generator(
    reference: str | Path, *, device: str | torch.device = "cpu", raw: bool = False
) -> Generator:
    """Load a generator for sampling.

    Args:
        reference: A weights folder, a run folder, or ``architecture.tag``.
        device: Where to put it.
        raw: Load the generator as trained instead of its moving average.

    Returns:
        The generator, in evaluation mode.

    Raises:
        WeightsError: There are no such weights, or they do not fit the architecture.
    """
    folder = locate(reference)
    info = read_info(folder)
    module = _load(folder, "generator_raw" if raw else "generator", info)
    return Generator(module, info).to(device).eval()


def load_discriminator(
    reference: str | Path, *, device: str | torch.device = "cpu"
) -> Discriminator:
    """Load a discriminator; see `load_generator`."""
    folder = locate(reference)
    info = read_info(folder)
    return Discriminator(_load(folder, "discriminator", info), info).to(device).eval()


def load_pair(
    reference: str | Path, *, device: str | torch.device = "cpu", raw: bool = False
) -> tuple[Generator, Discriminator]:
    """Load a generator and its discriminator; see `load_generator`."""
    generator = load_generator(reference, device=device, raw=raw)
    return generator, load_discriminator(reference, device=device)


def save(folder: str | Path, info: Info, networks: Mapping[str, nn.Module]) -> Path:
    """Write networks and their info into a folder; files of the same name are replaced.

    Args:
        folder: Made where missing.
        info: What is known of the networks.
        networks: Modules by the names in `FILES`.

    Raises:
        WeightsError: A network holds a number that is not finite; nothing is written then.
    """
    folder = Path(folder)
    states = {name: portable_state(module) for name, module in networks.items()}
    for name, state in states.items():
        bad = [key for key, tensor in state.items() if not torch.isfinite(tensor).all()]
        if bad:
            raise WeightsError(f"the {name} is not saved: {bad[0]} is not finite")
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in states.items():
        write_tensors(folder / FILES[name], state, {"format": "pt"})
    text = json.dumps(info.model_dump(mode="json"), indent=2, ensure_ascii=False)
    write_text(folder / CONFIG_FILE, text + "\n")
    return folder


def _load(folder: Path, name: str, info: Info) -> nn.Module:
    """Build a network for real, once its file was found to fit it."""
    path = folder / FILES[name]
    if not path.is_file():
        raise WeightsError(f"{folder} holds no {FILES[name]}, so its {name} cannot be loaded")
    role = "discriminator" if name == "discriminator" else "generator"
    try:
        with torch.device("meta"):
            expected = build(role, info.architecture, seed=0).state_dict(keep_vars=True)
    except RuntimeError as error:  # of torch, for sizes beyond 64 bits
        raise WeightsError(f"{folder / CONFIG_FILE} implies an impossible size: {error}") from error
    try:
        with safe_open(path, framework="pt") as file:
            keys = list(file.keys())
            _check_header(path, {key: file.get_slice(key) for key in keys}, expected)
            module = build(role, info.architecture, seed=0)
            module.load_state_dict(_with_ties({k: file.get_tensor(k) for k in keys}, expected))
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a whole safetensors file: {error}") from error
    return module


def _check_header(path: Path, header: Mapping[str, Any], expected: Mapping[str, Tensor]) -> None:
    first: dict[int, str] = {}
    for key, tensor in expected.items():
        first.setdefault(id(tensor), key)
    missing = [key for key in first.values() if key not in header]
    unexpected = [repr(key)[:100] for key in header if key not in expected]
    different = []
    for key in expected.keys() & header.keys():
        dtype = expected[key].dtype
        wanted = (
            f"{'F32' if dtype.is_floating_point else DTYPES.get(dtype)} {[*expected[key].shape]}"
        )
        found = f"{header[key].get_dtype()} {header[key].get_shape()}"
        if wanted != found:
            different.append(f"{key} is {found}, and should be {wanted}")
    faults = [
        f"{len(keys)} {kind} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
        for kind, keys in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another type or shape", sorted(different)),
        )
        if keys
    ]
    if faults:
        raise WeightsError(f"{path} does not fit its config: tensors {' and '.join(faults)}")


def _with_ties(state: dict[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give every further name of a tied tensor the tensor that was stored under the first."""
    first: dict[int, str] = {}
    return {
        key: state[key] if key in state else state[first[id(tensor)]]
        for key, tensor in expected.items()
        if first.setdefault(id(tensor), key)
    }
