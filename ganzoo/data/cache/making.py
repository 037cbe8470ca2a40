"""Making a store: decoding what is not decoded yet, and putting it in its place."""

import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from ganzoo import locks
from ganzoo.data.base import Dataset
from ganzoo.data.cache.decoders import NoHelpError, decode_in, default_processes
from ganzoo.data.cache.digests import record
from ganzoo.data.cache.journal import Journal
from ganzoo.data.cache.places import (
    CACHE_VARIABLE,
    JOURNAL,
    LABELS,
    LOCK,
    META,
    SAMPLES,
    UNFINISHED,
    remove,
)
from ganzoo.data.cache.task import Bad, Task
from ganzoo.data.decoding import complaint
from ganzoo.data.depth import darkness
from ganzoo.data.fields import IMAGE
from ganzoo.data.progress import progress, say, size_text
from ganzoo.errors import DataError
from ganzoo.spec import Shape

SECONDS_ALONE = 1.0
"""Starting processes takes about as long; what is decoded by then needs none."""

SECONDS_BETWEEN_ENTRIES = 1.0
"""Of the journal. Bringing data to disk more often would make everybody wait for it."""

COPIED_AT_ONCE = 8_000_000


def build_store(
    dataset: Dataset, shape: Shape, folder: Path, facts: dict[str, Any], processes: int | None
) -> None:
    """Make a store, unless another process does so first.

    It is made aside and renamed, so that what has its name is whole. What a killed process had
    decoded is taken over by the next one. The facts go into its meta.json, and have its ``name``.
    """
    name = facts["name"]
    if not len(dataset):
        raise DataError(f"{name} has no samples")

    def waiting() -> None:
        say(f"waiting for another process that decodes {name}")

    lock = folder.with_name(f".{folder.name}{LOCK}")
    with locks.alone(lock, waiting) as held, ExitStack() as stack:
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        elif folder.is_dir():
            return
        if held is not None:
            aside = folder.with_name(f".{folder.name}{UNFINISHED}")
            if not _is_plain(aside):
                remove(aside)
            aside.mkdir(exist_ok=True)
        else:
            # Nobody can tell whether another process is in there; so there is one for each.
            aside = Path(tempfile.mkdtemp(UNFINISHED, f".{folder.name}-", folder.parent))
            stack.callback(shutil.rmtree, aside, ignore_errors=True)
        task = Task(dataset, shape, aside)
        bad = _decode(task, name, processes, held)
        try:
            check_skipped([cause for _, cause in bad], task.count, dataset.max_bad)
        except DataError:
            shutil.rmtree(aside)
            raise
        _finish(task, bad, facts)
        try:
            aside.rename(folder)
        except OSError:
            if not folder.is_dir():  # else a process without locks was first
                raise
        (folder / JOURNAL).unlink(missing_ok=True)


def _is_plain(folder: Path) -> bool:
    """Return whether there is no folder, or one of files alone, so that no link is written to."""
    if folder.is_symlink() or not folder.is_dir():
        return not os.path.lexists(folder)
    return all(path.is_file() and not path.is_symlink() for path in folder.iterdir())


def check_skipped(causes: list[str], total: int, max_bad: float) -> None:
    """Refuse to leave out all samples, or more than a dataset allows."""
    if len(causes) > max_bad * total or len(causes) == total > 0:
        raise DataError(
            f"{complaint(causes, total)} (max_bad, the share that may be skipped, is {max_bad:g})"
        )


def _decode(task: Task, name: str, processes: int | None, held: int | None) -> Bad:
    """Decode all that the journal lacks, and return all bad samples in their order."""
    facts = {"count": task.count, "rows": task.chunk_rows}
    with ExitStack() as stack:
        files = [
            stack.enter_context(_begun(task.folder / file, header))
            for file, header in task.headers(task.count).items()
        ]
        journal = stack.enter_context(closing(Journal(task.folder / JOURNAL, facts)))
        reach = min(task.reach(name) for name in task.row_bytes)
        left = [
            chunk
            for chunk in range(task.chunks)
            if chunk not in journal.done or task.rows(chunk).stop > reach
        ]
        done = task.count - sum(len(task.rows(chunk)) for chunk in left)
        _check_room(task, name, task.count - done)
        fresh: dict[int, Bad] = {}

        def enter() -> None:
            if fresh:
                for file in files:
                    os.fsync(file.fileno())
                journal.add(fresh)
                fresh.clear()

        stack.callback(enter)  # also after an error or an interrupt
        report = stack.enter_context(progress(f"decoding {name}", task.count, done))
        results = stack.enter_context(closing(_results(task, left, processes, held)))
        entered = time.monotonic()
        for chunk, bad in results:
            fresh[chunk] = bad
            report(len(task.rows(chunk)))
            if time.monotonic() - entered >= SECONDS_BETWEEN_ENTRIES:
                enter()
                entered = time.monotonic()
    return sorted(item for bad in journal.done.values() for item in bad)


def _results(
    task: Task, chunks: list[int], processes: int | None, held: int | None
) -> Generator[tuple[int, Bad], None, None]:
    """Decode chunks: at first here, then in several processes where that is worth while."""
    left = dict.fromkeys(chunks)
    wanted = processes or default_processes()
    begun = time.monotonic()
    while left and processes is None and time.monotonic() - begun < SECONDS_ALONE:
        yield _next(task, left)
    done = len(chunks) - len(left)
    # Whether the rest would take longer than starting processes does.
    is_long = not done or (time.monotonic() - begun) / done * len(left) > SECONDS_ALONE
    if wanted > 1 and left and is_long:
        with closing(decode_in(wanted, task, list(left), held)) as answers:
            try:
                for chunk, bad in answers:
                    del left[chunk]
                    yield chunk, bad
            except NoHelpError as error:
                say(f"decoding in one process, because no other could be started ({error})")
    while left:
        yield _next(task, left)


def _next(task: Task, left: dict[int, None]) -> tuple[int, Bad]:
    chunk = next(iter(left))
    del left[chunk]
    return chunk, task.decode(chunk)


def _begun(path: Path, header: bytes) -> IO[bytes]:
    """Open a file that begins with a header, whatever follows in it."""
    path.touch()
    file = path.open("r+b", buffering=0)
    file.write(header)
    return file


def _check_room(task: Task, name: str, samples: int) -> None:
    needed = samples * sum(task.row_bytes.values())
    free = shutil.disk_usage(task.folder).free
    if needed > free:
        raise DataError(
            f"decoding {name} takes {size_text(needed)} in {task.folder.parent}, and "
            f"{size_text(free)} are free there; free some (`ganzoo data cache` lists what is "
            f"cached) or set {CACHE_VARIABLE} to another folder"
        )


def _finish(task: Task, bad: Bad, facts: dict[str, Any]) -> None:
    """Leave the bad rows out, and write what the store is."""
    kept = task.count - len(bad)
    if bad:
        # Rows move, and what the journal tells would not be true any more.
        (task.folder / JOURNAL).unlink()
    for name, header in task.headers(kept).items():
        row = task.row_bytes[name]
        with (task.folder / name).open("r+b", buffering=0) as file:
            if bad:
                offset = len(task.headers(task.count)[name])
                _close_gaps(file, [index for index, _ in bad], task.count, offset, header, row)
            file.truncate(len(header) + kept * row)
            os.fsync(file.fileno())
    meta = {
        **facts,
        "files": {name: record(task.folder / name) for name in (SAMPLES, LABELS)},
        "dark": _darkness(task, kept),
        "samples": kept,
        "of": task.count,
        "gaps": [index for index, _ in bad],
        "skipped": [cause for _, cause in bad],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with (task.folder / META).open("w", encoding="utf-8") as text:
        json.dump(meta, text, indent=2)
        text.flush()
        os.fsync(text.fileno())


def _darkness(task: Task, count: int) -> tuple[int, int]:
    if task.kind is not IMAGE:
        return 0, 0
    samples = np.load(task.folder / SAMPLES, mmap_mode="r")
    brightest = [
        samples[start : start + task.chunk_rows, ..., :3].max(axis=(1, 2, 3))
        for start in range(0, count, task.chunk_rows)
    ]
    return darkness(np.concatenate(brightest))


def _close_gaps(
    file: IO[bytes], gaps: list[int], count: int, offset: int, header: bytes, row: int
) -> None:
    """Move rows towards the beginning of a file, over those that are left out."""
    file.seek(0)
    file.write(header)
    target = len(header)
    for before, after in itertools.pairwise([-1, *gaps, count]):
        source, end = offset + (before + 1) * row, offset + after * row
        while source < end:
            file.seek(source)
            block = file.read(min(COPIED_AT_ONCE, end - source))
            file.seek(target)
            file.write(block)
            source += len(block)
            target += len(block)
