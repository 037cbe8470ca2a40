"""Leaving the precision of training where numbers ask for it."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Leave autocast: operations inside keep the types of their inputs."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def type_of_products(maps: Tensor) -> torch.dtype:
    """Return the type that a convolution of these maps has, under autocast too."""
    kind = maps.device.type
    if maps.dtype == torch.float32 and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return maps.dtype
