"""What torch keeps for a thread or a process, set so that no result depends on a caller's choice.

Every public function that draws numbers, builds networks or computes with them enters
`own_settings`, and nothing below it names them again.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from ganzoo import memory
from ganzoo.errors import RequestError, brief

KINDS = ("cpu", "cuda", "mps", "xpu")
"""Devices that a caller may have entered autocast for."""

_lock = threading.Lock()
_inside, _outer = 0, torch.float32


@contextmanager
def own_settings(*, grad: bool) -> Iterator[None]:
    """Compute in float32, on the CPU unless a device is named, without a caller's autocast.

    A caller's default type, default device, autocast, grad mode and inference mode hold again
    afterwards. A shortage of memory inside becomes a RequestError.
    """
    with ExitStack() as stack:
        stack.enter_context(_float32())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.set_grad_enabled(grad))
        if torch.get_default_device().type != "cpu":  # as the mode costs time in every call
            stack.enter_context(torch.device("cpu"))
        for kind in KINDS:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        try:
            yield
        except Exception as error:
            if not memory.is_shortage(error):
                raise
            raise RequestError(
                f"there is not enough memory ({brief(error)}); ask for fewer samples, smaller "
                "batches or smaller networks"
            ) from error


@contextmanager
def _float32() -> Iterator[None]:
    """Set the default type, which is the process's: the last thread that leaves puts it back."""
    global _inside, _outer
    with _lock:
        if not _inside:
            _outer = torch.get_default_dtype()
            torch.set_default_dtype(torch.float32)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                torch.set_default_dtype(_outer)
