"""The JSON schema of a run's config, with the fields of every installed plugin."""

from typing import Any

from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from ganzoo import registry
from ganzoo.config import Model, RunConfig
from ganzoo.errors import PluginError

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema of config files, for editors and checkers.

    Every field may be left out but ``architecture.name``. Plugins that do not load are left out.
    """
    architectures = _configs("architectures")
    losses, penalties, datasets = (_configs(g) for g in ("losses", "penalties", "datasets"))
    sections: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in RunConfig.model_fields.items()
        if name not in ("architecture", "loss", "penalties", "data")
    }
    shared = create_model("Run", __base__=Model, **sections)
    models = [shared, *architectures.values(), *losses.values(), *penalties.values()]
    models += datasets.values()
    references, definitions = models_json_schema([(m, "validation") for m in models])
    refs = {model: references[model, "validation"] for model in models}
    schema = dict(definitions["$defs"].pop(refs[shared]["$ref"].rpartition("/")[2]))
    schema["properties"] |= {
        "architecture": _choice("name", architectures, refs, required=True),
        "loss": _choice("name", losses, refs),
        "data": _choice("source", datasets, refs, other="folder"),
        "penalties": {
            "type": ["object", "null"],
            "properties": {
                name: {"anyOf": [refs[model], {"type": "null"}]}
                for name, model in penalties.items()
            },
            "additionalProperties": False,
        },
    }
    schema |= {"$schema": DIALECT, "title": "ganzoo run config", "required": ["architecture"]}
    return schema | definitions


def _configs(group: str) -> dict[str, type[BaseModel]]:
    """Each name's config class, under a class name of its own, as schemas are keyed by it."""
    result: dict[str, type[BaseModel]] = {}
    for name in registry.names(group):
        try:
            config = registry.find(group, name).spec().config
        except PluginError:
            continue
        title = f"{group}_{name}".replace("-", "_").replace(":", "_")
        result[name] = create_model(title, __base__=config, __doc__=config.__doc__)
    return result


def _choice(
    key: str,
    models: dict[str, type[BaseModel]],
    refs: dict[type[BaseModel], Any],
    *,
    required: bool = False,
    other: str | None = None,
) -> dict[str, Any]:
    """One of several mappings, told apart by a field; or that field's value alone."""
    cases = []
    for name, model in models.items():
        value: dict[str, Any] = {"const": name}
        if name == other:
            value = {"type": "string", "not": {"enum": [n for n in models if n != other]}}
        needed = [key] if required or name == other else []
        cases.append({"allOf": [refs[model]], "properties": {key: value}, "required": needed})
    names: dict[str, Any] = {"type": "string"}
    if other is None:
        names["enum"] = list(models)
    return {"anyOf": [names, *cases]}
