"""Means and covariances of features that are never all held."""

from typing import Self

import torch
from torch import Tensor


class Moments:
    """The mean and covariance of features, in float64, updated batch by batch.

    Args:
        length: Of a feature.
        device: Where they are kept.

    Attributes:
        count: Features seen.
        mean: ``(length,)``.
        scatter: ``(length, length)``, the sum of outer products of what differs from the mean.
    """

    def __init__(self, length: int, device: str | torch.device = "cpu") -> None:
        self.count = 0
        self.mean = torch.zeros(length, dtype=torch.float64, device=device)
        self.scatter = torch.zeros(length, length, dtype=torch.float64, device=device)

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """Take the moments of features ``(N, length)``."""
        return cls(features.shape[1], features.device).update(features)

    def update(self, features: Tensor) -> Self:
        """Take in a batch.

        The batch is centred by its own mean first, so that a large mean costs no digits (Chan et
        al., Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979).

        Args:
            features: ``(N, length)``.
        """
        batch = features.double()
        count = len(batch)
        if not count:
            return self
        mean = batch.mean(dim=0)
        centred = batch - mean
        total = self.count + count
        apart = mean - self.mean
        self.scatter.addmm_(centred.T, centred)
        self.scatter.addr_(apart, apart, alpha=self.count * count / total)
        self.mean += apart * (count / total)
        self.count = total
        return self

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance ``(length, length)``; of fewer than two features not a number."""
        return self.scatter / (self.count - 1)
