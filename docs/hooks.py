"""Descriptions of commands, configs and limits, made from the code at every build.

MkDocs calls `on_page_markdown` for each page (``hooks`` in ``mkdocs.yml``), which replaces the
marks in `MAKERS` by texts.
"""

import ast
import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from ganzoo import registry
from ganzoo.about import DISTRIBUTION
from ganzoo.cli import app
from ganzoo.config import (
    AugmentationConfig,
    DataConfig,
    EmaConfig,
    EvaluationConfig,
    FinetuneConfig,
    HealthConfig,
    LatentConfig,
    LoggingConfig,
    PenaltyConfig,
    Schedule,
    TrainingConfig,
)
from ganzoo.config.documents import MAX_DEPTH, dump_yaml
from ganzoo.config.optimizers import OPTIMIZERS
from ganzoo.hub.pulling import BESIDE
from ganzoo.importing.reader import bounds
from ganzoo.spec import Architecture
from ganzoo.weights import description
from ganzoo.weights.description import CONFIG_FILE, MAX_CONFIG_BYTES
from ganzoo.weights.metadata import MAX_CARD_BYTES, MAX_METADATA_CHARACTERS
from ganzoo.weights.saving import CARD_FILE, RECIPE_FILE, SHEET_FILE
from ganzoo.weights.strict import MAX_BYTES, MAX_HEADER_BYTES

Schema = Mapping[str, Any]

SECTIONS: dict[str, type[BaseModel]] = {
    "training": TrainingConfig,
    "ema": EmaConfig,
    "evaluation": EvaluationConfig,
    "health": HealthConfig,
    "logging": LoggingConfig,
    "finetune": FinetuneConfig,
}
"""The sections of a config that have no plugins."""

HIDDEN = {"name", "preset", "source"}
"""Fields that name a plugin; the text around the tables describes them once."""

BEYOND = 10**12
"""A limit from here on only catches slips, and is left out."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks by the generated texts."""
    for mark, make in MAKERS.items():
        if mark in markdown:
            markdown = markdown.replace(mark, make())
    return markdown


def commands() -> str:
    """Describe every command of the command line: usage, arguments, options."""
    return "\n\n".join(
        _command(name, command) for name, command in walk("ganzoo", typer.main.get_command(app))
    )


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands below one, with their full names; a group itself is not yielded."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, item in inner.items():
        yield from walk(f"{name} {word}", item)


def _command(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=name)
    usage = re.sub("[{}]", "", " ".join([name, *command.collect_usage_pieces(context)]))
    summary, *paragraphs = command.help.split("\n\n")
    parts = [f"## `{name}`", summary.replace("\n", " "), f"```text\n{usage}\n```"]
    for paragraph in paragraphs:
        text, _, example = paragraph.partition("For instance: ")
        parts.append(f"```console\n{example}\n```" if example else text.replace("\n", " "))
    records = [parameter.get_help_record(context) for parameter in command.params]
    rows = [(f"`{left}`", right) for left, right in filter(None, records)]
    if rows:
        parts.append(table(("argument or option", "meaning"), rows))
    return "\n\n".join(parts)


def sections() -> str:
    """Describe the sections whose fields belong to ganzoo itself."""
    return "\n\n".join(_model(f"`{name}`", model) for name, model in SECTIONS.items())


def optimizers() -> str:
    """Describe every optimizer."""
    return "\n\n".join(_model(f"`{name}`", model, level=3) for name, model in OPTIMIZERS.items())


def schedule() -> str:
    """Describe the mapping that replaces a scheduled number."""
    return _fields(Schedule)


def architectures() -> str:
    """Describe the shared fields of architectures, then each with its own fields and presets."""
    parts = [_model("Every architecture", LatentConfig, level=3)]
    for spec in _own("architectures"):
        parts += [_plugin(spec, LatentConfig), *_presets(spec)]
    return "\n\n".join(parts)


def objectives() -> str:
    """Describe each objective."""
    return _group("objectives", None)


def losses() -> str:
    """Describe each loss."""
    return _group("losses", None)


def penalties() -> str:
    """Describe the shared fields of penalties, then each."""
    return "\n\n".join(
        [_model("Every penalty", PenaltyConfig, level=3), _group("penalties", PenaltyConfig)]
    )


def augmentations() -> str:
    """Describe each augmentation."""
    return _group("augmentations", AugmentationConfig)


def datasets() -> str:
    """Describe the shared fields of datasets, then each."""
    return "\n\n".join(
        [_model("Every source", DataConfig, level=3), _group("datasets", DataConfig)]
    )


def limits() -> str:
    """Return the limits of files that a stranger may have written."""
    rows = [
        (
            f"`{CONFIG_FILE}`",
            f"{MAX_CONFIG_BYTES:,} bytes, {description.MAX_VALUES:,} values, "
            f"{MAX_DEPTH} levels deep",
        ),
        (
            "a safetensors file",
            f"the size that its config implies, with {MAX_HEADER_BYTES:,} bytes of header; "
            f"{MAX_BYTES:,} bytes in total",
        ),
        (
            f"`{CARD_FILE}`",
            f"{MAX_CARD_BYTES:,} bytes; its metadata {MAX_METADATA_CHARACTERS:,} characters, "
            f"{MAX_DEPTH} levels deep",
        ),
        *((f"`{name}`", f"{BESIDE[name]:,} bytes") for name in (SHEET_FILE, RECIPE_FILE)),
    ]
    return table(("file", "at most"), rows)


def imports() -> str:
    """List the layouts of other tools' checkpoints that can be imported."""
    rows = [
        (f"`{form.name}`", f"`{spec.name}`", form.title, ", ".join(form.asks.values()) or "nothing")
        for spec in _own("architectures")
        for form in spec.imports
    ]
    return table(("format", "architecture", "written by", "asked for"), sorted(rows))


def reader_bounds() -> str:
    """Return what the reader of foreign checkpoints allows at most, and why."""
    body = ast.parse(Path(bounds.__file__).read_text(encoding="utf-8")).body
    rows = []
    for pair in pairwise(body):
        match pair:
            case ast.Assign([ast.Name(name)]), ast.Expr(ast.Constant(str(reason))):
                rows.append((f"`{name}`", f"{getattr(bounds, name):,}", " ".join(reason.split())))
    return table(("bound", "at most", "reason"), rows)


def _group(group: str, shared: type[BaseModel] | None) -> str:
    return "\n\n".join(_plugin(spec, shared) for spec in _own(group))


def _own(group: str) -> list[Any]:
    """The specs that the project itself offers, whatever else is installed or registered."""
    offers = (offer for rivals in registry.installed()[group].values() for offer in rivals)
    return [offer.spec() for offer in offers if offer.distribution == DISTRIBUTION]


def _plugin(spec: Any, shared: type[BaseModel] | None) -> str:
    """A plugin's heading, summary, source, and the fields that its group does not share."""
    paper = f" ({spec.paper}.)" if spec.paper else ""
    head = f"### `{spec.name}`\n\n{spec.summary}{paper}"
    return f"{head}\n\n{_fields(spec.config, shared)}".strip()


def _presets(spec: Architecture) -> Iterator[str]:
    """Each preset's summary, and its config."""
    for name, preset in spec.presets.items():
        recipe = dataclasses.asdict(preset.recipe)
        recipe = {name: said for name, said in recipe.items() if said not in ({}, "")}
        values = {"architecture": {"name": spec.name, "preset": name, **preset.values}, **recipe}
        default = " (default)" if name == spec.default_preset else ""
        yield f"**Preset `{name}`**{default}: {preset.summary}"
        yield f"```yaml\n{dump_yaml(json.loads(json.dumps(values)))}```"


def _model(title: str, model: type[BaseModel], *, level: int = 2) -> str:
    first = (model.__doc__ or "").partition("Attributes:")[0].strip()
    text = re.sub(r"\s*\n\s*(?!\n)", " ", first)
    return f"{'#' * level} {title}\n\n{text}\n\n{_fields(model)}"


def _fields(model: type[BaseModel], shared: type[BaseModel] | None = None) -> str:
    """A table of fields, without those that are the same in a shared model."""
    schema = model.model_json_schema()
    known = {} if shared is None else shared.model_json_schema()["properties"]
    rows = [
        (f"`{name}`", allowed(field), _default(field), field.get("description", ""))
        for name, field in schema["properties"].items()
        if field != known.get(name) and name not in HIDDEN
    ]
    return table(("field", "allowed", "default", "meaning"), rows) if rows else ""


def allowed(schema: Schema) -> str:
    """Describe in words the values that a JSON schema allows."""
    if cases := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(map(allowed, cases))
    if "$ref" in schema:
        return "[schedule](#schedules)"
    if "enum" in schema:
        return ", ".join(f"`{item}`" for item in schema["enum"])
    match schema["type"]:
        case "array" if "prefixItems" in schema:
            items = {allowed(item) for item in schema["prefixItems"]}
            return f"{len(schema['prefixItems'])} of: {' or '.join(sorted(items))}"
        case "array":
            return f"list of: {allowed(schema['items'])}"
        case "boolean":
            return "`true`, `false`"
        case "string":
            return "text"
        case "null":
            return "`null`"
        case kind:
            return f"{kind}{_bounds(schema)}"


def _bounds(schema: Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [
        f"{sign} {schema[key]:,}"
        for key, sign in signs.items()
        if key in schema and schema[key] < BEYOND
    ]
    return f" {', '.join(bounds)}" if bounds else ""


def _default(field: Schema) -> str:
    if "default" not in field:
        return "required"
    value = field["default"]
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table."""
    head = list(head)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


MAKERS: dict[str, Callable[[], str]] = {
    f"<!-- made from the code: {maker.__name__} -->": maker
    for maker in (
        commands,
        sections,
        optimizers,
        schedule,
        architectures,
        objectives,
        losses,
        penalties,
        augmentations,
        datasets,
        limits,
        imports,
        reader_bounds,
    )
}
"""Each mark, and the function that makes its text."""
