"""``finetune``."""

from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import Imports, Overrides, echo, load_local, split_arguments
from ganzoo.cli.completion import complete_datasets
from ganzoo.cli.sampling import ReferenceArgument
from ganzoo.cli.training import print_run

if TYPE_CHECKING:
    from ganzoo.training.starting import Start


def finetune(
    reference: ReferenceArgument,
    arguments: Overrides = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Your images (./path), or a dataset's name.", autocompletion=complete_datasets
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="The run folder to create; by default one below runs/."),
    ] = None,
    allow_partial: Annotated[
        bool,
        typer.Option(
            "--allow-partial", help="Start from the weights that fit, even if others do not."
        ),
    ] = False,
    imports: Imports = None,
) -> None:
    """Fine-tune weights on data of your own.

    CONFIG is a .yaml, .json or .toml file; KEY.SUB=VALUE sets a field, over those of the file.
    finetune.freeze.discriminator=N keeps N of its stages as they are, and likewise any role's.
    Prints the run folder, whose base.json records what became of each tensor.

    For instance: ganzoo finetune wgan-gp.mnist5k --data ./images steps=2000
    """
    config, overrides = split_arguments(arguments)
    if allow_partial:
        overrides["finetune.allow_partial"] = True
    load_local(imports)
    from ganzoo.training.finetuning import finetuning_config
    from ganzoo.training.trainer import Trainer

    trainer = Trainer(finetuning_config(reference, data, config, overrides), out)
    if trainer.start is not None and trainer.start.partial and trainer.processes.first:
        _tell(trainer.start)
    print_run(trainer.fit())


def _tell(start: "Start") -> None:
    """Count what was taken over in part; notes name the first, and base.json all."""
    kinds = ("taken", "reordered", "adapted", "new", "left")
    width = max(map(len, start.grafts))
    echo(" ".join([f"{'':{width}}", *(f"{kind:>9}" for kind in kinds)]), err=True)
    for role, found in start.grafts.items():
        counts = (f"{len(getattr(found, kind)):>9}" for kind in kinds)
        echo(" ".join([f"{role:{width}}", *counts]), err=True)
