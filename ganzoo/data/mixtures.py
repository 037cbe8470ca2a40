"""Mixtures of 2-D Gaussians, on which dropped modes can be counted."""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Dataset, Item
from ganzoo.data.config import Grid25Config, MixtureConfig, Ring8Config


class GaussianMixture(Dataset):
    """Points about given centres, float32 (modes, 2), all equally likely; the same for a config."""

    kind: Literal["images", "vectors"] = "vectors"
    shape = (2,)

    def __init__(self, config: MixtureConfig, centres: NDArray[np.float32]) -> None:
        random = np.random.default_rng(0)
        self.centres, self.std = centres, config.std
        which = random.integers(len(centres), size=config.samples)
        noise = random.normal(scale=config.std, size=(config.samples, 2))
        self._points = (centres[which] + noise).astype(np.float32)
        # Unit variance in each coordinate, from the config alone, so that it is the same for any
        # number of points.
        variance = centres.astype(np.float64).var(axis=0) + config.std**2
        self.shift = tuple((centres.astype(np.float64).mean(axis=0).round(6) + 0.0).tolist())
        self.scale = tuple(np.sqrt(variance).round(6).tolist())
        self._fingerprint = f"{type(self).__name__.lower()}-{config.samples}-{config.std!r}"

    def __len__(self) -> int:
        return len(self._points)

    def read(self, index: int) -> Item:
        """Return one point, float32 (2,)."""
        return Item(self._points[index], 0)

    @property
    def fingerprint(self) -> str:
        """The parameters, which determine every point."""
        return self._fingerprint


class Ring8(GaussianMixture):
    """Eight centres on a circle."""

    def __init__(self, config: Ring8Config) -> None:
        angles = np.arange(8) * (math.tau / 8)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        super().__init__(config, (config.radius * circle).astype(np.float32))
        self._fingerprint += f"-{config.radius!r}"


class Grid25(GaussianMixture):
    """Five by five centres about the origin."""

    def __init__(self, config: Grid25Config) -> None:
        line = config.spacing * np.arange(-2, 3)
        grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        super().__init__(config, grid.astype(np.float32))
        self._fingerprint += f"-{config.spacing!r}"
