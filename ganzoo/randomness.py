"""Random numbers that belong to a position in a run, so that nothing of them needs to be stored.

Every number is drawn for the whole global batch from a generator that is seeded with its place
(seed, step, phase, purpose), and a process takes its own rows. Resuming, accumulating and splitting
a batch over processes therefore see the same numbers.
"""

import hashlib
import inspect
import operator
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from ganzoo.numbers import whole_number

MAX_SEED = 2**63 - 1

TURN = threading.RLock()
"""Held by a thread while it draws from the global random state: threads take turns."""


def checked_seed(seed: SupportsIndex | None) -> int:
    """Return an integer of any type as a seed, or draw one; else raise RequestError."""
    if seed is None:
        return random.SystemRandom().randint(0, MAX_SEED)
    return whole_number("the seed", seed, 0, MAX_SEED)


def seed_for(*place: int | str) -> int:
    """Hash a place in a run to a seed of 63 bits; integers of every type are the same place."""
    plain = tuple(part if isinstance(part, str) else int(operator.index(part)) for part in place)
    digest = hashlib.blake2b(repr(plain).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class Draws:
    """The random numbers of one phase of one step, for some rows of its global batch.

    Args:
        place: What tells this phase from all others of the run, the seed included.
        size: Rows of the global batch.
        rows: The rows that this object returns.
        device: Where numbers are drawn and returned.
        dtype: The floating-point type of what is returned. Drawing is in float32 in any case.
    """

    def __init__(
        self,
        place: tuple[int | str, ...],
        size: int,
        rows: slice = slice(None),
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.place, self.size, self.rows = place, size, rows
        self.device, self.dtype = torch.device(device), dtype
        self._generator = torch.Generator(device=self.device)

    def __len__(self) -> int:
        """Count the rows."""
        return len(range(self.size)[self.rows])

    def within(self, purpose: str, count: int | None = None) -> "Draws":
        """Return the draws of a place inside of this one, for the first `count` of the rows."""
        first, last, pace = self.rows.indices(self.size)
        rows = slice(first, last if count is None else min(last, first + count * pace), pace)
        return Draws((*self.place, purpose), self.size, rows, self.device, self.dtype)

    def every(self, pace: int) -> "Draws":
        """Return the same draws for the rows 0, pace, 2 pace, ... of these."""
        first, last, before = self.rows.indices(self.size)
        rows = slice(first, last, before * pace)
        return Draws(self.place, self.size, rows, self.device, self.dtype)

    def normal(self, purpose: str, *shape: int) -> Tensor:
        """Draw standard normal numbers, ``(rows, *shape)``."""
        return self._drawn(torch.randn, purpose, shape)

    def uniform(self, purpose: str, *shape: int) -> Tensor:
        """Draw numbers uniform in [0, 1), ``(rows, *shape)``."""
        return self._drawn(torch.rand, purpose, shape)

    def integers(self, purpose: str, high: int) -> Tensor:
        """Draw int64 numbers uniform in [0, high), ``(rows,)``."""
        numbers = torch.randint(high, (self.size,), generator=self._at(purpose), device=self.device)
        return numbers[self.rows]

    def latents(self, purpose: str, length: int, distribution: str) -> Tensor:
        """Draw latents ``(rows, length)``: ``normal``, or ``uniform`` in [-1, 1]."""
        if distribution == "normal":
            return self.normal(purpose, length)
        return self.uniform(purpose, length) * 2 - 1

    def once(self, purpose: str) -> Tensor:
        """Draw one number uniform in [0, 1) that all rows of the global batch share; a scalar."""
        source = self._at(purpose)
        return torch.rand((), generator=source, device=self.device).to(self.dtype)

    def _drawn(self, draw: Any, purpose: str, shape: tuple[int, ...]) -> Tensor:
        source, size = self._at(purpose), (self.size, *shape)
        numbers: Tensor = draw(size, generator=source, device=self.device, dtype=torch.float32)
        return numbers[self.rows].to(self.dtype)

    def _at(self, purpose: str) -> torch.Generator:
        return self._generator.manual_seed(seed_for(*self.place, purpose))


def takes_draws(network: nn.Module) -> bool:
    """Whether a network's ``forward`` takes the random numbers of its batch."""
    return "draws" in inspect.signature(network.forward).parameters


@contextmanager
def isolated(device: torch.device, seed: int | None = None) -> Iterator[None]:
    """Keep the random state of the CPU and of a device from what happens inside, and seed both.

    Without a seed they stay as they are; with one, other threads wait.
    """
    accelerator = [device] if device.type not in ("cpu", "meta") else []
    kind = accelerator[0].type if accelerator else "cuda"
    turn = nullcontext() if seed is None else TURN
    with turn, torch.random.fork_rng(devices=accelerator, device_type=kind):
        if seed is not None:
            seed_global(device, seed)
        yield


def seed_global(device: torch.device, seed: int) -> None:
    """Seed the global random state of the CPU and of one device.

    (``torch.manual_seed`` would seed every GPU of the machine.)
    """
    torch.default_generator.manual_seed(seed)
    if device.type not in ("cpu", "meta"):
        state = torch.Generator(device=device).manual_seed(seed).get_state()
        torch.get_device_module(device).set_rng_state(state, device)
