"""What files in the cache are, told by themselves."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import safe_open


def what_of(kind: str, path: Path) -> str:
    """Tell what a file of a sub-folder is; one that is damaged is told by its kind."""
    tell, usual = KINDS.get(kind, (None, ""))
    if tell is not None:
        with contextlib.suppress(Exception):  # which a file that is damaged may raise in many ways
            return tell(path)
    return usual


def _index(path: Path) -> str:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        count, names = len(arrays["grey"]), json.loads(arrays["names"].tobytes())
        (source,) = json.loads(arrays["source"].tobytes())
    if names == [""]:
        return f"the hash of {source}"
    return f"what was found in {count:,} picture{'s' if count > 1 else ''} of {source}"


def _statistics(path: Path) -> str:
    with safe_open(path, framework="numpy") as file:
        count, length = int(file.get_tensor("count")), file.get_slice("mean").get_shape()[0]
        told = f"{length:,} features of {count:,} samples"
        what = (file.metadata() or {}).get("what")
    return f"{what}: {told}" if what else told


KINDS: dict[str, tuple[Callable[[Path], str] | None, str]] = {
    "index": (_index, "what was found in pictures"),
    "statistics": (_statistics, "what an extractor saw"),
    "archives": (None, "a file, unpacked"),
    "repositories": (None, "a dataset repository of the Hub"),
    "torchvision": (None, "files of torchvision"),
    "extractors": (None, "weights of an extractor"),
}
"""By sub-folder what tells of a file, and what is said of one that does not tell."""
