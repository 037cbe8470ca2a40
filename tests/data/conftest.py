"""A source of samples that counts how often it is read."""

from collections import Counter

import numpy as np
import pytest

from ganzoo.data.base import Dataset, Item
from ganzoo.errors import DataError


class Images(Dataset):
    """Random images; some indices cannot be read."""

    def __init__(self, count=10, shape=(1, 8, 8), bad=(), name="images"):
        random = np.random.default_rng(0)
        self.shape, self.bad, self.name = shape, bad, name
        channels, height, width = shape
        size = (count, height, width) if channels == 1 else (count, height, width, channels)
        self.images = random.integers(256, size=size, dtype=np.uint8)
        self.labels = random.integers(3, size=count)
        self.reads = Counter()

    def __len__(self):
        return len(self.images)

    def read(self, index):
        self.reads[index] += 1
        if index in self.bad:
            raise DataError(f"{index}.png: broken")
        return Item(self.images[index], int(self.labels[index]))

    @property
    def fingerprint(self):
        return self.name


@pytest.fixture
def make_images():
    return Images


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Decoded data goes to a folder of the test's own."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
