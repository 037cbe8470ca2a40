"""What a network's tensors must be like to be trained, copied, kept and loaded."""

from collections.abc import Mapping

import torch
from torch import nn

from ganzoo.errors import PluginError

OLD_NORMS = ("torch.nn.utils.weight_norm", "torch.nn.utils.spectral_norm")
"""Hooks that torch has replaced by parametrizations."""


def check_network(role: str, network: nn.Module) -> None:
    """Check that a network's tensors can be trained, copied, kept and loaded (PluginError)."""
    for name, module in network.named_modules():
        for hook in module._forward_pre_hooks.values():
            kind = type(hook).__module__
            if kind in OLD_NORMS:
                raise PluginError(
                    f"{name or 'a module'} of the {role} uses {kind}, which makes a network "
                    "impossible to copy; use torch.nn.utils.parametrizations instead"
                )
    for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
        if nn.parameter.is_lazy(tensor):
            raise PluginError(
                f"{name} of the {role} belongs to a lazy layer, whose shape is unknown until it is "
                "called; give the layer the size of its input"
            )
        if isinstance(tensor, nn.Parameter) and not tensor.is_floating_point():
            raise PluginError(
                f"the parameter {name} of the {role} is {tensor.dtype}, and only floating-point "
                "numbers are trained; make it a buffer, or split it into real and imaginary parts"
            )
        pairs = zip(tensor.stride(), torch.empty_like(tensor).stride(), tensor.shape, strict=True)
        if any(stride != dense for stride, dense, size in pairs if size > 1):
            raise PluginError(
                f"{name} of the {role} is a view that repeats or skips memory (from expand or a "
                "slice), which optimizers and files cannot store; add .clone() or .contiguous()"
            )


def check_apart(networks: Mapping[str, nn.Module]) -> None:
    """Check that networks, updated one by one, hold no memory in common (PluginError)."""
    owners: dict[int, tuple[str, str]] = {}
    for role, network in networks.items():
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
            other, known = owners.setdefault(tensor.untyped_storage().data_ptr(), (role, name))
            if other != role and tensor.numel():
                raise PluginError(
                    f"{name} of the {role} and {known} of the {other} share memory; create a "
                    "tensor for each network in its constructor"
                )
