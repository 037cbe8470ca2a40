"""The ``ganzoo`` command. Each subcommand imports what it needs when it is called."""

import typer

from ganzoo.cli import configs, doctor, listing, sampling, training
from ganzoo.cli.common import Commands

app = typer.Typer(
    name="ganzoo",
    help="A zoo of generative adversarial networks: train, resume, sample, export.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Commands(app).add(
    training.train,
    training.resume,
    sampling.sample,
    training.export,
    listing.list_,
    listing.info,
    listing.plugins,
    doctor.doctor,
)
_config = typer.Typer(no_args_is_help=True)
Commands(_config).add(configs.show, configs.schema, configs.validate)
app.add_typer(_config, name="config", help="Show, check and describe configs.")


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Show the version."),
) -> None:
    if version:
        from ganzoo.about import DISTRIBUTION, __version__

        typer.echo(f"{DISTRIBUTION} {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    app()
