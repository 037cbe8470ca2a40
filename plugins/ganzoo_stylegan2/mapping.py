"""From latents and classes to styles.

Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks,
2019; classes as in Karras et al., Training Generative Adversarial Networks with Limited Data, 2020.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers import EqualLinear, full_precision


class Mapping(nn.Module):
    """Latents ``(N, latent_dim)``, classes, or both, to rows ``(N, length)``, in full precision.

    Args:
        latent_dim: Length of a latent; 0 for classes alone.
        num_classes: 0 for latents alone.
        length: Of a row that is returned.
        layers: How many follow on each other.
        rate: By how much they learn more slowly.
    """

    def __init__(
        self, latent_dim: int, num_classes: int, length: int, layers: int, rate: float
    ) -> None:
        super().__init__()
        self.latent_dim, self.num_classes = latent_dim, num_classes
        self.classes = EqualLinear(num_classes, length) if num_classes else None
        widths = [latent_dim + (length if num_classes else 0), *[length] * layers]
        self.layers = nn.ModuleList(
            EqualLinear(before, after, rate=rate, active=True)
            for before, after in itertools.pairwise(widths)
        )

    def forward(self, latents: Tensor | None, labels: Tensor | None = None) -> Tensor:
        """Map a batch; labels int64 ``(N,)`` where there are classes."""
        parts = [] if latents is None else [latents]
        if self.classes is not None:
            if labels is None:
                raise ValueError("conditional networks need labels")
            weight = self.classes.weight
            with full_precision(weight.device):
                parts.append(self.classes(F.one_hot(labels, self.num_classes).to(weight.dtype)))
        first = self.layers[0]
        assert isinstance(first, EqualLinear)
        with full_precision(first.weight.device):
            rows = torch.cat([_normalised(p.to(first.weight.dtype)) for p in parts], dim=1)
            for layer in self.layers:
                rows = layer(rows)
        return rows


def _normalised(rows: Tensor) -> Tensor:
    """Divide rows by the root of their mean square."""
    return rows * (rows.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
