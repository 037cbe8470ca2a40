"""Attention among the places of maps."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Adds to every place what it finds at others: x + gamma · o(A g).

    gamma is a number, 0 at the start. Queries θ and keys φ have an eighth of the channels, values g
    a half; keys and values are halved in height and width by max pooling. A = softmax over the keys
    of θᵀφ, which is not scaled by the number of channels. The four 1x1 convolutions have no bias.

    Source: Zhang et al., Self-Attention Generative Adversarial Networks, 2019.

    Args:
        channels: Of the maps; at least 2.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        asked = max(1, channels // 8)
        self.query = nn.Conv2d(channels, asked, 1, bias=False)
        self.key = nn.Conv2d(channels, asked, 1, bias=False)
        self.value = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.output = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, C, H, W)`` of even height and width to the same shape."""
        queries = self.query(maps).flatten(2)
        keys = F.max_pool2d(self.key(maps), 2).flatten(2)
        values = F.max_pool2d(self.value(maps), 2).flatten(2)
        attended = torch.softmax(queries.transpose(1, 2) @ keys, dim=2)
        found = (values @ attended.transpose(1, 2)).reshape(len(maps), -1, *maps.shape[2:])
        return maps + self.gamma * self.output(found)  # type: ignore[no-any-return]
