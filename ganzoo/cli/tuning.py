"""``sweep``."""

import json
from typing import Annotated

import typer

from ganzoo.cli.common import (
    AsJson,
    Imports,
    Overrides,
    echo,
    load_local,
    split_arguments,
)


def sweep(
    arguments: Overrides = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY.SUB=VALUES",
            help="A field and its values: 1e-5..1e-2, 32..128 or hinge,non-saturating; may be "
            "repeated.",
        ),
    ] = None,
    trials: Annotated[int, typer.Option(help="The number of trials to reach.")] = 20,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="The sweep's folder; by default one below runs/."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="The metric to optimise; by default evaluation.best.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the proposals.")] = 0,
    imports: Imports = None,
    as_json: AsJson = False,
) -> None:
    """Search fields of a config for the best score.

    CONFIG is a .yaml, .json or .toml file; KEY.SUB=VALUE sets a field in all trials. Each trial
    trains with some of the values after --over, and is a run below the sweep's folder; the same
    command with --out resumes a sweep.

    For instance: ganzoo sweep architecture=dcgan --over loss=hinge,non-saturating
    """
    from ganzoo.tuning.space import split_over

    config, overrides = split_arguments(arguments)
    space = split_over(over)
    load_local(imports)
    from ganzoo.tuning.sweep import sweep as search

    found = search(
        config,
        space,
        overrides=overrides,
        trials=trials,
        out=out,
        metric=metric,
        seed=seed,
        say=lambda text: echo(text, err=True),
    )
    if as_json:
        values = {
            "path": str(found.path),
            "metric": found.metric,
            "best": None if found.best is None else found.best.number,
            "importances": dict(found.importances),
            "trials": [
                {
                    "number": trial.number,
                    "path": str(trial.path),
                    "state": trial.state,
                    "values": dict(trial.values),
                    "score": trial.score,
                    "scores": dict(trial.scores),
                    "message": trial.message,
                }
                for trial in found.trials
            ],
        }
        echo(json.dumps(values, indent=2), lines=True)
        return
    from ganzoo.resolve.paths import shown_path
    from ganzoo.tuning.ranking import REPORT

    echo((found.path / REPORT).read_text(encoding="utf-8"), lines=True)
    echo(shown_path(found.path))
