"""A survey of a source: what is in it, what cannot be read, and what is there twice."""

import multiprocessing
import pickle
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Dataset
from ganzoo.data.decoding import look
from ganzoo.data.depth import darkness
from ganzoo.data.duplicates import content_of, equal_groups, gradient_hash, near_groups, thumbnail
from ganzoo.data.sources.filenames import file_kind
from ganzoo.data.sources.own import ImageFiles
from ganzoo.errors import DataError

CHUNK = 64
"""Samples that a process looks at before it tells of them."""

FEW = 3
"""So many files that are passed over are named."""

WORTH = 512
"""Fewer samples are looked at sooner than processes start."""


@dataclass(frozen=True)
class Looked:
    """What was seen of one sample that can be read; of a vector `thumb` is the vector."""

    size: tuple[int, int]
    mode: str
    label: int
    content: bytes
    hash: int
    thumb: NDArray[Any]
    brightest: int = 255


@dataclass(frozen=True)
class Survey:
    """What a source holds; of images `spread` is None.

    Sizes are int64 (N, 2), width and height of what can be read. Labels are int64 (N,) of all, -1
    for what cannot be read. The spread of vectors is float64 (4, D): least, mean, standard
    deviation, greatest. Files that are passed over are counted by their endings, folders of hidden
    files and clutter by their names; of the others the first few are named, and the lists that can
    be read in place of the source.
    """

    count: int
    sizes: NDArray[np.int64]
    modes: dict[str, int]
    classes: dict[str, int]
    bad: tuple[str, ...]
    copies: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, ...], ...]
    passed_over: dict[str, int]
    others: tuple[str, ...]
    lists: tuple[str, ...]
    notes: tuple[str, ...]
    labels: NDArray[np.int64]
    spread: NDArray[np.float64] | None = None
    dark: tuple[int, int] = (0, 0)

    @property
    def bad_share(self) -> float:
        """The share of samples that cannot be read."""
        return len(self.bad) / self.count

    def as_values(self) -> dict[str, Any]:
        """Return everything, for JSON; of the sizes the least, median and greatest."""
        values: dict[str, Any] = {"count": self.count, "modes": self.modes}
        if self.spread is None:
            for side, row in zip(("width", "height"), self.sizes.T, strict=True):
                middle = float(np.median(row))
                values[side] = {"min": int(row.min()), "median": middle, "max": int(row.max())}
        else:
            names = ("min", "mean", "std", "max")
            values |= dict(zip(names, self.spread.tolist(), strict=True))
        values |= {"classes": self.classes, "passed_over": self.passed_over, "lists": self.lists}
        values["notes"] = self.notes
        return values | {"bad": self.bad, "copies": self.copies, "near": self.near}


def survey(
    dataset: Dataset,
    *,
    processes: int = 1,
    report: Callable[[int], None] = lambda more: None,
) -> Survey:
    """Look at every sample of a source, or refuse one of which none can be read.

    A script that asks for several processes needs a guard: ``if __name__ == "__main__":``. What
    reports is called with the number of samples that were looked at since the last call.
    """
    looks: dict[int, Looked | str] = {}
    for index, looked in _looks(dataset, processes):
        looks[index] = looked
        report(1)
    seen = {index: look for index, look in looks.items() if isinstance(look, Looked)}
    bad = [look for look in looks.values() if isinstance(look, str)]
    if not seen:
        raise DataError(f"none of {len(dataset)} samples can be read: {bad[0]}")
    names, found = [dataset.name_of(index) for index in seen], list(seen.values())
    exact = equal_groups([look.content for look in found])
    vectors = dataset.kind == "vectors"
    near = [] if vectors else _near(found, exact)
    counts = Counter(look.label for look in found)
    labels = [look.label if isinstance(look, Looked) else -1 for look in looks.values()]
    others = dataset.others if isinstance(dataset, ImageFiles) else ()
    return Survey(
        count=len(dataset),
        sizes=np.array([look.size for look in found], dtype=np.int64),
        modes=dict(Counter(look.mode for look in found).most_common()),
        classes={name: counts[label] for label, name in enumerate(dataset.class_names)},
        bad=tuple(bad),
        copies=tuple(tuple(names[place] for place in group) for group in exact),
        near=tuple(tuple(names[place] for place in group) for group in near),
        passed_over=dict(Counter(map(file_kind, others)).most_common()),
        others=tuple(others[:FEW]),
        lists=dataset.lists if isinstance(dataset, ImageFiles) else (),
        notes=dataset.notes,
        labels=np.array(labels, dtype=np.int64),
        spread=_spread(np.stack([look.thumb for look in found])) if vectors else None,
        dark=darkness(np.array([look.brightest for look in found])),
    )


def unreadable(surveys: Sequence[Survey]) -> float:
    """Return the share of indices at which a sample of any of some sources cannot be read."""
    bad = np.any([found.labels < 0 for found in surveys], axis=0)
    return float(bad.mean())


def fault_of(dataset: Dataset, index: int) -> Looked | str:
    """Look at one sample; if it cannot be read, return the sentence that says why."""
    try:
        sample, label = dataset.read(index)
        if dataset.kind == "vectors":
            return Looked((len(sample), 1), "vector", label, sample.tobytes(), 0, sample)
        pixels = sample.astype(np.uint8, copy=False)
        mode = "L" if pixels.ndim == 2 or pixels.shape[2] == 1 else "RGBA"[: pixels.shape[2]]
        if isinstance(dataset, ImageFiles):
            with dataset.opened(index) as file:
                header = look(file, dataset.name_of(index))
            mode = f"{header.format} {header.mode}"
    except DataError as error:
        return str(error)
    size = (pixels.shape[1], pixels.shape[0])
    hashed = content_of(pixels), gradient_hash(pixels), thumbnail(pixels)
    colours = pixels if pixels.ndim == 2 else pixels[:, :, :3]
    return Looked(size, mode, label, *hashed, int(colours.max()))


def _near(found: list[Looked], exact: list[list[int]]) -> list[list[int]]:
    """Group what looks alike, of exact copies the first alone."""
    others = {place for group in exact for place in group[1:]}
    places = [place for place in range(len(found)) if place not in others]
    hashes = np.array([found[place].hash for place in places], dtype=np.uint64)
    groups = near_groups(hashes, np.stack([found[place].thumb for place in places]))
    return [[places[place] for place in group] for group in groups]


def _spread(vectors: NDArray[Any]) -> NDArray[np.float64]:
    values = vectors.astype(np.float64)
    return np.stack([values.min(0), values.mean(0), values.std(0), values.max(0)])


def _looks(dataset: Dataset, processes: int) -> Iterator[tuple[int, Looked | str]]:
    """Look at every sample, in their order; at all again where other processes cannot help."""
    if processes > 1 and len(dataset) >= WORTH:
        try:
            yield from _in_processes(dataset, processes)
            return
        except (BrokenProcessPool, pickle.PicklingError, AttributeError, TypeError):
            pass  # A dataset of the user's own may be unknown to other processes; do all here.
    yield from ((index, fault_of(dataset, index)) for index in range(len(dataset)))


def _in_processes(dataset: Dataset, processes: int) -> Iterator[tuple[int, Looked | str]]:
    # Not forked, as other threads of this process may hold locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (pickle.dumps(dataset),)) as pool:
        try:
            yield from enumerate(pool.map(_look, range(len(dataset)), chunksize=CHUNK))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_dataset: Dataset
"""Of a process that looks for another."""


def _begin(message: bytes) -> None:
    global _dataset
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which is for the process that asked
    _dataset = pickle.loads(message)  # of our own parent, as multiprocessing does it


def _look(index: int) -> Looked | str:
    return fault_of(_dataset, index)
