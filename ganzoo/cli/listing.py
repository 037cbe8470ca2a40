"""``list``, ``info`` and ``plugins``."""

import json
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from ganzoo.cli.common import AsJson, Imports, load_local


class Group(StrEnum):
    """What can be listed."""

    architectures = "architectures"
    losses = "losses"
    penalties = "penalties"
    datasets = "datasets"
    pretrained = "pretrained"


def list_(
    group: Annotated[Group | None, typer.Argument(help="All of them if left out.")] = None,
    pattern: Annotated[str, typer.Argument(help="As '*gan*'.")] = "*",
    as_json: AsJson = False,
) -> None:
    """List what is installed. Reads names only, and imports no plugin (but for pretrained)."""
    from ganzoo import registry

    groups = [group.value] if group else list(registry.GROUPS)
    rows: dict[str, dict[str, str]] = {}
    for name in groups:
        if name == "pretrained":
            from ganzoo.listing import list_pretrained

            rows[name] = dict.fromkeys(list_pretrained(), "")
            continue
        rows[name] = {
            item: f"{offer.distribution} {offer.version}"
            for item in registry.names(name)
            for offer in [registry.find(name, item)]
        }
    for name, items in rows.items():
        rows[name] = {item: origin for item, origin in items.items() if fnmatchcase(item, pattern)}
    if as_json:
        typer.echo(json.dumps({name: list(items) for name, items in rows.items()}, indent=2))
        return
    for index, (name, items) in enumerate(rows.items()):
        typer.echo(("\n" if index else "") + typer.style(name, bold=True))
        for item, origin in items.items() or {"none": ""}.items():
            typer.echo(f"  {item:<20}{origin}".rstrip())


def info(
    name: Annotated[str, typer.Argument(metavar="NAME|REF", help="A plugin, or weights.")],
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Describe a plugin, or the weights in a folder or run."""
    load_local(imports)
    from ganzoo.weights.reference import is_path

    values = _weights(name) if is_path(name) else _plugin(name)
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        from ganzoo.config.files import dump_yaml

        typer.echo(dump_yaml(values), nl=False)


def plugins(as_json: AsJson = False) -> None:
    """List every plugin with its distribution, and why it does not load if so."""
    from ganzoo import registry
    from ganzoo.errors import PluginError

    rows = []
    for group in registry.GROUPS:
        for name, offers in registry.offers(group).items():
            for offer in offers:
                broken = offer.outcome if isinstance(offer.outcome, PluginError) else None
                state = str(broken) if broken else "ok" if len(offers) == 1 else "ambiguous name"
                rows.append([group, name, f"{offer.distribution} {offer.version}", state])
    if as_json:
        keys = ("group", "name", "distribution", "state")
        typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
        return
    for group, name, distribution, state in rows:
        typer.echo(f"{group:<15}{name:<18}{distribution:<24}{state}")


def _plugin(name: str) -> dict[str, Any]:
    from ganzoo.listing import find_anywhere
    from ganzoo.registry import provenance
    from ganzoo.spec import Architecture

    group, spec = find_anywhere(name)
    values: dict[str, Any] = {"name": spec.name, "group": group, "summary": spec.summary}
    values |= {key: getattr(spec, key) for key in ("paper", "licence") if getattr(spec, key, "")}
    values["plugin"] = "{distribution} {version}".format(**provenance(group, name))
    if isinstance(spec, Architecture):
        traits = spec.traits(spec.config())
        values["makes"] = traits.shapes
        values["labels"] = "yes" if traits.labels else "no"
        values["presets"] = {
            preset: ("(default) " if preset == spec.default_preset else "") + item.summary
            for preset, item in spec.presets.items()
        }
        values["pretrained"] = list(spec.pretrained)
    values["fields"] = {
        field: f"{_shown(item)}  # {item.description or ''}".rstrip(" #")
        for field, item in spec.config.model_fields.items()
        if field not in ("name", "preset", "source")
    }
    return values


def _shown(field: Any) -> str:
    from pydantic_core import PydanticUndefined

    return "required" if field.default is PydanticUndefined else json.dumps(field.default)


def _weights(reference: str) -> dict[str, Any]:
    from ganzoo.weights.info import read_info
    from ganzoo.weights.reference import locate

    folder = locate(reference)
    values = read_info(folder).model_dump(mode="json")
    sizes = {path.name: path.stat().st_size for path in sorted(folder.glob("*.safetensors"))}
    return {**values, "files": sizes}
