"""Opening a store, which is made where there is none."""

import contextlib
import hashlib
import json
import os
import shutil
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganzoo import locks
from ganzoo.data.base import Dataset
from ganzoo.data.cache.digests import folder_fault
from ganzoo.data.cache.making import build_store, check_skipped
from ganzoo.data.cache.places import (
    CACHE_VARIABLE,
    LABELS,
    META,
    SAMPLES,
    STORES,
    cache_folder,
    check_place,
    leads_out,
)
from ganzoo.data.cache.task import Task
from ganzoo.data.decoding import first_of
from ganzoo.data.depth import dark_note
from ganzoo.data.fields import Field
from ganzoo.errors import DataError
from ganzoo.spec import Shape

STORE_VERSION = 4


@dataclass(frozen=True)
class Store:
    """Decoded samples on disk.

    Attributes:
        samples: uint8 (N, H, W, C) for images, float32 (N, D) for vectors (data units).
        labels: int64 (N,).
        skipped: Why samples of the source are not in it, naming them.
        identity: A text that differs for other samples: another source, another way to bring
            images to a shape, or others skipped.
        dark: Of images that look black; see `ganzoo.data.depth.darkness`.
        gaps: The numbers, in the source, of the samples that are not in it.
    """

    samples: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    skipped: tuple[str, ...] = ()
    identity: str = ""
    dark: tuple[int, int] = (0, 0)
    gaps: tuple[int, ...] = ()

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The number of each sample in the source, int64 (N,)."""
        return np.delete(np.arange(len(self.samples) + len(self.gaps)), self.gaps)


def open_store(
    dataset: Dataset, shape: Shape, *, name: str | None = None, processes: int | None = None
) -> Store:
    """Return a dataset's samples in a given shape, decoding them where that was not done yet.

    What a killed process had decoded is not decoded again, and of several processes at once one
    decodes and the others wait.

    Args:
        dataset: The source.
        shape: ``(C, H, W)``: images are brought to it as the dataset's ``fit`` says, and resized
            with antialiasing; or ``(D,)``.
        name: What notes and listings call it; the kind of dataset by default.
        processes: How many decode; None for as many as there are cores, up to 8, and for this one
            alone where that is quickly done.

    Raises:
        DataError: More samples than ``max_bad`` allows cannot be read, or the cache cannot be
            written.
        GanzooError: A process that decodes was killed.
    """
    facts = {
        "format": STORE_VERSION,
        "fingerprint": dataset.fingerprint,
        "shape": list(shape),
        "fit": dataset.fit,
        "background": dataset.background,
    }
    folder = cache_folder() / STORES / _digest(facts)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        check_place(folder.parent)
        while (store := _opened(folder, dataset, shape)) is None:
            described = {"name": name or type(dataset).__name__, **facts}
            build_store(dataset, shape, folder, described, processes)
    except OSError as error:
        raise DataError(
            f"the data cache {folder.parent} cannot be written ({error.strerror}); free some "
            f"space there (`ganzoo data cache` lists what is cached) or set {CACHE_VARIABLE} to "
            "another folder"
        ) from error
    return store


def open_stores(
    dataset: Dataset, fields: Mapping[str, Field], *, name: str
) -> tuple[dict[str, Store], list[str]]:
    """Return the store of each field that is stored by itself, in its shape, and notes on them.

    Of a group, what one store has to skip is skipped in all; `max_bad` holds for them together.
    Images are larger than their field's shape where they are to be cropped (`load_size`).

    Args:
        dataset: The source.
        fields: Its fields, in the shapes that networks take.
        name: What notes and listings call it.

    Raises:
        DataError: As by `open_store`.
    """
    stores: dict[str, Store] = {}
    notes: list[str] = []
    for parts in dataset.groups.values():
        dark: list[str] = []
        for field, part in parts.items():
            title = name if len(dataset.groups) == len(parts) == 1 else f"{field} of {name}"
            shape = fields[field].shape
            if dataset.load_size is not None and fields[field].kind.planar:
                factor = dataset.load_size / min(shape[1:])
                shape = (shape[0], *(round(side * factor) for side in shape[1:]))
            store = stores[field] = open_store(part, shape, name=title)
            prefix = "" if title == name else f"{field}: "
            dark += [f"{prefix}{note}" for note in dark_note(store.dark, len(store.samples))]
        causes = skipped_in(stores[field] for field in parts)
        total = len(store.samples) + len(store.gaps)
        check_skipped(causes, total, dataset.max_bad)
        notes += [*skip_note(tuple(causes)), *dark]
    return stores, notes


def skipped_in(stores: Iterable[Store]) -> list[str]:
    """Return why samples are not in all of some stores that share an index, one cause for each."""
    causes: dict[int, str] = {}
    for store in stores:
        causes |= zip(store.gaps, store.skipped, strict=True)
    return [causes[number] for number in sorted(causes)]


def skip_note(skipped: tuple[str, ...]) -> list[str]:
    """Tell which samples of a source were skipped: a note, or none where all were read."""
    if len(skipped) == 1:
        return [f"1 sample cannot be read and is skipped: {skipped[0]}"]
    note = f"{len(skipped):,} samples cannot be read and are skipped: {first_of(skipped)}"
    return [note] if skipped else []


def _opened(folder: Path, dataset: Dataset, shape: Shape) -> Store | None:
    """Open a store; None where there is none, or where it is damaged and was removed."""
    if not folder.is_dir() or folder.is_symlink():
        return None
    try:
        # As long as the samples are there, the file is held, so that nobody evicts them.
        held = (folder / META).open("rb")
        with contextlib.ExitStack() as stack:
            stack.enter_context(held)
            locks.hold_shared(held)
            if not locks.stands(held, folder / META):
                return None
            meta = json.load(held)
            if leads_out(folder / META) or (cause := folder_fault(folder)):
                raise ValueError(cause)
            if meta["files"].keys() != {SAMPLES, LABELS}:
                raise ValueError("digests of other files")
            # Copy-on-write, as torch takes no read-only array without a warning; nobody writes.
            samples = np.load(folder / SAMPLES, mmap_mode="c")
            labels = np.load(folder / LABELS)
            dtype, row = Task(dataset, shape, folder).row
            count = meta["samples"]
            kinds = samples.dtype, samples.shape, labels.dtype, labels.shape
            if kinds != (dtype, (count, *row), np.int64, (count,)) or samples.flags.fnc:
                raise ValueError("arrays of another shape or order")
            skipped, total = tuple(map(str, meta["skipped"])), int(meta["of"])
            gaps = tuple(map(int, meta["gaps"]))
            valid = {gap for gap in gaps if 0 <= gap < total}
            if not len(valid) == len(gaps) == len(skipped) == total - count:
                raise ValueError("gaps that are not those of the samples")
            dark, top = map(int, meta["dark"])
            stack.pop_all()
    except Exception as error:  # which damage may raise in many ways
        gone = FileNotFoundError | IsADirectoryError | NotADirectoryError
        if isinstance(error, OSError) and not isinstance(error, gone):
            raise
        with contextlib.suppress(FileNotFoundError):  # it was just evicted
            shutil.rmtree(folder)
        return None
    weakref.finalize(samples, held.close)
    check_skipped(list(skipped), total, dataset.max_bad)
    with contextlib.suppress(OSError):
        os.utime(folder / META)  # its time is that of the last use
    identity = _digest([folder.name, *skipped])
    return Store(samples, labels, skipped, identity, (dark, top), gaps)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
