"""``sample`` and ``interpolate``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli.common import Imports, echo, load_local
from ganzoo.cli.completion import references
from ganzoo.errors import RequestError

FRAME_TIME = 80
"""Milliseconds that a frame of a film stays."""

IMAGES = (".png", ".jpg", ".jpeg", ".webp")

ReferenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="REF",
        help="A run, a folder, architecture.tag, or org/name.",
        autocompletion=references,
    ),
]
Seed = Annotated[int, typer.Option(help="The seed.")]
Label = Annotated[str | None, typer.Option(help="A class, by name or by number.")]
TruncationOption = Annotated[
    float | None, typer.Option(help="Above 0, at most 1; lower gives more typical samples.")
]
Raw = Annotated[bool, typer.Option("--raw", help="Use the generator without averaged weights.")]


def sample(
    reference: ReferenceArgument,
    n: Annotated[int, typer.Option("-n", help="The number of samples.")] = 16,
    seed: Seed = 0,
    label: Label = None,
    truncation: TruncationOption = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="The image to write; with --each, the folder.", show_default=False
        ),
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="Write each sample into a file of its own.")
    ] = False,
    columns: Annotated[int | None, typer.Option(help="The number of images in a row.")] = None,
    scale: Annotated[
        int | None,
        typer.Option(
            help="Enlarge pixels by this whole factor; by default a grid to about 512 pixels."
        ),
    ] = None,
    raw: Raw = False,
    imports: Imports = None,
) -> None:
    """Draw samples from a trained generator.

    They go into one image, by default grid.png, or with --each into a folder, by default samples.
    Prints the path of the image or folder.
    """
    load_local(imports)
    path = Path(out or ("samples" if each else "grid.png"))
    if not each and path.suffix.lower() not in IMAGES:
        raise RequestError(f"--out {out}: an image ends in .png, .jpg or .webp")
    if each and (path.suffix.lower() in IMAGES or path.is_file()):
        raise RequestError(f"--out {out}: --each writes a file for each sample; give a folder")
    if each and path.is_dir() and any(path.iterdir()):
        raise RequestError(f"{path} already exists; give a new folder for the samples (--out)")
    if each and columns is not None:
        raise RequestError(
            "--columns is for a grid, and --each writes single images; leave one of them out"
        )
    for name, value in (("columns", columns), ("scale", scale)):
        if value is not None and value < 1:
            raise RequestError(f"--{name} is {value}; it must be at least 1")

    from ganzoo.drawing import plot_points, save_each, save_grid, save_image
    from ganzoo.hub.loading import load_generator

    generator = load_generator(reference, raw=raw)
    samples = generator.sample(n, seed=seed, labels=label, truncation=truncation)
    if samples.dim() == 4 and each:
        save_each(samples, path, scale=scale or 1)
    elif samples.dim() == 4:
        save_grid(samples, path, columns=columns, scale=scale)
    elif each:
        raise RequestError(f"{reference} makes vectors, and --each writes images only")
    elif samples.shape[1] == 2:
        save_image(plot_points(samples, 2 * max(generator.info.data.scale or [1.0])), path)
    else:
        raise RequestError(
            f"{reference} makes vectors of length {samples.shape[1]}, which cannot be drawn"
        )
    echo(path)


def interpolate(
    reference: ReferenceArgument,
    n: Annotated[int, typer.Option("-n", help="The number of latents to join.")] = 6,
    steps: Annotated[int, typer.Option(help="Steps from one latent to the next.")] = 12,
    seed: Seed = 0,
    label: Label = None,
    to: Annotated[
        str | None, typer.Option(help="Blend from the class --label to this class instead.")
    ] = None,
    truncation: TruncationOption = None,
    out: Annotated[
        str, typer.Option("--out", "-o", help="The file to write: a .gif film or a .png grid.")
    ] = "path.gif",
    raw: Raw = False,
    imports: Imports = None,
) -> None:
    """Draw the steps between samples of a trained generator.

    A film returns to its first sample; without --label it shows each class. A grid has a row for
    each pair of samples, and without --label the classes in turn. With --to each latent stays the
    same, and its class changes. Prints the path of the file.
    """
    load_local(imports)
    path = Path(out)
    if to is not None and label is None:
        raise RequestError("--to needs the class to start from; give it with --label")
    film = path.suffix.lower() == ".gif"
    if not film and path.suffix.lower() not in IMAGES:
        raise RequestError(f"--out {out}: a film ends in .gif, and a grid in .png, .jpg or .webp")

    from ganzoo.drawing import save_gif, save_image
    from ganzoo.hub.loading import load_generator
    from ganzoo.sheet import blend_film, blend_sheet, interpolation_film, interpolation_sheet

    generator = load_generator(reference, raw=raw)
    if generator.info.data.kind == "vectors":
        raise RequestError(
            f"{reference} makes vectors, and only images can be drawn; Generator.interpolate "
            "returns the vectors"
        )
    options: dict[str, Any] = {"steps": steps, "seed": seed, "truncation": truncation}
    if film:
        if label is not None and to is not None:
            frames = blend_film(generator, label, to, n, **options)
        else:
            frames = interpolation_film(generator, n, labels=label, **options)
        save_gif(frames, path, milliseconds=FRAME_TIME, rest=1)
    elif label is not None and to is not None:
        save_image(blend_sheet(generator, label, to, n, **options), path)
    else:
        save_image(interpolation_sheet(generator, n, labels=label, **options), path)
    echo(path)
