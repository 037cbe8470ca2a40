"""``sample``."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.common import Imports, load_local
from ganzoo.errors import RequestError


def sample(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="A run, a weights folder, or architecture.tag.")
    ],
    n: Annotated[int, typer.Option("-n", help="How many samples.")] = 16,
    seed: Annotated[int, typer.Option(help="The seed.")] = 0,
    label: Annotated[str | None, typer.Option(help="A class, by name or number.")] = None,
    truncation: Annotated[
        float | None, typer.Option(help="Above 0, at most 1: fewer, more typical samples.")
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="The picture to write.")] = "grid.png",
    columns: Annotated[int | None, typer.Option(help="Pictures in a row.")] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Use the generator without averaging.")
    ] = False,
    imports: Imports = None,
) -> None:
    """Draw samples from a trained generator into one picture.

    Prints its path.
    """
    load_local(imports)
    path = Path(out)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise RequestError(f"--out {out}: a picture ends in .png, .jpg or .webp")
    if columns is not None and columns < 1:
        raise RequestError(f"--columns is {columns}; it must be at least 1")

    from ganzoo.pictures import plot_points, save_grid
    from ganzoo.weights.folder import load_generator

    generator = load_generator(reference, raw=raw)
    samples = generator.sample(n, seed=seed, labels=label, truncation=truncation)
    if samples.dim() == 4:
        save_grid(samples, path, columns=columns)
    elif samples.shape[1] == 2:
        plot_points(samples, 2 * max(generator.info.data.scale or [1.0])).save(path)
    else:
        raise RequestError(
            f"{reference} makes vectors of {samples.shape[1]}, which have no picture"
        )
    typer.echo(path)
