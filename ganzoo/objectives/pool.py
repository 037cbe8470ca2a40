"""A pool of earlier fakes, so that a critic does not forget what it has seen.

Source: Shrivastava et al., Learning from Simulated and Unsupervised Images through Adversarial
Training, 2017, section 2.3; used so by Zhu et al., Unpaired Image-to-Image Translation using
Cycle-Consistent Adversarial Networks, 2017.
"""

import torch
from torch import Tensor

from ganzoo.randomness import Draws


class Pool:
    """Keeps up to `size` fakes; of a full one a half of what is shown is older.

    Samples take turns in the order of their batch: one that is exchanged leaves the pool for good,
    and is itself what a later one of the batch may get.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: Tensor | None = None
        """``(size + 1, *shape)``; the last row is a place for what is not kept."""
        self.filled = 0

    def shown(self, fakes: Tensor, draws: Draws) -> Tensor:
        """Take in fakes ``(N, *shape)``, and return as many for the critic to see.

        Args:
            fakes: Detached ones.
            draws: The random numbers of the batch, with N rows.
        """
        if not self.size:
            return fakes
        if self.kept is None:
            self.kept = fakes.new_zeros(self.size + 1, *fakes.shape[1:])
        free = min(self.size - self.filled, len(fakes))
        self.kept[self.filled : self.filled + free] = fakes[:free]
        self.filled += free
        if free == len(fakes):
            return fakes
        exchanged = self._exchanged(
            fakes[free:],
            draws.uniform("pool exchange")[free:] < 0.5,
            draws.integers("pool slot", self.size)[free:],
        )
        return torch.cat([fakes[:free], exchanged])

    def _exchanged(self, fakes: Tensor, exchange: Tensor, slots: Tensor) -> Tensor:
        """Exchange some of the fakes for what is in their slots, one after the other."""
        assert self.kept is not None
        rows = torch.arange(len(fakes), device=fakes.device)
        same = (slots[:, None] == slots) & exchange & (rows < rows[:, None])
        # The last row before each that took its slot, or -1.
        before = torch.where(same, rows, -1).amax(dim=1)
        shape = [-1] + [1] * (fakes.dim() - 1)
        older = torch.where((before >= 0).view(shape), fakes[before.clamp(min=0)], self.kept[slots])
        result = torch.where(exchange.view(shape), older, fakes)
        # Of several that take one slot the last one stays; the others go to the extra row.
        later = ((slots[:, None] == slots) & exchange & (rows > rows[:, None])).any(dim=1)
        self.kept.index_copy_(0, torch.where(exchange & ~later, slots, self.size), fakes)
        return result

    def state(self) -> dict[str, Tensor]:
        """Return what is in it."""
        if self.kept is None:
            return {}
        return {"pool": self.kept[: self.filled]}

    def load_state(self, tensors: dict[str, Tensor], device: torch.device) -> None:
        """Take over what `state` returned; empty where there is nothing."""
        found = tensors.get("pool")
        self.filled, self.kept = 0, None
        if found is not None and len(found) <= self.size:
            self.filled = len(found)
            self.kept = torch.zeros(
                self.size + 1, *found.shape[1:], dtype=found.dtype, device=device
            )
            self.kept[: self.filled] = found.to(device)
