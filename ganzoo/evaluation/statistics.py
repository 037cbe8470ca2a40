"""What extractors saw in real data, kept on disk: it is the same every time."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from ganzoo.data.cache import cache_folder
from ganzoo.data.cache.places import leads_out
from ganzoo.evaluation.families import Seen
from ganzoo.weights.files import write_tensors

VERSION = 1
"""Of the arithmetic from images to features and moments, extractors' own aside."""


def place_of(facts: dict[str, Any], *, keep: bool) -> Path:
    """Return where the statistics of some data are kept."""
    key = json.dumps([VERSION, facts, "features" if keep else "moments"], sort_keys=True)
    name = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
    return cache_folder() / "statistics" / f"{name}.safetensors"


def read_statistics(
    path: Path, length: int, *, keep: bool, device: str | torch.device
) -> Seen | None:
    """Read statistics; None where there are none, or a file is damaged."""
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            digest = file.metadata()["sha256"]
        if leads_out(path) or _digest(tensors) != digest:
            return None
        seen = Seen(length, keep=keep, device=device)
        moments = seen.moments
        moments.count = int(tensors["count"])
        for name in ("mean", "scatter"):
            setattr(moments, name, tensors[name])
        if keep:
            seen.features = [tensors["features"]]
            seen.logits = [tensors["logits"]] if "logits" in tensors else []
    except Exception:  # which damage may raise in many ways
        return None
    return seen


def write(path: Path, seen: Seen, what: str) -> None:
    """Keep statistics, unless there is no room for them."""
    moments = seen.moments
    tensors: dict[str, Tensor] = {
        "count": torch.tensor(moments.count),
        "mean": moments.mean,
        "scatter": moments.scatter,
    }
    for name in ("features", "logits"):
        parts: list[Tensor] = getattr(seen, name)
        if parts:
            tensors[name] = torch.cat(parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {key: tensor.cpu().contiguous() for key, tensor in tensors.items()}
        write_tensors(path, tensors, {"what": what, "sha256": _digest(tensors)})
    except OSError:
        return  # they can be had again


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
