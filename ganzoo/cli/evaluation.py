"""``evaluate``."""

import json
from typing import Annotated

import typer

from ganzoo.cli.common import AsJson, Imports, load_local, printable
from ganzoo.cli.sampling import Raw, Reference, Seed, Truncation

METRICS = "fid,kid,precision,recall"


def evaluate(
    reference: Reference,
    data: Annotated[
        str | None,
        typer.Option(help="A dataset, or ./folder; what it was trained on if left out."),
    ] = None,
    metrics: Annotated[str, typer.Option(help="Names with commas between.")] = METRICS,
    extractor: Annotated[str, typer.Option(help="What the features are of.")] = "digits",
    n: Annotated[int, typer.Option("-n", help="How many fakes.")] = 10_000,
    seed: Seed = 0,
    truncation: Truncation = None,
    raw: Raw = False,
    device: Annotated[str, typer.Option(help="As cpu or cuda.")] = "cpu",
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Score a generator against real data.

    Scores compare only where all of their protocol is the same; --json writes it.
    """
    load_local(imports)
    from ganzoo.evaluation.evaluate import evaluate as score

    scores = score(
        reference,
        data,
        metrics=[name.strip() for name in metrics.split(",")],
        extractor=extractor,
        fakes=n,
        seed=seed,
        truncation=truncation,
        raw=raw,
        device=device,
    )
    if as_json:
        typer.echo(json.dumps([item.model_dump(mode="json") for item in scores], indent=2))
        return
    width = max(len(item.name) for item in scores)
    for item in scores:
        spread = "" if item.std is None else f"  (std {item.std:.4g})"
        typer.echo(f"{item.name:{width}}  {item.value:.4g}{spread}")
    protocol = scores[0].protocol
    typer.echo(
        printable(
            f"{protocol.reals:,} reals of {protocol.data}, {protocol.fakes:,} fakes, seed {seed}"
        ),
        err=True,
    )
