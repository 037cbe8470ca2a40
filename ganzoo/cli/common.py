"""What every subcommand shares: reporting of errors, local plugins, overrides."""

import functools
import importlib
import importlib.util
import io
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.errors import ConfigError, GanzooError, PluginError
from ganzoo.terminal import printable

TRACEBACK_VARIABLE = "GANZOO_TRACEBACK"
"""Environment variable: set to 1, an error shows where it was raised."""

Imports = Annotated[
    list[str] | None,
    typer.Option(
        "--import", metavar="MODULE_OR_FILE", help="A module or .py file that registers plugins."
    ),
]
Overrides = Annotated[
    list[str] | None,
    # What these are is told in the text of each command.
    typer.Argument(metavar="CONFIG|KEY.SUB=VALUE", hidden=True),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def add_commands(app: typer.Typer, *functions: Callable[..., None]) -> None:
    """Add functions as commands under their names (``list_`` as ``list``)."""
    for function in functions:
        app.command(function.__name__.rstrip("_").replace("_", "-"))(_reported(function))


def _reported(function: Callable[..., None]) -> Callable[..., None]:
    """Turn errors into one sentence on standard error and an exit code."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
            sys.stdout.flush()
        except typer.Exit:
            raise
        except GanzooError as error:
            complain(str(error), error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The reader of our output has gone, as `head` does; there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            complain(f"{error.strerror or error}{place}", error)
            raise typer.Exit(1) from None
        except Exception as error:
            complain(
                f"unexpected {type(error).__name__}: {error} (a fault of ganzoo or of a plugin; "
                f"{TRACEBACK_VARIABLE}=1 shows where)",
                error,
            )
            raise typer.Exit(1) from None

    return wrapper


def complain(text: str, error: BaseException) -> None:
    """Tell an error in one line; raise it where its traceback is asked for."""
    if os.environ.get(TRACEBACK_VARIABLE) == "1":
        raise error
    if getattr(error, "shared", False) and os.environ.get("LOCAL_RANK", "0") != "0":
        return
    rank = rank_among_several()
    who = "ganzoo" if rank is None else f"ganzoo, process {rank}"
    echo(f"{who}: {' '.join(text.split())}", err=True)


def echo(
    text: object = "", *, lines: bool = False, err: bool = False, nl: bool = True, **style: Any
) -> None:
    """Print a text; what could command a terminal is escaped, wherever it is from.

    Args:
        text: One line.
        lines: Whether it is of several lines instead, each with nothing in it that could end it.
        err: Print on standard error.
        nl: End it with a line end.
        **style: Of typer.style, for a terminal; ignored where NO_COLOR is set.
    """
    shown = printable(text, lines=lines)
    styled = style and not os.environ.get("NO_COLOR")
    typer.echo(typer.style(shown, **style) if styled else shown, err=err, nl=nl)


class _Notes(logging.Handler):
    """Prints what ganzoo logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        echo(record.getMessage(), err=True)


_NOTES = _Notes(logging.WARNING)


def prepare_output() -> None:
    """Make sure that nothing that is printed can fail the work, or command a terminal.

    Characters that an encoding lacks are written as escapes, and a stream that was closed leads to
    nowhere: its number would otherwise be that of the next file that is opened.
    """
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger("ganzoo").addHandler(_NOTES)


def rank_among_several() -> str | None:
    """Return this process's number where several share a run, found without torch; else None."""
    several = os.environ.get("WORLD_SIZE", "1") != "1" and "MASTER_ADDR" in os.environ
    return os.environ.get("RANK") if several else None


def load_local(imports: list[str] | None) -> None:
    """Import the modules and files that the user names, which register their plugins.

    Raises:
        PluginError: One cannot be found or fails to import.
    """
    for text in imports or []:
        try:
            if text.endswith(".py"):
                _load_file(Path(text))
            else:
                sys.path.insert(0, os.getcwd())
                importlib.import_module(text)
        except PluginError as error:
            raise PluginError(f"--import {text}: {error}") from error
        except (Exception, SystemExit) as error:
            raise PluginError(f"--import {text}: {type(error).__name__}: {error}") from error


def _load_file(path: Path) -> None:
    if not path.is_file():
        raise PluginError("there is no such file")
    name, place = path.stem, path.resolve()
    known = importlib.util.find_spec(name)
    if known is not None and known.origin != str(place):
        raise PluginError(f"there is another module {name!r}; give the file a name of its own")
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # By this name torch.compile and pickling of nested classes find it again.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def split_arguments(arguments: list[str] | None) -> tuple[str | None, dict[str, Any]]:
    """Tell the config file from the overrides.

    Raises:
        ConfigError: There are two files, an override is malformed or given twice.
    """
    from ganzoo.config.written import parse_override

    config: str | None = None
    overrides: dict[str, Any] = {}
    for argument in arguments or []:
        if "=" not in argument or os.path.isfile(argument):
            if config is not None:
                raise ConfigError(f"two config files are given: {config} and {argument}")
            config = argument
            continue
        key, value = parse_override(argument)
        if key in overrides:
            raise ConfigError(f"{key} is given twice")
        overrides[key] = value
    return config, overrides
