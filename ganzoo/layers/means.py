"""Running means that do not depend on how a batch is split."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class RunningMean(nn.Module):
    """A mean of rows over the updates of a training: value ← keep · value + (1 - keep) · mean.

    In training, a network hands in its rows with `measure`, as often as there are parts of a
    batch. The trainer moves the mean once in an update, by the mean of all of them in all
    processes. The state dict has one entry, ``value``.

    Args:
        shape: Of a row.
        keep: How much of the mean an update keeps.
    """

    value: Tensor

    def __init__(self, *shape: int, keep: float) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(shape))
        self.keep = keep
        self.paused = False
        self._sum: Tensor | None = None
        self._parts = 0

    def measure(self, rows: Tensor) -> None:
        """Hand in the rows ``(N, *shape)`` of one part of a batch; nothing happens in eval mode."""
        if self.training and not self.paused:
            mean = rows.detach().mean(dim=0).to(self.value.dtype)
            self._sum = mean if self._sum is None else self._sum + mean
            self._parts += 1

    def measured(self) -> Tensor | None:
        """Take the mean of what was handed in since the last time; None if there was nothing."""
        total, parts = self._sum, self._parts
        self._sum, self._parts = None, 0
        return None if total is None else total / parts

    @torch.no_grad()
    def move(self, mean: Tensor) -> None:
        """Follow the mean of an update."""
        self.value.lerp_(mean, 1 - self.keep)


@contextmanager
def unmeasured(network: nn.Module) -> Iterator[None]:
    """Hand in nothing inside: for passes that are not part of an update."""
    means = [module for module in network.modules() if isinstance(module, RunningMean)]
    for mean in means:
        mean.paused = True
    try:
        yield
    finally:
        for mean in means:
            mean.paused = False
