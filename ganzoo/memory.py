"""How much memory there is, asked before much of it is taken."""

from contextlib import suppress
from pathlib import Path

import torch

from ganzoo.errors import RequestError

LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where Linux keeps what a container may use at most."""

SIGNS = (
    "DefaultCPUAllocator: ",
    "MPS backend out of memory",
    "Storage size calculation overflowed",
    "numel: integer multiplication overflow",
    "Overflow when unpacking long long",
)
"""Of messages by which torch says that there is too little, or that a size exceeds 64 bits."""


def available(device: torch.device) -> int | None:
    """Return how many bytes are free on a device; None where nobody knows."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type != "cpu":
        return None
    known = []
    with suppress(OSError, ValueError):  # there is none, or it says "max"
        known.append(int(LIMIT.read_text(encoding="ascii")))
    with suppress(OSError, ValueError, KeyError):  # another system
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        facts = dict(line.split(":") for line in lines)
        known.append(1024 * sum(int(facts[k].split()[0]) for k in ("MemAvailable", "SwapFree")))
    return min(known, default=None)


def check_room(what: str, need: int, device: torch.device, cure: str) -> None:
    """Check that something has room, before any of it is made; else a RequestError with a cure."""
    free = available(device)
    if free is not None and need > free:
        raise RequestError(
            f"{what} need {need / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free on "
            f"{device}; {cure}"
        )


def is_shortage(error: Exception) -> bool:
    """Tell whether an error says that memory was too small for what was asked."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return type(error) in (RuntimeError, TypeError) and any(s in str(error) for s in SIGNS)
