"""Networks with what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.config import ArchitectureConfig
from ganzoo.spec import Architecture
from ganzoo.weights.description import Info
from ganzoo.weights.reading import WeightsSource
from ganzoo.weights.saving import save as write_folder


class Network(nn.Module):
    """A plugin's module with what is known of it; its state dict is the inner module's.

    Attributes:
        module: The plugin's own module.
        role: What it is called in its architecture.
        config: The architecture's config.
        info: Which plugin built it, how it was trained and what its data is like.
        source: Where its weights were loaded from, down to the commit; None where it was made here.
    """

    def __init__(
        self,
        module: nn.Module,
        info: Info,
        source: WeightsSource | None = None,
        *,
        role: str | None = None,
    ) -> None:
        super().__init__()
        self.module = module
        self.info = info
        self.source = source
        self.role = role or self._usual_role()

    def _usual_role(self) -> str:
        """The first role of its kind."""
        return registry.get(Architecture, self.info.architecture.name).makers[0]

    @property
    def config(self) -> ArchitectureConfig:
        """The architecture's config."""
        return self.info.architecture

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the inner module's state dict, without a prefix."""
        return self.module.state_dict(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Load the inner module's state dict."""
        return self.module.load_state_dict(state_dict, *args, **kwargs)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # As part of a larger module, too, the keys are the inner module's.
        for key in [key for key in state_dict if key.startswith(prefix)]:
            state_dict[f"{prefix}module.{key.removeprefix(prefix)}"] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    @property
    def device(self) -> torch.device:
        """Where the network's parameters are."""
        return next(self.module.parameters()).device

    def save(self, folder: str | Path) -> Path:
        """Write this network into a weights folder (see `ganzoo.weights`).

        Returns:
            The folder.
        """
        return write_folder(folder, self.info, {self.role: self.module})

    def __repr__(self) -> str:
        """Say in one line what it is; ``print(network.module)`` shows every layer."""
        config, count = self.config, sum(p.numel() for p in self.module.parameters())
        parts = [
            f"{config.name}, preset {config.preset}",
            f"{self.info.data.kind} {'x'.join(map(str, config.sample_shape))}",
            f"{config.num_classes} classes" if config.num_classes else "",
            f"{count:,} parameters",
            f"from {self.source.reference}" if self.source else "",
        ]
        return f"{type(self).__name__}({', '.join(filter(None, parts))})"

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        """Call the plugin's module."""
        return self.module(*inputs, **keywords)


class Discriminator(Network):
    """A discriminator: samples ``(N, *sample_shape)`` in [-1, 1] to logits."""

    def _usual_role(self) -> str:
        return registry.get(Architecture, self.info.architecture.name).critics[0]

    def forward(
        self, samples: Tensor, labels: Tensor | None = None, condition: Tensor | None = None
    ) -> Any:
        """Score samples; what is returned is the plugin's own: logits, several, or a Critique."""
        given = (samples, labels) if condition is None else (samples, labels, condition)
        return self.module(*given)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[nn.Module]:
    """Keep a network in evaluation mode, in which it gathers no statistics, and put it back."""
    modes = [(part, part.training) for part in network.modules()]
    network.eval()
    try:
        yield network
    finally:
        for part, mode in modes:
            part.training = mode
