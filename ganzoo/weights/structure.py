"""What the tensors of a network are for, found from the network itself.

A network may say in which stages it works, by a method ``stages()``. Which axes hold its classes or
its channels is found by building it without memory a second time, with one class more or with other
channels, and comparing shapes.
"""

from collections.abc import Mapping

import torch
from torch import nn

from ganzoo.building import build_network
from ganzoo.config import ArchitectureConfig

Stage = list[nn.Module]


def tells_stages(network: nn.Module) -> bool:
    """Tell whether a network has a method ``stages()``, and no module of that name."""
    told = getattr(network, "stages", None)
    return callable(told) and not isinstance(told, nn.Module)


def stages(network: nn.Module) -> list[Stage]:
    """Return the stages of a network, from its input to its output.

    These are what its ``stages()`` returns, modules or sequences of modules; where it has no such
    method, its direct children that have parameters, in their order.
    """
    if tells_stages(network):
        told = network.stages()  # type: ignore[operator]
        return [[s] if isinstance(s, nn.Module) else [*s] for s in told]
    return [[child] for child in network.children() if next(child.parameters(), None) is not None]


def class_axes(role: str, config: ArchitectureConfig) -> dict[str, int]:
    """Find the parameters that hold classes: by name the axis, whose last entries are the classes.

    That is the first axis of an embedding, and the second of a linear layer that is given one-hot
    classes after its other inputs.
    """
    if not config.num_classes:
        return {}
    more = config.model_copy(update={"num_classes": config.num_classes + 1})
    return _changing(_shapes(role, config), _shapes(role, more))


def channel_axes(role: str, config: ArchitectureConfig, channels: int) -> dict[str, int]:
    """Find the parameters whose shape is another with so many channels: by name the axis."""
    shape = config.sample_shape
    if len(shape) == 1 or shape[0] == channels:
        return {}
    other = config.model_copy(update={"sample_shape": (channels, *shape[1:])})
    return _changing(_shapes(role, config), _shapes(role, other))


def counterparts(old: nn.Module, new: nn.Module) -> dict[str, str]:
    """Pair the tensors of two generators with different numbers of stages.

    The first stages belong together, as they take the latents; the others are counted from the
    output, so that what makes the finest details goes on doing so.

    Returns:
        By name in the new network the name in the old one, or empty where it has no counterpart;
        nothing where both have the same number of stages.
    """
    before, after = _names(old), _names(new)
    if len(before) == len(after) or not (before and after):
        return {}
    pairs = {name: "" for names in after for name in names}
    shared = min(len(before), len(after)) - 1
    together = [(before[0], after[0])]
    together += [(before[-n], after[-n]) for n in range(1, shared + 1)]
    for theirs, ours in together:
        if len(theirs) == len(ours):
            pairs |= zip(ours, theirs, strict=True)
        else:
            pairs |= {name: name for name in ours if name in theirs}
    return pairs


def _names(network: nn.Module) -> list[list[str]]:
    """The names of the tensors of each stage."""
    places = {module: name for name, module in network.named_modules()}
    keys = list(network.state_dict())
    return [
        [key for module in stage for key in keys if key.startswith(f"{places[module]}.")]
        for stage in stages(network)
    ]


def _shapes(role: str, config: ArchitectureConfig) -> dict[str, torch.Size]:
    network = build_network(role, config, seed=0, device="meta")
    return {name: p.shape for name, p in network.named_parameters(remove_duplicate=False)}


def _changing(shapes: Mapping[str, torch.Size], others: Mapping[str, torch.Size]) -> dict[str, int]:
    """The one axis in which each tensor differs from that of the same name, where it is one."""
    axes = {}
    for name in shapes.keys() & others.keys():
        one, other = shapes[name], others[name]
        if len(one) == len(other):
            differ = [axis for axis in range(len(one)) if one[axis] != other[axis]]
            if len(differ) == 1:
                axes[name] = differ[0]
    return axes
