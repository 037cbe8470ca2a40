"""Decoding images into the cache in one process and in several, and gathering batches from it.

Both decode the same files, in turn; memory is the largest sum over this and all decoding processes,
of the resident pages (RSS: shared ones counted in each process) and of each page once (PSS).

``python -m benchmarks.caching [--images 100000] [--processes N] [--keep FOLDER]``
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.data.cache import CACHE_VARIABLE, open_store
from ganzoo.data.cache.decoders import default_processes
from ganzoo.data.config import FolderConfig
from ganzoo.data.sources.folder import Folder

SIDE = 64
A_FOLDER = 1000
STEPS = 6


def main() -> None:
    """Make the images, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=default_processes())
    parser.add_argument("--keep", type=Path, help="where the images are kept, for the next time")
    parser.add_argument("--decode", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.decode:
        decode(given.keep, given.decode)
        return
    with contextlib.ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        draw(folder, given.images)
        print("| processes | decoding | images a second | RSS | PSS |")
        print("| --- | --- | --- | --- | --- |")
        seconds = []
        for processes in dict.fromkeys((1, given.processes)):
            cache = stack.enter_context(tempfile.TemporaryDirectory())
            os.environ[CACHE_VARIABLE] = cache
            taken, rss, pss = watched(folder, processes)
            seconds.append(taken)
            rate = given.images / taken
            print(
                f"| {processes} | {taken:.1f} s | {rate:,.0f} | {rss} MB | {pss} MB |", flush=True
            )
        print(f"\n{given.processes} processes are {seconds[0] / seconds[-1]:.2f} times as fast")
        share, step = loading(folder)
        print(f"a DCGAN step takes {step:.2f} s, of which gathering its batch {100 * share:.2f} %")


def draw(folder: Path, count: int) -> None:
    """Write blurred noise, which takes about as many bytes as photographs do."""
    random = np.random.default_rng(0)
    for index in range(count):
        path = folder / f"{index // A_FOLDER:04}" / f"{index % A_FOLDER:03}.png"
        small = random.integers(256, size=(SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            image.save(path, compress_level=1)


def decode(folder: Path, processes: int) -> None:
    """Decode, and print the seconds that it took without imports and hashing of files."""
    dataset = Folder(FolderConfig(source=str(folder)))
    _ = dataset.fingerprint
    begun = time.perf_counter()
    open_store(dataset, (3, SIDE, SIDE), processes=processes)
    print(time.perf_counter() - begun)


def watched(folder: Path, processes: int) -> tuple[float, int, int]:
    """Decode in a process of its own; return seconds and the largest RSS and PSS in MB."""
    options = ["--keep", str(folder), "--decode", str(processes)]
    command = [sys.executable, "-m", "benchmarks.caching", *options]
    rss = pss = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            sums = [memory(number) for number in family(process.pid)]
            rss = max(rss, sum(r for r, _ in sums))
            pss = max(pss, sum(p for _, p in sums))
            time.sleep(0.2)
        assert process.stdout is not None
        return float(process.stdout.read()), rss // 1000, pss // 1000


def family(number: int) -> Iterator[int]:
    """Yield a process and those that it started."""
    yield number
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{number}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from family(int(child))


def memory(number: int) -> tuple[int, int]:
    """Return the RSS and PSS of a process in kB."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0, 0
    found = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
    return found["Rss:"], found["Pss:"]


def loading(folder: Path) -> tuple[float, float]:
    """Return the share of a step that gathering takes, and the seconds of a step."""
    from ganzoo.training.trainer import Trainer

    values = {"architecture": "dcgan", "data": {"source": str(folder), "image_size": SIDE}}
    with tempfile.TemporaryDirectory() as out:
        trainer = Trainer(values, Path(out) / "run")
        gathering, gather = 0.0, trainer.loader.gather

        def timed(numbers):  # type: ignore[no-untyped-def]
            nonlocal gathering
            begun = time.perf_counter()
            batch = gather(numbers)
            gathering += time.perf_counter() - begun
            return batch

        trainer.loader.gather = timed  # type: ignore[method-assign]
        trainer.train_step()
        gathering, begun = 0.0, time.perf_counter()
        for _ in range(STEPS):
            trainer.train_step()
        taken = time.perf_counter() - begun
    return gathering / taken, taken / STEPS


if __name__ == "__main__":
    main()
