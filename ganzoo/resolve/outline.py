"""What a config says by itself, where its plugins or its data may be gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config import EvaluationConfig, HealthConfig, LoggingConfig, TrainingConfig
from ganzoo.errors import ConfigError
from ganzoo.resolve.merge import NAMED, merge
from ganzoo.resolve.resolution import DEFAULTS, user_values
from ganzoo.resolve.validation import shown, validate


@dataclass(frozen=True)
class Outline:
    """The names of the parts of a run, and the sections that belong to no plugin."""

    architecture: str
    loss: str
    data: str
    training: TrainingConfig
    evaluation: EvaluationConfig
    health: HealthConfig
    logging: LoggingConfig


def outline(config: Mapping[str, Any] | str | Path) -> Outline:
    """Read the outline of a config; nothing that it names is looked up or opened.

    Raises:
        ConfigError: The file cannot be read, or a value is not allowed.
    """
    values = merge(DEFAULTS, user_values(config))

    def name(section: str) -> str:
        found = values.get(section, {}).get(NAMED[section])
        if not isinstance(found, str):
            field = f"{section}.{NAMED[section]}"
            raise ConfigError(f"{field}: {shown(found)} is not allowed; it must be a name")
        return found

    return Outline(
        name("architecture"),
        name("loss"),
        name("data"),
        validate(TrainingConfig, values.get("training", {}), "training"),
        validate(EvaluationConfig, values.get("evaluation", {}), "evaluation"),
        validate(HealthConfig, values.get("health", {}), "health"),
        validate(LoggingConfig, values.get("logging", {}), "logging"),
    )
