"""``config show | schema | validate``."""

import json

import typer

from ganzoo.cli.common import AsJson, Imports, Overrides, load_local, split_arguments


def show(arguments: Overrides = None, imports: Imports = None, as_json: AsJson = False) -> None:
    """Print the config that a run would have, with every value."""
    from ganzoo.config.files import dump_yaml

    values = _resolved(arguments, imports).model_dump(mode="json")
    typer.echo(json.dumps(values, indent=2) if as_json else dump_yaml(values), nl=as_json)


def schema() -> None:
    """Print the JSON schema of config files, with the fields of every installed plugin."""
    from ganzoo.resolve import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


def validate(arguments: Overrides = None, imports: Imports = None) -> None:
    """Check a config, its data included, without training."""
    _resolved(arguments, imports)
    typer.echo("the config is valid")


def _resolved(arguments: list[str] | None, imports: list[str] | None):  # type: ignore[no-untyped-def]
    config, overrides = split_arguments(arguments)
    load_local(imports)
    from ganzoo.resolve import resolve

    resolution = resolve(config, overrides)
    for note in resolution.notes:
        typer.echo(f"note: {note}", err=True)
    return resolution.config
