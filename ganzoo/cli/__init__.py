"""The ``ganzoo`` command. Each subcommand imports what it needs when it is called."""

import os
import sys

import typer

from ganzoo.cli import (
    authoring,
    cache,
    configs,
    data,
    diagnose,
    doctor,
    evaluation,
    finetuning,
    hub,
    importing,
    listing,
    sampling,
    training,
    translating,
    tuning,
)
from ganzoo.cli.common import add_commands, complain, echo, prepare_output

app = typer.Typer(
    name="ganzoo",
    help="A zoo of generative adversarial networks: train, resume, sample, publish.",
    pretty_exceptions_enable=False,
    # Help as plain text appears in half the time, and keeps its shape in a pipe.
    rich_markup_mode=None,
)
add_commands(
    app,
    training.train,
    training.resume,
    finetuning.finetune,
    tuning.sweep,
    sampling.sample,
    sampling.interpolate,
    translating.translate,
    evaluation.evaluate,
    diagnose.diagnose,
    training.export,
    hub.push,
    hub.pull,
    importing.import_,
    listing.list_,
    listing.info,
    listing.plugins,
    doctor.doctor,
    authoring.new_plugin,
    authoring.check_plugin,
)
_config = typer.Typer(help="Show, check and describe configs.", rich_markup_mode=None)
add_commands(_config, configs.show, configs.validate, configs.schema)
app.add_typer(_config, name="config")
_data = typer.Typer(help="Check images, and manage their cache.", rich_markup_mode=None)
add_commands(_data, data.check, cache.cache)
app.add_typer(_data, name="data")


@app.callback(invoke_without_command=True)
def _alone(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    if version:
        from ganzoo.about import DISTRIBUTION, __version__

        echo(f"{DISTRIBUTION} {__version__}")
        raise typer.Exit
    _help(context)


@_config.callback(invoke_without_command=True)
@_data.callback(invoke_without_command=True)
def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        echo(context.get_help(), lines=True)
        raise typer.Exit(2)


def main() -> None:
    """Run the command line."""
    prepare_output()
    if not sys.stderr.isatty():
        # The Hub's client, which draws bars into pipes and logs too, reads it when it is imported.
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        code = app(prog_name="ganzoo", standalone_mode=False)
    except Exception as error:
        # Typer keeps the class of the errors of usage to itself.
        if not hasattr(error, "format_message"):
            raise
        command = getattr(getattr(error, "ctx", None), "command_path", "ganzoo")
        complain(f"{error.format_message()} (see {command} --help)", error)
        code = 2
    sys.exit(code)
