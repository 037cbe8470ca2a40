"""Where a run computes, and with which arithmetic."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganzoo.config import TrainingConfig
from ganzoo.distribution import Processes, launched
from ganzoo.errors import ConfigError

LOAD_FILE = Path("/proc/loadavg")


@dataclass(frozen=True)
class Hardware:
    """A device, and a precision (``fp32``, ``bf16``, ``fp64``) with the reason for it."""

    device: torch.device
    precision: str
    reason: str
    processes: Processes

    @property
    def dtype(self) -> torch.dtype:
        """The type of parameters, optimizer state and samples."""
        return torch.float64 if self.precision == "fp64" else torch.float32

    def forward(self) -> AbstractContextManager[object]:
        """The context of a network's forward pass: bf16 where that is the precision."""
        if self.precision != "bf16":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)


def choose(config: TrainingConfig) -> Hardware:
    """Choose the device and the precision of a config; ConfigError where they cannot be had."""
    processes = launched()
    device = _device(config.device, processes)
    if config.precision == "fp64" and device.type == "mps":
        raise ConfigError("training.precision: fp64 is not available on mps; use fp32")
    if config.precision == "auto":
        precision, reason = automatic_precision(device)
        return Hardware(device, precision, reason, processes)
    return Hardware(device, config.precision, "asked for", processes)


def automatic_precision(device: torch.device) -> tuple[str, str]:
    """Return the precision that ``auto`` means on a device, and why: bf16 only where native."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        name = torch.cuda.get_device_name(device)
        return ("bf16", f"{name} has bf16") if native else ("fp32", f"{name} has no native bf16")
    if device.type == "cpu":
        # Absent before torch 2.12.
        found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        for feature in ("amx_bf16", "avx512_bf16"):
            if found.get(feature):
                return "bf16", f"this processor has {feature}"
        return "fp32", "this processor has no native bf16 (avx512_bf16 or amx)"
    return "fp32", f"bf16 is not used on {device.type}"


def busy_note(device: torch.device) -> list[str]:
    """Note that threads of torch would wait for a processor that others use."""
    threads, count = torch.get_num_threads(), os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else count
    load = _load()
    free = max(min(usable, count - round(load)), 1)
    if device.type != "cpu" or round(load) < 1 or threads <= free:
        return []
    return [
        f"this machine is busy (a load of {load:.1f} on {count} cores), and torch uses {threads} "
        f"threads, which then wait for each other: OMP_NUM_THREADS={free} may be much faster"
    ]


def _load() -> float:
    """How many others run: in the last minute, and where Linux says so, at this moment too.

    The mean alone still holds what ended a minute ago, as a run before this one.
    """
    if not hasattr(os, "getloadavg"):
        return 0.0
    load = os.getloadavg()[0]
    try:
        running = LOAD_FILE.read_text(encoding="ascii").split()[3].partition("/")[0]
        return min(load, float(running) - 1)  # without this process
    except (OSError, ValueError, IndexError):
        return load


def _device(name: str, processes: Processes) -> torch.device:
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        kinds = ("cuda", "mps") if processes.alone else ("cuda",)
        usable = accelerator is not None and accelerator.type in kinds
        name = accelerator.type if usable and accelerator else "cpu"
    device = torch.device(name)
    if not processes.alone:
        return _one_of_several(device, processes)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise ConfigError(
            f"training.device: this machine has no {name} ({count or 'no'} CUDA devices); use "
            "auto or cpu"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("training.device: this machine has no mps; use auto or cpu")
    return device


def _one_of_several(device: torch.device, processes: Processes) -> torch.device:
    """Give each process of a machine a GPU of its own, or the CPU to all."""
    if device.type == "mps" or device.index is not None:
        raise ConfigError(
            f"training.device: {device} is for one process, and {processes.world} were started; "
            "use cuda or cpu"
        )
    if device.type == "cuda" and processes.local_world > torch.cuda.device_count():
        raise ConfigError(
            f"training.device: cuda needs a GPU for each of the {processes.local_world} processes "
            f"of a machine, and there are {torch.cuda.device_count()}; start fewer, or use cpu"
        )
    return torch.device("cuda", processes.local_rank) if device.type == "cuda" else device


@contextmanager
def backend_flags(device: torch.device, deterministic: bool) -> Iterator[None]:
    """Set torch's global flags for a run, and put them back after it."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = (
        cudnn.benchmark,
        cudnn.allow_tf32,
        matmul.allow_tf32,
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    try:
        cudnn.benchmark = not deterministic
        cudnn.allow_tf32 = matmul.allow_tf32 = True
        if deterministic:
            if device.type == "cuda":
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
        yield
    finally:
        cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before[:3]
        torch.use_deterministic_algorithms(before[3], warn_only=before[4])
