"""What a loss needs of the critics whose verdicts it reads."""

from __future__ import annotations

from typing import get_args

from ganzoo.config import ArchitectureConfig
from ganzoo.errors import ConfigError
from ganzoo.spec import Architecture, LossSpec


def check_loss(spec: Architecture, config: ArchitectureConfig, loss: LossSpec) -> list[str]:
    """Check that critics return all that a loss reads of their critiques.

    Returns:
        What a user should know, as sentences.

    Raises:
        ConfigError: They do not.
    """
    returned = spec.traits(config).critic_extras
    for extra in loss.critic_extras:
        if extra not in returned:
            raise ConfigError(
                f"loss: {loss.name} reads {extra} from the discriminator's critique, and that of "
                f"{spec.name} returns none; {_cure(spec, config, extra)}, or choose another loss"
            )
    unread = "classes" in returned and "classes" not in loss.critic_extras
    return [f"the loss {loss.name} does not train the discriminator's classifier"] * unread


def _cure(spec: Architecture, config: ArchitectureConfig, extra: str) -> str:
    """Find a choice in the architecture's config whose critics return something."""
    for name, field in type(config).model_fields.items():
        for choice in get_args(field.annotation):
            if isinstance(choice, str):
                other = config.model_copy(update={name: choice})
                if extra in spec.traits(other).critic_extras:
                    return f"set architecture.{name}={choice}"
    return "choose an architecture that does"
