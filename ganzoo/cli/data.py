"""``data check``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import AsJson, Imports, load_local, printable, split_arguments
from ganzoo.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from PIL.Image import Image

PREVIEW = "data-check.png"


def check(
    source: Annotated[str, typer.Argument(metavar="PATH", help="A dataset, or ./folder.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="KEY.SUB=VALUE", hidden=True)
    ] = None,
    architecture: Annotated[
        str, typer.Option(help="What is to be trained, which decides the shape.")
    ] = "dcgan",
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE.png", help="The preview.")
    ] = PREVIEW,
    no_preview: Annotated[bool, typer.Option("--no-preview", help="Draw no preview.")] = False,
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Look at all pictures before training.

    It tells what is there, what cannot be read and why, what is there twice, what training will
    make of it, and a command line to begin with. KEY.SUB=VALUE sets what that run would have. The
    preview shows pictures as the networks will see them. The exit code is 2 where training would
    refuse the data.

    For instance: ganzoo data check ./pictures data.image_size=64
    """
    config, overrides = split_arguments(arguments)
    if config is not None:
        raise ConfigError(f"{config!r} is not of the form key.sub=value")
    if not out.lower().endswith(".png"):
        raise RequestError(f"--out {out}: the preview is a PNG; give a name that ends in .png")
    load_local(imports)
    from ganzoo import registry
    from ganzoo.data.advice import advise
    from ganzoo.data.cache.pool import available
    from ganzoo.data.check import survey
    from ganzoo.data.preview import preview
    from ganzoo.data.progress import progress
    from ganzoo.data.report import report
    from ganzoo.resolve import open_dataset, resolve

    run = resolve({"architecture": architecture, "data": {"source": source}}, overrides).config
    dataset = open_dataset(run.data)
    with progress("looking at every sample", len(dataset)) as told:
        found = survey(dataset, run.data.source, processes=available(), report=told)
    pictures = dataset.kind == "pictures"
    spec = registry.architecture(run.architecture.name)
    advice = advise(found, run, spec.traits(run.architecture)) if pictures else None
    refused = found.bad_share > dataset.max_bad
    if as_json:
        values = {"source": run.data.source, **found.as_values(), "refused": refused}
        if advice is not None:
            values["warnings"], values["suggested"] = advice.warnings, advice.values
            values["command"] = advice.command(architecture, source, overrides)
        typer.echo(json.dumps(values, indent=2))
    else:
        typer.echo(printable(report(source, found, run, advice, dataset.max_bad)))
        if advice is not None:
            typer.echo(f"\n{printable(advice.command(architecture, source, overrides))}")
    if pictures and not no_preview:
        shape = run.architecture.sample_shape
        _save(preview(dataset, shape, flip=run.data.flip), out)
    if refused:
        raise typer.Exit(2)


def _save(image: "Image", path: str) -> None:
    try:
        image.save(path)
    except OSError as error:
        raise RequestError(f"--out {path}: it cannot be written ({error.strerror})") from error
    typer.echo(f"preview: {path}", err=True)
