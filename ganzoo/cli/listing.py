"""``list``, ``info`` and ``plugins``."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local
from ganzoo.cli.completion import described
from ganzoo.errors import RequestError, closest
from ganzoo.spec import Architecture
from ganzoo.terminal import printable

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ganzoo.spec import Role

PRETRAINED, IMPORTS = "pretrained", "imports"

MAX_NAMES = 20
"""How many of a long list are shown."""

MAX_ROWS = 40
"""How many rows of a table that a stranger's file can make long; with --json all of them are."""

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def _groups() -> list[str]:
    from ganzoo import registry

    return [*registry.GROUPS, PRETRAINED, IMPORTS]


def list_(
    group: Annotated[
        str,
        typer.Argument(metavar="GROUP", hidden=True, show_default=False, autocompletion=_groups),
    ] = "",
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", hidden=True, show_default=False)
    ] = "*",
    as_json: AsJson = False,
) -> None:
    """List what is installed, with a summary of each.

    GROUP is architectures, objectives, losses, penalties, augmentations, datasets, extractors,
    pretrained, or imports (the checkpoints of other tools that can be imported); PATTERN matches
    names, as '*gan*' does. A terminal cuts summaries to its width; a pipe does not.
    """
    from ganzoo import registry

    groups = _groups()
    if set(group) & set("*?["):
        group, pattern = "", group
    if group and group not in groups:
        raise RequestError(f"there is no group {group!r}{closest(group, groups)}")
    rows = {name: _summaries(name, pattern) for name in ([group] if group else registry.GROUPS)}
    if as_json:
        echo(json.dumps(rows, indent=2), lines=True)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for index, (name, items) in enumerate(rows.items()):
        if index:
            echo()
        echo(name, bold=True)
        echo(_table(items.items() or [("none",)], width, cut=True), lines=True)


def info(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|REF",
            help="A plugin, a run, or weights.",
            show_default=False,
            autocompletion=described,
        ),
    ],
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Describe a plugin, or weights.

    The weights may be in a folder, in a run or on the Hub; they are not fetched.
    """
    load_local(imports)
    from ganzoo import registry

    plugin = any(name in registry.names(group) for group in registry.GROUPS)
    weights = not plugin and any(mark in name for mark in "./~")
    values = _weights(name) if weights else _plugin(name)
    if as_json:
        echo(json.dumps(values, indent=2), lines=True)
    else:
        (_show_weights if weights else _show)(values)


def plugins(as_json: AsJson = False) -> None:
    """List every plugin with its origin and state.

    The state is ok, or why the plugin does not load.
    """
    from ganzoo import registry
    from ganzoo.errors import PluginError

    rows = []
    for group in registry.GROUPS:
        for name, offers in registry.offers(group).items():
            for offer in offers:
                broken = offer.outcome if isinstance(offer.outcome, PluginError) else None
                state = str(broken) if broken else "ok" if len(offers) == 1 else "ambiguous name"
                rows.append((group, name, f"{offer.distribution} {offer.version}", state))
    keys = ("group", "name", "distribution", "state")
    if as_json:
        echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2), lines=True)
    else:
        echo(_table([keys, *rows], indent=""), lines=True)


def _summaries(group: str, pattern: str) -> dict[str, str]:
    """The names of a group that match, each with its summary on one line."""
    from ganzoo import registry
    from ganzoo.errors import PluginError

    found = {}
    if group == PRETRAINED:
        from ganzoo.listing import list_pretrained

        for reference in list_pretrained(pattern):
            name, _, tag = reference.rpartition(".")
            found[reference] = registry.get(Architecture, name).pretrained[tag].summary
    elif group == IMPORTS:
        from ganzoo.listing import import_formats

        for name, (_, form) in import_formats().items():
            if fnmatchcase(name, pattern):
                found[name] = form.title
    else:
        for name in registry.names(group):
            if fnmatchcase(name, pattern):
                try:
                    found[name] = registry.find(group, name).spec().summary
                except PluginError:
                    found[name] = "does not load; ganzoo plugins says why"
    return {name: " ".join(str(summary).split()) for name, summary in found.items()}


def _plugin(name: str) -> dict[str, Any]:
    from ganzoo.listing import find_anywhere
    from ganzoo.registry import provenance
    from ganzoo.spec import Architecture

    group, spec = find_anywhere(name)
    values: dict[str, Any] = {"name": name, "group": group, "summary": spec.summary}
    values |= {key: getattr(spec, key) for key in ("paper", "licence") if getattr(spec, key, "")}
    values["plugin"] = "{distribution} {version}".format(**provenance(group, name))
    if isinstance(spec, Architecture):
        traits = spec.traits(spec.config())
        values |= {
            "makes": traits.shapes,
            "labels": traits.labels,
            "objectives": [*spec.objectives],
            "roles": {name: _role(role) for name, role in spec.networks.items()},
            "default_preset": spec.default_preset,
            "presets": {preset: item.summary for preset, item in spec.presets.items()},
            "pretrained": {tag: item.summary for tag, item in spec.pretrained.items()},
        }
    values["fields"] = {
        key: {"default": _default(field), "description": field.description or ""}
        for key, field in spec.config.model_fields.items()
        if key not in ("name", "preset", "source")
    }
    return values


def _weights(reference: str) -> dict[str, Any]:
    from ganzoo import registry
    from ganzoo.hub.loading import pretrained_info

    found = pretrained_info(reference)
    source = {"repository": found.source.repository, "commit": found.source.commit}
    values = found.info.model_dump(mode="json")
    roles = registry.get(Architecture, found.info.architecture.name).networks
    networks = {
        name: {**_role(roles[name.removesuffix("_raw")]), **network}
        for name, network in values["networks"].items()
        if name.removesuffix("_raw") in roles
    }
    return {
        "name": reference,
        "group": "weights",
        **(source if found.source.repository else {}),
        **values,
        "networks": networks,
        "card": dict(found.card),
        "file_sizes": dict(found.sizes),
    }


def _role(role: "Role") -> dict[str, Any]:
    """What a network is, and the fields of the data that it takes and returns."""
    return {"kind": role.kind, "reads": [*role.reads], "makes": [*role.makes]}


def _default(field: "FieldInfo") -> Any:
    from pydantic_core import to_jsonable_python

    return "required" if field.is_required() else to_jsonable_python(field.get_default())


def _show(values: Mapping[str, Any]) -> None:
    """Print a description: a title, the plain facts, then a table for each mapping."""
    facts = {key: value for key, value in values.items() if not isinstance(value, dict)}
    if "objectives" in facts:
        facts["objectives"] = _brief(facts["objectives"])
    tables = {
        key: [(name, *_cells(item)) for name, item in value.items()]
        for key, value in values.items()
        if isinstance(value, dict)
    }
    _lay_out(facts, tables)


def _show_weights(values: Mapping[str, Any]) -> None:
    """Print what is known of weights, without empty values and repetitions."""
    values = {key: value for key, value in values.items() if value not in _EMPTY}
    scores, sizes = values.pop("scores", []), values.pop("file_sizes")
    # What stands there for the Hub are the scores.
    card = {key: value for key, value in values.pop("card", {}).items() if key != "model-index"}
    facts = {key: value for key, value in values.items() if not isinstance(value, dict)}
    mappings = {key: value for key, value in values.items() if isinstance(value, dict)}
    tables: dict[str, list[tuple[str, ...]]] = {
        key: [
            (_brief(name, 60), _brief(item))
            for name, item in _first({k: v for k, v in value.items() if v not in _EMPTY})
        ]
        for key, value in {**mappings, "card": card}.items()
    }
    tables["networks"] = [
        (name, network["kind"], network["file"], _work(network))
        for name, network in mappings.get("networks", {}).items()
    ]
    from ganzoo.weights.description import flat_record

    tables["scores"] = []
    for score in map(flat_record, scores[:MAX_ROWS]):
        metric = score.pop("metric", "?")
        name, value = score.pop("name", metric), score.pop("value", "?")
        rest = [f"{key} {_brief(item)}" for key, item in score.items() if item not in _EMPTY]
        tables["scores"].append((_brief(name, 60), _brief(value, 60), _brief(rest)))
    if len(scores) > MAX_ROWS:
        tables["scores"].append(("...", f"and {len(scores) - MAX_ROWS:,} more", ""))
    texts = {name: f"{size:,}" for name, size in islice(sizes.items(), MAX_ROWS)}
    if others := [*sizes.values()][MAX_ROWS:]:
        texts[f"... and {len(others):,} more"] = f"{sum(others):,}"
    texts["in all"] = f"{sum(sizes.values()):,}"
    longest = len(texts["in all"])
    tables["files"] = [
        (_brief(name, 60), f"{size:>{longest}} bytes") for name, size in texts.items()
    ]
    _lay_out(facts, {key: rows for key, rows in tables.items() if rows})


def _first(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The first of many values, and how many more there are."""
    more = len(values) - MAX_ROWS
    return [*islice(values.items(), MAX_ROWS), *([("...", f"and {more:,} more")] * (more > 0))]


def _brief(value: Any, longest: int = 1000) -> str:
    """Write a value on one line, and names as people write them."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        more = f" and {len(value) - MAX_NAMES} more" if len(value) > MAX_NAMES else ""
        value = ", ".join(value[:MAX_NAMES]) + more
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[:longest]} ..."


def _lay_out(facts: Mapping[str, Any], tables: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    width = shutil.get_terminal_size().columns
    facts = dict(facts)
    echo(facts.pop("name"), bold=True)
    for line in textwrap.wrap(facts.pop("summary", ""), width):
        echo(line)
    echo()
    echo(_table(((_words(key), value) for key, value in facts.items()), width), lines=True)
    for key, rows in tables.items():
        echo()
        echo(_words(key), bold=True)
        echo(_table(rows or [("none",)], width), lines=True)


def _cells(value: Any) -> Iterable[Any]:
    if isinstance(value, dict) and "reads" in value:
        return value["kind"], _work(value)
    return value.values() if isinstance(value, dict) else (value,)


def _work(network: Mapping[str, Any]) -> str:
    """Say in words what a network takes and returns."""
    words = {key: " and ".join(network[key]) for key in ("reads", "makes")}
    return ", ".join(f"{key} {fields}" for key, fields in words.items() if fields)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _table(
    rows: Iterable[Sequence[Any]],
    width: int | None = None,
    indent: str = "  ",
    *,
    cut: bool = False,
) -> str:
    """Align columns two spaces apart, the last one wrapped or cut to a width if there is one."""
    texts = [[printable(x) if isinstance(x, str) else json.dumps(x) for x in row] for row in rows]
    sizes = [max(map(len, column)) + 2 for column in zip(*texts, strict=True)][:-1]
    left = len(indent) + sum(sizes)
    lines = []
    for *cells, last in texts:
        start = indent + "".join(c.ljust(size) for c, size in zip(cells, sizes, strict=True))
        room = max(width - left, 24) if width else len(last)
        if cut:
            parts = [last if len(last) <= room else f"{last[: room - 1].rstrip()}…"]
        else:
            parts = textwrap.wrap(last, room) if width else [last]
        lines.append((start + f"\n{' ' * left}".join(parts)).rstrip())
    return "\n".join(lines)
