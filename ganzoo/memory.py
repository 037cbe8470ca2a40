"""How much memory there is, asked before much of it is taken."""

from contextlib import suppress
from pathlib import Path

import torch

from ganzoo.errors import RequestError

GROUP = Path("/sys/fs/cgroup")
"""Where Linux keeps how much memory a container may use, and how much it does."""

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
    with suppress(OSError, ValueError, KeyError):  # there is none, or it says "max"
        limit, used, stat = (
            (GROUP / f"memory.{name}").read_text(encoding="ascii")
            for name in ("max", "current", "stat")
        )
        parts = dict(line.split() for line in stat.splitlines())
        # Files that are merely cached are given back when memory is asked for.
        cached = int(parts["active_file"]) + int(parts["inactive_file"])
        known.append(max(int(limit) - int(used) + cached, 0))
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
