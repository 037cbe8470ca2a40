"""``import``: checkpoints of other tools."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local, split_arguments
from ganzoo.errors import ConfigError

if TYPE_CHECKING:
    from ganzoo.importing.bringing import ImportReport

SHOWN = 5
"""How many tensors that were left are listed; with --json all of them are."""


def _formats() -> list[str]:
    from ganzoo.listing import list_imports

    return list_imports()


def import_(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|hf://ORG/NAME/PATH",
            help="A checkpoint, a folder of the networks of one game, or a file of the Hub, as "
            "hf://org/name/path@revision.",
        ),
    ],
    values: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", hidden=True)] = None,
    out: Annotated[
        str, typer.Option("--out", "-o", help="The weights folder to make.", show_default=False)
    ] = "",
    form: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="FORMAT",
            help="The format, one of 'ganzoo list imports'; recognised if left out.",
            autocompletion=_formats,
        ),
    ] = None,
    licence: Annotated[
        str, typer.Option("--license", help="The weights' licence, as apache-2.0.")
    ] = "",
    origin: Annotated[str, typer.Option(help="Where the checkpoint is from, for the card.")] = "",
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Turn a checkpoint of another tool into a weights folder.

    Nothing in the file is run. KEY=VALUE sets a field of the architecture that the file does not
    give, such as latent=uniform. Prints the folder.

    For instance: ganzoo import netG_epoch_24.pth -o faces
    """
    load_local(imports)
    from ganzoo.importing.bringing import import_checkpoint

    if not out:
        raise ConfigError("where to? give the folder for the weights, as -o faces")
    extra, given = split_arguments(values)
    if extra is not None:
        raise ConfigError(f"{extra} is not of the form field=value, as in latent=uniform")
    report = import_checkpoint(source, out, given, form=form, licence=licence, origin=origin)
    if as_json:
        echo(json.dumps(_values(report), indent=2), lines=True)
        return
    _print(report)
    echo(report.folder)


def _print(report: "ImportReport") -> None:
    """Report on standard error what was taken, and what was not."""
    echo(f"{report.format}: {report.title}", err=True)
    for role, network in report.networks.items():
        left = f", {len(network.left)} left out" if network.left else ""
        echo(f"  {role:22}  {len(network.taken):>5} tensors of {network.part}{left}", err=True)
        for name in network.left[:SHOWN]:
            echo(f"    left out: {name}", err=True)
        if len(network.left) > SHOWN:
            echo(f"    and {len(network.left) - SHOWN} more (--json lists them)", err=True)
        if network.made:
            echo(f"    {len(network.made)} counters were missing, and start at 0", err=True)
    for note in report.notes:
        echo(f"note: {note}", err=True)
    if not report.imported.licence:
        echo("note: the licence of these weights is unknown (--license records it)", err=True)
    if report.names:
        echo(f"unpickling it would have imported {', '.join(report.names)}", err=True)


def _values(report: "ImportReport") -> dict[str, object]:
    return {
        "folder": str(report.folder),
        "format": report.format,
        "architecture": report.config.model_dump(mode="json"),
        "networks": {role: vars(network) for role, network in report.networks.items()},
        "notes": report.notes,
        "would_have_imported": report.names,
        "imported": report.imported.model_dump(mode="json"),
    }
