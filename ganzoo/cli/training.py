"""``train``, ``resume`` and ``export``."""

from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import (
    Imports,
    Overrides,
    echo,
    load_local,
    rank_among_several,
    split_arguments,
)
from ganzoo.errors import ConfigError

if TYPE_CHECKING:
    from ganzoo.training.run import Run


def train(
    arguments: Overrides = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="The run folder to create; by default one below runs/."),
    ] = None,
    imports: Imports = None,
) -> None:
    """Train a GAN and print the run folder.

    CONFIG is a .yaml, .json or .toml file; KEY.SUB=VALUE sets a field, over those of the file.

    For instance: ganzoo train architecture=dcgan data=mnist5k steps=2000
    """
    config, overrides = split_arguments(arguments)
    load_local(imports)
    # Everything that can be wrong is found before torch is imported.
    from ganzoo.resolve import resolve

    resolution = resolve(config, overrides)

    from ganzoo.training.trainer import Trainer

    print_run(Trainer(resolution, out).fit())


def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run folder.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="KEY.SUB=VALUE", hidden=True)
    ] = None,
    imports: Imports = None,
) -> None:
    """Resume a run as if it had never stopped.

    KEY.SUB=VALUE changes a field that may change: steps, cadences, logging, the data's place
    (data.source). Prints the run folder.

    For instance: ganzoo resume runs/dcgan-mnist5k steps=4000
    """
    config, overrides = split_arguments(arguments)
    if config is not None:
        raise ConfigError(f"{config!r} is not of the form key.sub=value; a run has its own config")
    load_local(imports)
    from ganzoo.training.session import resume as resume_run

    print_run(resume_run(run, overrides))


def export(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A run, or one of its checkpoints.")
    ],
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The weights folder to create.")],
    imports: Imports = None,
) -> None:
    """Make a weights folder from a run or a checkpoint.

    Prints the folder.
    """
    load_local(imports)
    from ganzoo.resolve.paths import shown_path
    from ganzoo.training.session import export as make

    folder_made = make(source, folder, say=lambda note: echo(f"note: {note}", err=True))
    echo(shown_path(folder_made))


def print_run(run: "Run") -> None:
    """Print the run so that it can be pasted as a reference, and name what to look at first."""
    if rank_among_several() not in (None, "0"):
        return  # of several processes the first one tells
    from ganzoo.resolve.paths import shown_path
    from ganzoo.training.run import BEST
    from ganzoo.weights.reference import is_local

    sheets = sorted(run.samples.glob("*.png"))
    if sheets:
        echo(f"samples: {shown_path(sheets[-1])}", err=True)
    path = shown_path(run.path)
    reference = path if is_local(path) else f"./{path}"
    best = run.best_score
    if best is not None:
        step, score = best
        told = f"{score.name} {score.value:.4g} at {step}"
        echo(f"best weights: {reference}/{BEST} ({told})", err=True)
    echo(reference)
