"""Optimizers by name, their schedules, and their state as plain tensors."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.config import (
    AdamConfig,
    AdamWConfig,
    OptimizerConfig,
    RmspropConfig,
    Schedule,
    SgdConfig,
    value_at,
)

FUSED_DEVICES = ("cpu", "cuda", "mps")


class Optimizer:
    """A torch optimizer over a player's networks, whose rates follow the samples seen.

    Attributes:
        parameters: The parameters that are optimized.
    """

    def __init__(self, config: OptimizerConfig, networks: Mapping[str, nn.Module]) -> None:
        self.config = config
        named = {
            f"{role}.{name}": parameter
            for role, network in networks.items()
            for name, parameter in network.named_parameters()
            if parameter.requires_grad
        }
        self.names, self.parameters = list(named), list(named.values())
        fused = self.parameters[0].device.type in FUSED_DEVICES
        values = _values(config, 0)
        extra: dict[str, Any]
        self.inner: torch.optim.Optimizer
        match config:
            case AdamConfig():
                kind = torch.optim.AdamW if isinstance(config, AdamWConfig) else torch.optim.Adam
                self.inner = kind(self.parameters, eps=config.eps, fused=fused, **values)
            case RmspropConfig():
                extra = {"alpha": config.alpha, "eps": config.eps, "momentum": config.momentum}
                self.inner = torch.optim.RMSprop(self.parameters, foreach=True, **extra, **values)
            case SgdConfig():
                extra = {"nesterov": config.nesterov}
                self.inner = torch.optim.SGD(self.parameters, fused=fused, **extra, **values)
        rates = [config.lr]
        if isinstance(config, AdamConfig):
            rates += config.betas
        elif isinstance(config, SgdConfig):
            rates.append(config.momentum)
        self._scheduled = any(isinstance(rate, Schedule) for rate in rates)

    def step(self, samples: int) -> None:
        """Update the parameters with the rates that hold after a number of samples."""
        if self._scheduled:
            for group in self.inner.param_groups:
                group.update(_values(self.config, samples))
        self.inner.step()

    def state(self) -> dict[str, Tensor]:
        """Return the state as tensors named ``quantity:role.parameter``."""
        states = self.inner.state_dict()["state"]
        return {
            f"{quantity}:{self.names[index]}": tensor
            for index, values in states.items()
            for quantity, tensor in values.items()
            if isinstance(tensor, Tensor)
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over a state that `state` returned, each tensor in its parameter's memory layout.

        Fused kernels walk both side by side in memory, and would pair wrong elements.
        """
        parameters = dict(zip(self.names, self.parameters, strict=True))
        positions = {name: index for index, name in enumerate(self.names)}
        states: dict[int, dict[str, Any]] = {}
        for key, tensor in tensors.items():
            quantity, _, name = key.partition(":")
            parameter = parameters[name]
            if tensor.shape == parameter.shape:
                tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
            states.setdefault(positions[name], {})[quantity] = tensor
        groups = self.inner.state_dict()["param_groups"]
        self.inner.load_state_dict({"state": states, "param_groups": groups})


def _values(config: OptimizerConfig, samples: int) -> dict[str, Any]:
    """The arguments that may be scheduled, and weight decay."""
    values: dict[str, Any] = {
        "lr": value_at(config.lr, samples),
        "weight_decay": config.weight_decay,
    }
    if isinstance(config, AdamConfig):
        values["betas"] = tuple(value_at(beta, samples) for beta in config.betas)
    elif isinstance(config, SgdConfig):
        values["momentum"] = value_at(config.momentum, samples)
    return values
