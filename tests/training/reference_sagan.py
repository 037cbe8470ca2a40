"""Networks with self-attention and their loops, written down plainly once more.

As in `reference_loops`: nothing here uses ganzoo, and parameters and buffers stand in the order in
which ours are registered.
"""


import torch
from torch import Tensor, nn

from tests.training.reference_sngan import Normalised


class Attention(nn.Module):
    """Each place adds a mean of what is at all places, weighed by how well their keys fit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(()))
        self.query, self.key = (nn.Conv2d(width, width // 8, 1, bias=False) for _ in range(2))
        self.value = nn.Conv2d(width, width // 2, 1, bias=False)
        self.out = nn.Conv2d(width // 2, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        n, _, high, wide = x.shape
        query = self.query(x).view(n, -1, high * wide)
        key, value = (
            layer(x)
            .view(n, -1, high // 2, 2, wide // 2, 2)
            .amax((3, 5))
            .view(n, -1, high * wide // 4)
            for layer in (self.key, self.value)
        )
        scores = (query[:, :, :, None] * key[:, :, None, :]).sum(1).exp()
        weights = scores / scores.sum(2, keepdim=True)
        found = (value[:, :, None, :] * weights[:, None]).sum(3)
        return x + self.gamma * self.out(found.view(n, -1, high, wide))


def normalised(network: nn.Module, but: type = Normalised) -> nn.Module:
    """Put spectral norm on all layers of a network except for those in modules of a kind."""
    for name, layer in list(network.named_children()):
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
            setattr(network, name, Normalised(layer))
        elif not isinstance(layer, but | Normalised):
            normalised(layer, but)
    return network
