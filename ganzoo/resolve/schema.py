"""The JSON schema of a run's config, with the fields of every installed plugin."""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from ganzoo import registry
from ganzoo.config import Model, RunConfig
from ganzoo.config.optimizers import OPTIMIZERS
from ganzoo.errors import PluginError
from ganzoo.resolve.augmented import AUTO
from ganzoo.resolve.paths import UNNAMED
from ganzoo.spec import ObjectiveSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLUGIN_SECTIONS = {*registry.SECTIONS, "penalties", "optimizers"}
FROM_THE_DATA = {"sample_shape", "source_shape", "num_classes"}

Schema = dict[str, Any]
Models = Mapping[str, type[BaseModel]]


def json_schema() -> Schema:
    """Return the schema of config files, for editors and checkers.

    Every field may be left out but ``architecture.name``. Plugins that do not load are left out.
    """
    plugins = {group.section: _configs(group.name) for group in registry.GROUPS.values()}
    del plugins[""]  # extractors are no part of a run's config
    sections: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in RunConfig.model_fields.items()
        if name not in PLUGIN_SECTIONS
    }
    shared = create_model("Run", __base__=Model, **sections)
    groups: list[Models] = [*plugins.values(), OPTIMIZERS]
    models: list[type[BaseModel]] = [
        shared,
        *(model for group in groups for model in group.values()),
    ]
    references, definitions = models_json_schema([(model, "validation") for model in models])
    refs: dict[type[BaseModel], Schema] = {m: references[m, "validation"] for m in models}

    definition: dict[str, Schema] = definitions["$defs"]
    for model in plugins["architecture"].values():
        fields = definition[_key(refs[model])]["properties"]
        for name in FROM_THE_DATA & fields.keys():
            fields[name] = _or_null(fields[name])
    optimizer = _choice("name", OPTIMIZERS, refs)
    schema = definition.pop(_key(refs[shared]))
    schema["properties"] |= {
        "architecture": _choice("name", plugins["architecture"], refs, required=True),
        "objective": _choice("name", plugins["objective"], refs),
        "loss": _choice("name", plugins["loss"], refs),
        "data": _choice("source", plugins["data"], refs, paths=UNNAMED),
        "augmentation": _choice("name", plugins["augmentation"], refs, alone=AUTO),
        "optimizers": _mapping(dict.fromkeys(_players(), optimizer)),
        "penalties": _penalties(plugins["penalties"], refs),
    }
    schema |= {"$schema": DIALECT, "title": "ganzoo run config", "required": ["architecture"]}
    return schema | definitions


def _configs(group: str) -> dict[str, type[BaseModel]]:
    """Each name's config class, under a class name of its own, as schemas are keyed by it."""
    result = {}
    for name in registry.names(group):
        try:
            config: type[BaseModel] = registry.find(group, name).spec().config
        except PluginError:
            continue
        title = f"{group}_{name}".replace("-", "_").replace(":", "_")
        result[name] = create_model(title, __base__=config, __doc__=config.__doc__)
    return result


def _choice(
    key: str,
    models: Models,
    refs: Mapping[type[BaseModel], Schema],
    *,
    required: bool = False,
    paths: Collection[str] = (),
    alone: str | None = None,
) -> Schema:
    """One of several mappings, told apart by a field; or that field's value alone."""
    cases = []
    for name, model in models.items():
        value: Schema = {"const": name}
        if name in paths:
            value = {"type": "string", "not": {"enum": list(models)}}
        needed = [key] if required or name in paths else []
        cases.append({"allOf": [refs[model]], "properties": {key: value}, "required": needed})
    names: Schema = {"type": "string", "minLength": 1, "not": {"enum": list(paths)}}
    if not paths:
        names = {"enum": [*models, *([alone] if alone else [])]}
    if alone:
        cases.append(_mapping({key: {"const": alone}}))
    return {"anyOf": [names, *cases]}


def _penalties(models: Models, refs: Mapping[type[BaseModel], Schema]) -> Schema:
    """By label, which is the penalty's name where it gives none."""
    by_name: list[Schema] = [
        {"allOf": [refs[model]], "properties": {"name": {"const": name}}, "required": ["name"]}
        for name, model in models.items()
    ]
    named = [*by_name, {"type": "null"}]
    bare = {name: {"anyOf": [refs[model], *named]} for name, model in models.items()}
    return _mapping(bare) | {"additionalProperties": {"anyOf": named}}


def _players() -> list[str]:
    """The players of every objective that loads."""
    found: dict[str, None] = {}
    for name in registry.names("objectives"):
        outcome = registry.find("objectives", name).outcome if ":" not in name else None
        if isinstance(outcome, ObjectiveSpec):
            found |= dict.fromkeys(outcome.players)
    return [*found]


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _key(ref: Schema) -> str:
    key: str = ref["$ref"].rpartition("/")[2]
    return key
