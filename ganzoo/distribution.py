"""Several processes on one run: native torch.distributed, and no wrapper around any network.

Each process computes its rows of every global batch (see `ganzoo.randomness`); what they exchange
is one flat mean of the gradients in each phase. Everything here does nothing where a process is
alone.
"""

from __future__ import annotations

import atexit
import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

# Its functions take for a default the group that there is when they are imported, as an optimizer's
# first step does. A group that they held would outlive `_leave`, and the threads that it left would
# abort the end of the process.
import torch.distributed.nn
from safetensors.torch import load, save
from torch import Tensor

from ganzoo.errors import GanzooError, RunError


class LostProcessError(GanzooError):
    """Another process of the run cannot be reached any more."""

    shared = True


@dataclass(frozen=True)
class Processes:
    """The processes that share a run.

    Attributes:
        rank: This process's number among all.
        world: The number of all.
        local_rank: This process's number on its machine, and that of its GPU.
        local_world: The number on this machine.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there are no others."""
        return self.world == 1

    def command(self) -> str:
        """What starts ganzoo in as many processes, for messages."""
        if self.alone:
            return "ganzoo"
        machines = self.world // self.local_world
        nodes = f"--nnodes {machines} " if machines > 1 else ""
        return f"torchrun {nodes}--nproc-per-node {self.local_world} -m ganzoo"


def launched() -> Processes:
    """Tell what torchrun, or whoever sets the same variables, has started."""
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys():
        return Processes()
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    return Processes(
        rank,
        world,
        int(os.environ.get("LOCAL_RANK", rank)),
        int(os.environ.get("LOCAL_WORLD_SIZE", world)),
    )


def join(processes: Processes, device: torch.device) -> None:
    """Meet the other processes, once: gloo carries CPU tensors and NCCL those of GPUs."""
    if processes.alone or dist.is_initialized():
        return
    backend, index = "gloo", None
    if device.type == "cuda":
        torch.cuda.set_device(device)
        backend, index = "cpu:gloo,cuda:nccl", device
    with _reaching_others():
        dist.init_process_group(backend, device_id=index)
    atexit.register(_leave)


def _leave() -> None:
    # NCCL would wait for processes that are lost.
    if dist.is_initialized() and not (_lost and torch.cuda.is_available()):
        dist.destroy_process_group()


_lost: list[BaseException] = []
"""Why others cannot be reached, if they cannot."""


@contextmanager
def _reaching_others() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        _lost.append(error)
        raise LostProcessError(
            "another process of this run ended or cannot be reached (see its own message); "
            "resume the run to continue from its last checkpoint"
        ) from error


def barrier(processes: Processes) -> None:
    """Wait until every process is here."""
    if not processes.alone:
        with _reaching_others():
            dist.barrier()


@contextmanager
def first_goes_ahead(processes: Processes) -> Iterator[None]:
    """Let the first process do what is inside before all others do."""
    if not processes.first:
        barrier(processes)
    yield
    if processes.first:
        barrier(processes)


def check_agreement(processes: Processes, facts: Mapping[str, str]) -> None:
    """Check that the processes agree in facts, by name; else raise RunError."""
    if processes.alone:
        return
    digests = [hashlib.blake2b(text.encode(), digest_size=7).digest() for text in facts.values()]
    numbers = torch.tensor([int.from_bytes(digest) for digest in digests])
    low, high = numbers.clone(), numbers.clone()
    with _reaching_others():
        dist.all_reduce(low, dist.ReduceOp.MIN)
        dist.all_reduce(high, dist.ReduceOp.MAX)
    differing = [name for name, same in zip(facts, (low == high).tolist(), strict=True) if not same]
    if differing:
        raise RunError(
            f"the {processes.world} processes differ in {' and '.join(differing)}; start all of "
            "them with the same command, data and versions"
        )


def broadcast(processes: Processes, tensors: Iterable[Tensor]) -> None:
    """Give the first process's tensors to all, in place."""
    if not processes.alone:
        _as_one(tensors, lambda flat: dist.broadcast(flat, 0))


def number_of_first(processes: Processes, number: int) -> int:
    """Return the first process's number to all."""
    shared = torch.tensor(number)
    broadcast(processes, [shared])
    return int(shared)


def average(processes: Processes, tensors: Iterable[Tensor]) -> None:
    """Replace floating-point tensors by their means over all processes, in place.

    They are sent as one flat tensor, and the means are copied back, so that each keeps its memory
    layout: a gradient that were a view into the flat tensor would have another than its parameter,
    which fused optimizers do not notice.
    """
    if processes.alone:
        return

    def mean(flat: Tensor) -> None:
        dist.all_reduce(flat)
        flat /= processes.world

    _as_one((tensor for tensor in tensors if tensor.is_floating_point()), mean)


def gathered(processes: Processes, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return the tensors of every process, by rank, on the CPU; they may differ in all respects."""
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    if processes.alone:
        return [own]
    data = torch.frombuffer(bytearray(save(own)), dtype=torch.uint8)
    sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(processes.world)]
    with _reaching_others():
        dist.all_gather(sizes, torch.tensor([len(data)]))
        longest = max(int(size) for size in sizes)
        parts = [torch.zeros(longest, dtype=torch.uint8) for _ in sizes]
        dist.all_gather(parts, torch.cat([data, data.new_zeros(longest - len(data))]))
    return [load(bytes(part[: int(n)].numpy())) for part, n in zip(parts, sizes, strict=True)]


def _as_one(tensors: Iterable[Tensor], operation: Callable[[Tensor], object]) -> None:
    groups: dict[torch.dtype, list[Tensor]] = defaultdict(list)
    for tensor in tensors:
        groups[tensor.dtype].append(tensor.detach())
    for group in groups.values():
        flat = torch.cat([tensor.reshape(-1) for tensor in group])
        with _reaching_others():
            operation(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in group])
        torch._foreach_copy_(group, [p.view(t.shape) for p, t in zip(parts, group, strict=True)])


class Vote:
    """Lets all processes learn after the same step that one of them was asked to stop.

    A signal reaches them at different moments, and one that stopped by itself would leave the
    others waiting. The votes of a step travel while it is computed and are counted after it.
    """

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self._ballot = torch.zeros(1, dtype=torch.int32)
        self._count: dist.Work | None = None

    def cast(self, stop: bool) -> bool:
        """Vote before a step; return whether any voted for stopping a step ago (alone: now)."""
        if self.processes.alone:
            return stop
        decided = self.close()
        self._ballot = torch.tensor([int(stop)], dtype=torch.int32)
        with _reaching_others():
            self._count = dist.all_reduce(self._ballot, dist.ReduceOp.MAX, async_op=True)
        return decided

    def close(self) -> bool:
        """Count the votes that are out, and tell whether any was for stopping."""
        if self._count is not None:
            with _reaching_others():
                self._count.wait()
            self._count = None
        return bool(self._ballot.item())
