"""``evaluate``."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local, split_arguments
from ganzoo.cli.completion import complete_datasets
from ganzoo.cli.sampling import Raw, ReferenceArgument, Seed, TruncationOption
from ganzoo.cli.translating import RoleOption
from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from rich.progress import TaskID


def evaluate(
    reference: ReferenceArgument,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="DATA.KEY=VALUE", hidden=True)
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A dataset, or ./folder; by default that of the run, or of training.",
            autocompletion=complete_datasets,
        ),
    ] = None,
    role: RoleOption = None,
    metrics: Annotated[
        str | None, typer.Option(help="Names, separated by commas; by default the usual ones.")
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(help="The extractor of features; by default the one that suits the data."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="The file of the extractor's weights, if it needs one.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="The number of fakes.")] = 10_000,
    seed: Seed = 0,
    truncation: TruncationOption = None,
    raw: Raw = False,
    device: Annotated[str, typer.Option(help="The device, such as cpu or cuda.")] = "cpu",
    save: Annotated[
        bool,
        typer.Option("--save", help="Write the scores into the folder's config.json and card."),
    ] = False,
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Score a generator or a translator against real data.

    DATA.KEY=VALUE sets a field of the data, as for ganzoo train. Scores are comparable only if
    their whole protocol is the same; --json prints it.
    """
    config, overrides = split_arguments(arguments)
    if config is not None:
        raise RequestError(f"{config!r} is not of the form data.key=value")
    load_local(imports)
    from ganzoo.evaluation.evaluate import evaluate as score
    from ganzoo.locks import writing
    from ganzoo.resolve import user_values
    from ganzoo.training.run import run_around
    from ganzoo.weights.scores import own_folder, save_scores

    real = user_values({"data": {"source": data}} if data else {}, overrides)
    if others := [section for section in real if section != "data"]:
        raise RequestError(f"{others[0]}: evaluate takes fields of data alone, as data.a=./a")
    if weights is not None and extractor is None:
        raise RequestError("--weights belong to an extractor; name it with --extractor")
    with ExitStack() as stack:
        if save:  # before minutes are spent
            folder = own_folder(reference)
            stack.enter_context(writing(run_around(folder), "scored"))
        show = stack.enter_context(bars())
        scores = score(
            reference,
            real.get("data"),
            role=role,
            metrics=None if metrics is None else [name.strip() for name in metrics.split(",")],
            extractor=extractor if weights is None else {"name": extractor, "weights": weights},
            fakes=n,
            seed=seed,
            truncation=truncation,
            raw=raw,
            device=device,
            progress=show,
        )
        if save:
            save_scores(folder, [item.model_dump(mode="json") for item in scores])
    if as_json:
        echo(json.dumps([item.model_dump(mode="json") for item in scores], indent=2), lines=True)
        return
    width = max(len(item.name) for item in scores)
    for item in scores:
        spread = "" if item.std is None else f"  (std {item.std:.4g})"
        echo(f"{item.name:{width}}  {item.value:.4g}{spread}")
    protocol = scores[0].protocol
    echo(
        f"{protocol.reals:,} reals of {protocol.data}, {protocol.fakes:,} fakes, seed {seed}",
        err=True,
    )


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal how many images of each kind are done."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def show(kind: str, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(kind, total=total)
            bar.update(tasks[kind], completed=done)

        yield show
