"""The fields of a config by dotted path, and which of them an unknown one may mean."""

import difflib
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from ganzoo import registry
from ganzoo.config import RunConfig
from ganzoo.config.optimizers import OPTIMIZERS
from ganzoo.errors import PluginError
from ganzoo.resolve.paths import dataset_name

LONGEST = 100
"""Characters of a name that is looked for, as the cost grows with the square."""

NEAR, AS_NEAR, MOST = 0.75, 0.05, 3
"""How alike a field has to be, how close to the best one, and how many are named."""


def field_paths(values: Mapping[str, Any]) -> list[str]:
    """Return every field by dotted path, with those of the plugins that a config names."""
    models = {name: [*_models(field.annotation)] for name, field in RunConfig.model_fields.items()}
    for section, group in registry.SECTIONS.items():
        named = _of_plugin(group.name, _at(values, section, group.key))
        models[section] = named or models[section]
    del models["optimizers"], models["penalties"]
    optimizers = values.get("optimizers")
    for player in optimizers if isinstance(optimizers, Mapping) else ():
        name = _at(values, "optimizers", player, "name")
        models[f"optimizers.{player}"] = [OPTIMIZERS.get(str(name), OPTIMIZERS["adam"])]
    penalties = values.get("penalties")
    for label in penalties if isinstance(penalties, Mapping) else ():
        named = _of_plugin("penalties", _at(values, "penalties", label, "name"))
        models[f"penalties.{label}"] = named or _of_plugin("penalties", label)
    return [f"{place}.{name}" for place, found in models.items() for name in _names(found)]


def fields_at(model: type[BaseModel], location: Iterable[Any]) -> list[str]:
    """Return the fields of whichever models may stand at a location."""
    models = [model]
    for part in location:
        inner = [m.model_fields[part].annotation for m in models if part in m.model_fields]
        if part in OPTIMIZERS:
            models = [OPTIMIZERS[part]]
        elif inner:  # else it is a key of a mapping, or a place in a list
            models = [found for annotation in inner for found in _models(annotation)]
    return _names(models)


def meant(unknown: str, known: Iterable[str]) -> str:
    """Say which paths an unknown one may mean, for the end of an error message.

    The words of its last part count, whatever their section; the section decides among equals.

    Returns:
        ``"; did you mean 'logging.every'?"`` for ``training.log_every``; empty where none is near.
    """
    if len(unknown) > LONGEST:
        return ""
    section = unknown.rpartition(".")[0]
    scores = {path: _likeness(unknown, path) for path in known}
    ranks = {
        path: score + 0.3 * _ratio(section, path.rpartition(".")[0])
        for path, score in scores.items()
        if score >= NEAR
    }
    best = max(ranks.values(), default=0.0)
    near = [path for path, rank in ranks.items() if rank >= best - AS_NEAR]
    near.sort(key=ranks.__getitem__, reverse=True)
    return f"; did you mean {' or '.join(map(repr, near[:MOST]))}?" if near else ""


def _likeness(unknown: str, path: str) -> float:
    """How far the words of two fields are found in each other's paths, from 0 to 1."""
    one, other = unknown.rpartition(".")[2], path.rpartition(".")[2]
    there, back = _found(one, path), _found(other, unknown)
    return max(2 * there * back / ((there + back) or 1), _ratio(one, other))


def _found(field: str, path: str) -> float:
    """The share of a field's words that a path has."""
    words, others = field.split("_"), re.split("[._]", path)
    return sum(max(_alike(word, other) for other in others) for word in words) / len(words)


def _alike(one: str, other: str) -> float:
    if one != other and min(len(one), len(other)) > 2 and one.startswith(other[: len(one)]):
        return 0.9  # as log begins logging
    ratio = _ratio(one, other)
    return ratio if ratio >= NEAR else 0.0


@functools.lru_cache(10_000)
def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _at(values: Any, *keys: str) -> Any:
    """What stands at a place; a name in the place of a mapping is its first field's value."""
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else values
    return values


def _of_plugin(group: str, name: Any) -> list[type[BaseModel]]:
    if not isinstance(name, str):
        return []
    name = dataset_name(name) if group == "datasets" else name
    # Where several distributions offer it, or it does not load, that is another error.
    outcomes = [offer.outcome for offer in registry.choices(group, name)]
    return [outcome.config for outcome in outcomes if not isinstance(outcome, PluginError)]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _names(models: Iterable[type[BaseModel]]) -> list[str]:
    return [field.alias or name for m in models for name, field in m.model_fields.items()]
