"""Building networks by the name of their architecture."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.instancenorm import _InstanceNorm

from ganzoo import registry
from ganzoo.config import ArchitectureConfig
from ganzoo.errors import ConfigError, GanzooError, PluginError, brief, closest
from ganzoo.memory import check_room
from ganzoo.randomness import checked_seed, isolated, seed_for
from ganzoo.resolve.validation import check_architecture, validate
from ganzoo.settings import own_settings
from ganzoo.spec import Architecture
from ganzoo.tensors import check_network


def architecture_config(name: str, preset: str | None = None, **values: Any) -> ArchitectureConfig:
    """Make an architecture's config from a preset and values of one's own (ConfigError)."""
    spec = registry.get(Architecture, name)
    preset = preset or spec.default_preset
    if preset not in spec.presets:
        raise ConfigError(f"{name} has no preset {preset!r}{closest(preset, spec.presets)}")
    merged = {**spec.presets[preset].values, **values, "name": name, "preset": preset}
    config = validate(spec.config, merged, "architecture")
    check_architecture(spec, config)
    return config


@own_settings(grad=True)
def build_network(
    role: str, config: ArchitectureConfig, seed: int | None = None, device: str = "cpu"
) -> nn.Module:
    """Build the plugin's module of a role, initialised as its config says.

    A seed leaves the global random state alone, from which weights are drawn without one. On the
    device ``meta`` a network takes no memory.

    Raises:
        RequestError: The seed is out of range, or there is not enough memory.
        PluginError: The network cannot be trained, kept and loaded.
    """
    draws: AbstractContextManager[object] = nullcontext()
    if seed is not None:
        draws = isolated(torch.device("cpu"), seed_for(checked_seed(seed), "initialise", role))
    place = nullcontext() if device == "cpu" else torch.device(device)
    with draws, place:
        module = registry.instantiate("architectures", config.name, config, role=role)
    assert isinstance(module, nn.Module)
    check_network(role, module)
    for part in module.modules():
        if isinstance(part, _InstanceNorm):
            part.register_forward_hook(_with_a_gradient_of_its_layout)
    return module


def _with_a_gradient_of_its_layout(norm: nn.Module, inputs: Any, output: Tensor) -> Tensor:
    """Lay the gradient of an instance norm's output out as that is.

    On the CPU torch (2.14) mistakes a gradient of one image with its channels last for one with
    them first, and everything before the norm learns from numbers in the wrong places.
    """
    return output.flatten(1).view_as(output)


def check_memory(roles: Sequence[str], config: ArchitectureConfig, times: int = 1) -> None:
    """Check that networks have room, `times` over, before any is built (RequestError)."""
    need = 0
    for role in roles:
        try:
            with isolated(torch.device("cpu"), 0):
                network = build_network(role, config, device="meta")
        except GanzooError:
            raise
        except Exception as error:  # a plugin may raise anything
            raise PluginError(
                f"the {role} cannot be built on the meta device, as loading needs "
                f"({brief(error)}); do not read weights in its constructor"
            ) from error
        need += sum(4 * tensor.numel() for tensor in network.parameters())
    cure = "choose smaller values for the architecture"
    what = f"the weights of the {' and '.join(roles)}"
    check_room(what, times * need, torch.device("cpu"), cure)
