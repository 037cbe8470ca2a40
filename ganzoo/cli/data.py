"""``data check``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local, split_arguments
from ganzoo.cli.completion import complete_datasets, references
from ganzoo.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from ganzoo.data.preview import Preview

ARCHITECTURE = "dcgan"
PREVIEW = "data-check.png"


def check(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A dataset, or ./folder.", autocompletion=complete_datasets
        ),
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="KEY.SUB=VALUE", hidden=True)
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(
            help="The architecture to train, which sets the shape.", show_default=ARCHITECTURE
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="The weights to fine-tune, as for ganzoo finetune.",
            autocompletion=references,
        ),
    ] = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE.png", help="The preview.")
    ] = PREVIEW,
    no_preview: Annotated[
        bool, typer.Option("--no-preview", help="Do not draw a preview.")
    ] = False,
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Look at all images before training.

    Reports the images, unreadable files and why, duplicates, how training will use the images, and
    a command to start with. KEY.SUB=VALUE sets a field of that run. With --base the run starts from
    weights, and the report says how the images differ from them. The preview shows images as the
    networks will see them. The exit code is 2 if training would refuse the data.

    For instance: ganzoo data check ./images data.image_size=64
    """
    config, overrides = split_arguments(arguments)
    if config is not None:
        raise ConfigError(f"{config!r} is not of the form key.sub=value")
    if not out.lower().endswith(".png"):
        raise RequestError(f"--out {out}: the preview is a PNG; give a name that ends in .png")
    load_local(imports)
    from ganzoo.checking import check_data
    from ganzoo.data.cache.decoders import default_processes

    report = check_data(
        source, overrides, architecture=architecture, base=base, processes=default_processes()
    )
    echo(json.dumps(report.values, indent=2) if as_json else report.text, lines=True)
    if report.preview is not None and not no_preview:
        _write(report.preview(), out)
    if report.refused:
        raise typer.Exit(2)


def _write(sheet: "Preview", out: str) -> None:
    try:
        sheet.image.save(out)  # not by what imports torch
    except OSError as error:
        problem = f"it cannot be written ({error.strerror})"
        raise RequestError(f"--out {out}: {problem}") from error
    echo(f"preview: {out}", err=True)
    for note in sheet.notes:
        echo(f"note: {note}", err=True)
