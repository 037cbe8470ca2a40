"""``config show | validate | schema``."""

import json
from typing import TYPE_CHECKING

from ganzoo.cli.common import AsJson, Imports, Overrides, echo, load_local, split_arguments

if TYPE_CHECKING:
    from ganzoo.config import RunConfig


def show(arguments: Overrides = None, imports: Imports = None, as_json: AsJson = False) -> None:
    """Print the config that a run would have, with every value.

    CONFIG is a .yaml, .json or .toml file; KEY.SUB=VALUE sets a field, over those of the file.

    For instance: ganzoo config show architecture=dcgan training.steps=2000
    """
    from ganzoo.config.documents import dump_yaml

    values = _resolved(arguments, imports).model_dump(mode="json")
    echo(json.dumps(values, indent=2) if as_json else dump_yaml(values), nl=as_json, lines=True)


def validate(arguments: Overrides = None, imports: Imports = None) -> None:
    """Check a config, its data included, without training.

    CONFIG is a .yaml, .json or .toml file; KEY.SUB=VALUE sets a field, over those of the file.
    """
    _resolved(arguments, imports)
    echo("the config is valid")


def schema(imports: Imports = None) -> None:
    """Print the JSON schema of config files.

    It has the fields of every installed plugin; editors complete and check configs with it.
    """
    load_local(imports)
    from ganzoo.resolve import json_schema

    echo(json.dumps(json_schema(), indent=2), lines=True)


def _resolved(arguments: list[str] | None, imports: list[str] | None) -> "RunConfig":
    config, overrides = split_arguments(arguments)
    load_local(imports)
    from ganzoo.resolve import resolve

    resolution = resolve(config, overrides)
    for note in resolution.notes:
        echo(f"note: {note}", err=True)
    return resolution.config
