"""Laying one mapping of values over another, with the shorthands that configs allow."""

from collections.abc import Mapping
from typing import Any

from ganzoo import registry
from ganzoo.config import RunConfig, TrainingConfig
from ganzoo.config.written import Written, settled
from ganzoo.errors import ConfigError, closest
from ganzoo.resolve.dotted import field_paths, meant

NAMED = {section: group.key for section, group in registry.SECTIONS.items()}
"""Sections that name a plugin, and the field that does; the name alone is short for the section."""

OPTIONAL = ("ema", "finetune")
"""Sections that may be null."""

Values = dict[str, Any]


def expand(values: Mapping[str, Any]) -> Values:
    """Replace every shorthand by what it stands for.

    ``architecture: dcgan`` becomes ``{name: dcgan}``, and an optimizer's name likewise.

    Raises:
        ConfigError: A section is unknown or is not of its kind.
    """
    result: Values = {}
    for section, value in values.items():
        if section not in RunConfig.model_fields:
            raise ConfigError(
                f"unknown section {section!r:.60}{closest(str(section), RunConfig.model_fields)}"
            )
        if section in NAMED and isinstance(value, str):
            value = {NAMED[section]: value}
        if section == "optimizers" and isinstance(value, Mapping):
            value = {
                player: {"name": item} if isinstance(item, str) else item
                for player, item in value.items()
            }
        if value is None and section not in OPTIONAL:
            raise ConfigError(f"{section}: null is not allowed; leave it out for the defaults")
        if value is not None and not isinstance(value, Mapping):
            allowed = "a mapping of fields" + (" or a name" if section in NAMED else "")
            raise ConfigError(f"{section}: {value!r:.60} is not allowed; it must be {allowed}")
        result[section] = value
    return result


def merge(low: Values, high: Mapping[str, Any]) -> Values:
    """Lay expanded values over others.

    A changed name drops what the lower layer set for the old one. ``null`` in the place
    of a penalty removes it.
    """
    result = dict(low)
    for section, value in high.items():
        below = result.get(section)
        if section == "penalties":
            result[section] = _merge_penalties(below or {}, value)
        elif section == "optimizers" and below:
            result[section] = {
                player: _overlay(below.get(player), value.get(player, {}), "name")
                for player in {**below, **value}
            }
        else:
            result[section] = _overlay(below, value, NAMED.get(section))
    return result


def _merge_penalties(low: Values, high: Mapping[str, Any]) -> Values:
    """``null`` stays, so that the result, laid over the recipe again, removes the same ones."""
    result = dict(low)
    for label, value in high.items():
        below = {"name": label, **(low.get(label) or {})}
        result[label] = None if value is None else _overlay(below, value, "name")
    return result


def _overlay(low: Any, high: Any, name: str | None) -> Any:
    if isinstance(low, Mapping) and isinstance(high, Written):
        high = high.value
    if not isinstance(low, Mapping) or not isinstance(high, Mapping):
        return high
    if name and name in high and high[name] != low.get(name, high[name]):
        return dict(high)
    result = dict(low)
    for key, value in high.items():
        below = result.get(key)
        # A schedule is one value, so it is replaced as a whole.
        result[key] = value if _is_schedule(value) else _overlay(below, value, None)
    return result


def _is_schedule(value: Any) -> bool:
    return isinstance(value, Mapping) and "schedule" in value


def nest(overrides: Mapping[str, Any], below: Mapping[str, Any] | None = None) -> Values:
    """Turn ``{"training.steps": 2000}`` into nested values.

    A key that names no section is short for the field of ``training`` of that name.

    Args:
        overrides: Values by dotted key.
        below: The config that they are laid over: an unknown key is looked for in all of it.

    Raises:
        ConfigError: A key names nothing, or two keys contradict each other.
    """
    result: Values = {}
    unknown = []
    for key, value in overrides.items():
        path = key.split(".")
        if path[0] not in RunConfig.model_fields:
            if len(path) > 1 or path[0] not in TrainingConfig.model_fields:
                unknown.append(key)
                continue
            path.insert(0, "training")
        # What is named may have any name, but a folder that begins so is written ./{name}.
        mapping = isinstance(value, Written) and value.startswith("{")
        if path[0] in NAMED and len(path) == 1 and isinstance(value, str) and not mapping:
            path.append(NAMED[path[0]])
        for part in reversed(path):
            value = {part: value}
        _join(result, settled(value, RunConfig), key)
    if unknown:
        key, sections = unknown[0], [*RunConfig.model_fields]
        hint = meant(key, [*sections, *field_paths({**(below or {}), **result})])
        known = [*sections, *TrainingConfig.model_fields]
        raise ConfigError(f"{key}: unknown key{hint or closest(key.partition('.')[0], known)}")
    return result


def flat(values: Any, prefix: str = "") -> Values:
    """Turn nested values into ``{"training.steps": 2000}``; an empty mapping is a value."""
    if not isinstance(values, Mapping) or not values:
        return {prefix: values}
    return {
        name: item
        for key, value in values.items()
        for name, item in flat(value, f"{prefix}.{key}".lstrip(".")).items()
    }


def _join(values: Values, others: Mapping[str, Any], key: str) -> None:
    """Put other values into nested ones; both say nothing of the same field."""
    for name, value in others.items():
        if isinstance(value, Mapping) and isinstance(values.setdefault(name, {}), dict):
            _join(values[name], value, key)
        elif name in values:
            raise ConfigError(
                f"{key}: another override gives {name} as well; leave one of them out"
            )
        else:
            values[name] = value
