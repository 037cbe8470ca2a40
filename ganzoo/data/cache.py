"""Samples decoded once into a memory-mapped store, from which batches are gathered."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Dataset
from ganzoo.data.decoding import complaint
from ganzoo.data.fitting import fit_picture
from ganzoo.errors import DataError
from ganzoo.spec import Shape

CACHE_VARIABLE = "GANZOO_CACHE"
"""Environment variable: where decoded data is kept."""

STORE_VERSION = 1


def cache_folder() -> Path:
    """Return where decoded data is kept: $GANZOO_CACHE, else the user's cache folder."""
    if place := os.environ.get(CACHE_VARIABLE):
        return Path(place).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "ganzoo"


@dataclass(frozen=True)
class Store:
    """Decoded samples on disk.

    Attributes:
        samples: uint8 (N, H, W, C) for pictures, float32 (N, D) for vectors (data units).
        labels: int64 (N,).
    """

    samples: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]


def open_store(dataset: Dataset, shape: Shape) -> Store:
    """Return a dataset's samples in a given shape, decoding them where that was not done yet.

    Args:
        dataset: The source.
        shape: ``(C, H, W)``: pictures are cropped about their centre to this aspect and resized
            with antialiasing; or ``(D,)``.

    Raises:
        DataError: Some samples cannot be read, or the cache cannot be written.
    """
    key = json.dumps([STORE_VERSION, dataset.fingerprint, list(shape)])
    name = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
    folder = cache_folder() / "data" / name
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _decode(dataset, shape, folder)
        except OSError as error:
            raise DataError(
                f"the data cache {folder.parent} cannot be written ({error.strerror}); free some "
                f"space there or set {CACHE_VARIABLE} to another folder"
            ) from error
    # Copy-on-write, as torch takes no read-only array without a warning; nobody writes to it.
    samples = np.load(folder / "samples.npy", mmap_mode="c")
    return Store(samples, np.load(folder / "labels.npy"))


def _decode(dataset: Dataset, shape: Shape, folder: Path) -> None:
    """Write a store aside and rename it, so that a kill leaves none and two writers do no harm."""
    aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
    try:
        pictures = dataset.kind == "pictures"
        samples = np.lib.format.open_memmap(
            aside / "samples.npy",
            mode="w+",
            dtype=np.uint8 if pictures else np.float32,
            shape=(len(dataset), *(shape[1:] + shape[:1] if pictures else shape)),
        )
        labels = np.empty(len(dataset), dtype=np.int64)
        bad = []
        for index in range(len(dataset)):
            try:
                sample, labels[index] = dataset.read(index)
            except DataError as error:
                bad.append(str(error))
                continue
            samples[index] = fit_picture(sample, shape) if pictures else sample
        if bad:
            raise DataError(complaint(bad, len(dataset)))
        samples.flush()
        np.save(aside / "labels.npy", labels)
        try:
            aside.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, with the same samples
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
