"""``new-plugin`` and ``check-plugin``: for those who write plugins."""

import json
import shutil
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local
from ganzoo.cli.completion import complete_plugins
from ganzoo.errors import ConfigError
from ganzoo.terminal import printable

if TYPE_CHECKING:
    from ganzoo.testing import Result

COLOURS = {"passed": typer.colors.GREEN, "failed": typer.colors.RED, "skipped": typer.colors.YELLOW}


def new_plugin(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The architecture's name in lower case, as my-gan."),
    ],
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="The folder to create; by default NAME.")
    ] = None,
    objective: Annotated[
        bool,
        typer.Option("--objective", help="Add an objective, NAME-game, that trains it."),
    ] = False,
) -> None:
    """Write a plugin of your own, ready to install.

    It is a distribution with a small architecture, its tests and a README. Prints its folder.
    """
    from ganzoo.cli.scaffold import write_plugin

    folder = write_plugin(name, Path(out or name), objective=objective)
    echo(f"see its README for the next steps: {folder / 'README.md'}", err=True)
    echo(folder)


def check_plugin(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A plugin of any group.", autocompletion=complete_plugins
        ),
    ],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", hidden=True)] = None,
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Check that a plugin meets the requirements of its kind.

    KEY=VALUE sets a field of the config that it is checked with. Exits with 1 if a check fails.

    For instance: ganzoo check-plugin dcgan width=8
    """
    from ganzoo.config.written import parse_override, settled

    written = dict(map(parse_override, arguments or []))
    if nested := next((key for key in written if "." in key), None):
        raise ConfigError(f"{nested} is not of the form KEY=VALUE, with a field of {name}'s config")
    load_local(imports)
    # A name that is unknown or broken is refused before torch is imported.
    from ganzoo import registry
    from ganzoo.listing import find_anywhere

    group, spec = find_anywhere(name)
    origin = "{distribution} {version}".format(**registry.provenance(group, name))

    if not written and not as_json:  # with values, they are checked first
        _head(spec.name, group, origin)

    from ganzoo.testing import checks_of  # takes seconds

    checks = checks_of(name, **settled(written, spec.config))
    if written and not as_json:
        _head(spec.name, group, origin)
    width = max(len(check.name) for check in checks)
    results = []
    for check in checks:
        results.append(check.run())
        if not as_json:
            _show(results[-1], width)
    counts: Counter[str] = Counter(result.state for result in results)
    if as_json:
        rows = [
            {"check": r.check, "state": r.state, "demand": c.demand, "message": r.message}
            for c, r in zip(checks, results, strict=True)
        ]
        about = {"name": spec.name, "group": group, "plugin": origin}
        echo(json.dumps({**about, "checks": rows}, indent=2), lines=True)
    else:
        echo()
        echo(", ".join(f"{counts[state]} {state}" for state in COLOURS))
    if counts["failed"]:
        raise typer.Exit(1)


def _head(name: str, group: str, origin: str) -> None:
    echo(name, nl=False, bold=True)
    echo(f", among the {group} of {origin}")
    echo()


def _show(result: "Result", width: int) -> None:
    """Print one result, its message wrapped below itself."""
    start = f"{result.state:<9}{result.check:<{width}}  "
    lines = textwrap.wrap(result.message, max(shutil.get_terminal_size().columns - len(start), 30))
    text = f"\n{' ' * len(start)}".join(map(printable, lines))
    echo(start[:9], nl=False, fg=COLOURS[result.state])
    echo((start[9:] + text).rstrip(), lines=True)
