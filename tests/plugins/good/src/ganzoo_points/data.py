"""A dataset, free of torch."""

import math
from typing import ClassVar, Literal

import numpy as np
from ganzoo.data.base import Dataset, Item

from ganzoo_points.config import SpiralsConfig


class Spirals(Dataset):
    """Points on the arms of a spiral; the same points for the same config."""

    kind: ClassVar[Literal["images", "vectors"]] = "vectors"
    shape = (2,)

    def __init__(self, config: SpiralsConfig) -> None:
        random = np.random.default_rng(0)
        self._labels = np.arange(config.samples) % config.arms
        radius = np.sqrt(random.uniform(size=config.samples))
        angle = math.tau * (config.turns * radius + self._labels / config.arms)
        points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points += config.std * random.standard_normal(points.shape)
        self._points = points.astype(np.float32)
        self.class_names = tuple(f"arm {number}" for number in range(config.arms))
        # The mean square of the radius is 1/2, of which each coordinate has one half.
        self.shift, self.scale = (0.0, 0.0), (0.5, 0.5)
        self._fingerprint = (
            f"spirals-{config.samples}-{config.arms}-{config.turns!r}-{config.std!r}"
        )

    def __len__(self) -> int:
        return len(self._points)

    def read(self, index: int) -> Item:
        """Return one point, float32 (2,), and the number of its arm."""
        return Item(self._points[index], int(self._labels[index]))

    @property
    def fingerprint(self) -> str:
        """The parameters, which determine every point."""
        return self._fingerprint
