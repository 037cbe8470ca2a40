"""What changes of colour have in common."""

from collections.abc import Callable

import torch
from torch import Tensor


def of_colors(change: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """Change the colours of images ``(N, C, H, W)``; the last of four channels is not a colour."""
    if samples.shape[1] != 4:
        return change(samples)
    return torch.cat([change(samples[:, :3]), samples[:, 3:]], dim=1)
