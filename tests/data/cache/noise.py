"""A source whose samples are made of their numbers, and that can be slow, broken or deadly.

``python -m tests.data.cache.noise '{"count": 100}' 2`` decodes one in so many processes, and tells
the sum of what was decoded.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from ganzoo.data.base import Dataset, Item
from ganzoo.errors import DataError

SIDE = 12


class Noise(Dataset):
    """Images, 3x12x12.

    Args:
        count: How many.
        log: A file that gets a line for each that is read: number, process, whether it has torch.
        delay: Seconds that reading one takes.
        bad: Numbers of those that cannot be read.
        deadly: The number of the one that kills the process that reads it.
        max_bad: Of the dataset.
    """

    shape = (3, SIDE, SIDE)
    class_names = ("even", "odd")

    def __init__(self, count=100, log="", delay=0.0, bad=(), deadly=-1, max_bad=0.0):
        self.count, self.log, self.delay, self.deadly = count, log, delay, deadly
        self.bad, self.max_bad = frozenset(bad), max_bad

    def __len__(self):
        return self.count

    def read(self, index):
        if self.log:
            with open(self.log, "a") as file:
                file.write(f"{index} {os.getpid()} {'torch' in sys.modules}\n")
        if index == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.delay)
        if index in self.bad:
            raise DataError(f"{index}.png: broken")
        return Item(self.image(index), index % 2)

    @staticmethod
    def image(index):
        random = np.random.default_rng(index)
        return random.integers(256, size=(SIDE, SIDE, 3), dtype=np.uint8)

    @property
    def fingerprint(self):
        return f"noise-{self.count}"


class Sent:
    """What cannot be sent to another process, or not be taken out there."""

    def __init__(self, at):
        self.at = at

    def __getstate__(self):
        if self.at == "sent":
            raise TypeError("cannot be sent")
        return {"at": self.at}

    def __setstate__(self, state):
        raise TypeError("cannot be received")


def reads(log):
    """Return the numbers that were read, in their order, and the lines about how."""
    lines = [line.split() for line in Path(log).read_text().splitlines()]
    return sorted(int(line[0]) for line in lines), lines


def content(cache):
    """Return the bytes of the one store that there is."""
    (folder,) = (p for p in (Path(cache) / "data").iterdir() if not p.name.startswith("."))
    return {name: (folder / name).read_bytes() for name in ("samples.npy", "labels.npy")}


def expected(numbers):
    """Return the samples and labels of a store of some numbers."""
    return np.stack([Noise.image(i) for i in numbers]), np.array([i % 2 for i in numbers])


if __name__ == "__main__":
    from ganzoo.data.cache import making, open_store, task
    from tests.data.cache import noise

    task.CHUNK_ROWS, making.SECONDS_BETWEEN_ENTRIES = 8, 0.0
    source = noise.Noise(**json.loads(sys.argv[1]))
    print("ready", flush=True)
    store = open_store(source, source.shape, name="noise", processes=int(sys.argv[2]))
    print(int(store.samples.sum()))
