"""Creating untrained networks."""

from contextlib import suppress
from typing import Any

from torch import nn

from ganzoo.building import architecture_config, build_network, check_memory
from ganzoo.errors import PluginError
from ganzoo.networks.base import Discriminator
from ganzoo.networks.generator import Generator
from ganzoo.weights.description import Info


def create_generator(
    name: str, preset: str | None = None, *, seed: int | None = None, **values: Any
) -> Generator:
    """Create an untrained generator.

    Args:
        name: The architecture, as ``"dcgan"``.
        preset: Which of its presets; the default one where left out.
        seed: Seed of the initial weights; None takes torch's global random state.
        **values: Fields of the architecture's config, as ``sample_shape=(3, 64, 64)``.
    """
    return Generator(*_created("generator", name, preset, seed, values))


def create_discriminator(
    name: str, preset: str | None = None, *, seed: int | None = None, **values: Any
) -> Discriminator:
    """Create an untrained discriminator; arguments as those of `create_generator`."""
    return Discriminator(*_created("discriminator", name, preset, seed, values))


def _created(
    role: str, name: str, preset: str | None, seed: int | None, values: dict[str, Any]
) -> tuple[nn.Module, Info]:
    config = architecture_config(name, preset, **values)
    with suppress(PluginError):  # whatever is wrong is so again when it is built
        check_memory([role], config)
    return build_network(role, config, seed), Info.of(config)
