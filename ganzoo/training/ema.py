"""The moving average of a network's weights, which is what is sampled and published."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ganzoo.config import EmaConfig, value_at


class Ema:
    """An exponential moving average of a network's parameters.

    Only parameters are averaged. Statistics of batch norm have to be estimated anew with the
    averaged weights, and all other buffers are copied when it is used: averaging the vectors of
    spectral norm would break them.
    """

    def __init__(self, config: EmaConfig, network: nn.Module) -> None:
        self.config = config
        self._names = [name for name, _ in network.named_parameters()]
        self._sources = list(network.parameters())
        self._averages = [parameter.detach().clone() for parameter in self._sources]

    def update(self, samples: int, batch: int) -> None:
        """Move the average to the weights, after a batch that is the last of the run's samples."""
        half_life = value_at(self.config.half_life, samples)
        if self.config.ramp_up is not None:
            half_life = min(half_life, self.config.ramp_up * samples)
        begun = half_life > 0 and samples > self.config.start
        decay = 0.5 ** (batch / half_life) if begun else 0.0
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average(self._averages, self._sources, 0)

    def state(self) -> dict[str, Tensor]:
        """Return the averages by parameter name."""
        return dict(zip(self._names, self._averages, strict=True))

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over averages that `state` returned."""
        for name, average in self.state().items():
            average.copy_(tensors[name])

    @torch.no_grad()
    def apply_to(self, network: nn.Module) -> None:
        """Put the averages into a copy of the network."""
        for parameter, average in zip(network.parameters(), self._averages, strict=True):
            parameter.copy_(average)
