"""``translate``."""

import json
from typing import Annotated

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local
from ganzoo.cli.sampling import ReferenceArgument, Seed

RoleOption = Annotated[
    str | None,
    typer.Option(help="The translator, such as b_to_a; by default the first of the weights."),
]


def translate(
    reference: ReferenceArgument,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE|FOLDER...", help="Images, or folders of images.")
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            help="For one image the file to write; for several, the folder.",
            show_default=False,
        ),
    ] = None,
    role: RoleOption = None,
    use: Annotated[
        str | None,
        typer.Option(
            metavar="published|eval",
            help="With dropout and the statistics of each image, or without; by default as the "
            "weights say.",
        ),
    ] = None,
    seed: Seed = 0,
    raw: Annotated[
        bool, typer.Option("--raw", help="Use the translator without averaged weights.")
    ] = False,
    device: Annotated[str, typer.Option(help="The device, such as cpu or cuda.")] = "cpu",
    batch_size: Annotated[
        int, typer.Option(help="The number of images at once; with dropout it is always one.")
    ] = 8,
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Translate images with a trained translator.

    One image becomes translated.png, several become a folder, by default translated, in which each
    has its name. Nothing is overwritten. Prints the paths of the files.

    For instance: ganzoo translate ./runs/maps ./photos -o drawn
    """
    load_local(imports)
    from ganzoo.cli.evaluation import bars
    from ganzoo.hub.translating import translate as translate_files

    with bars() as show:
        written = translate_files(
            reference,
            images,
            out,
            role=role,
            use=use,
            seed=seed,
            raw=raw,
            device=device,
            batch_size=batch_size,
            progress=lambda done, total: show("images", done, total),
        )
    if as_json:
        echo(json.dumps([str(path) for path in written], indent=2), lines=True)
        return
    for path in written:
        echo(path)
