"""``data check``."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.common import AsJson, Imports, echo, load_local, split_arguments
from ganzoo.cli.completion import complete_datasets, references
from ganzoo.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from ganzoo.config import DataConfig, RunConfig
    from ganzoo.data.advice import Advice
    from ganzoo.data.preview import Preview
    from ganzoo.data.survey import Survey
    from ganzoo.training.agreement import Agreement

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
    if base is not None and architecture is not None:
        raise RequestError("give --architecture or --base, not both; weights have an architecture")
    if not out.lower().endswith(".png"):
        raise RequestError(f"--out {out}: the preview is a PNG; give a name that ends in .png")
    load_local(imports)
    from ganzoo.data.cache.decoders import default_processes
    from ganzoo.data.preview import preview
    from ganzoo.data.progress import progress
    from ganzoo.data.survey import survey
    from ganzoo.data.survey_report import survey_report
    from ganzoo.resolve import open_dataset

    if base is None and architecture is None and (data := _of_several_fields(source, overrides)):
        _check_fields(data, None if no_preview else out, as_json=as_json)
        return
    name = base or architecture or ARCHITECTURE
    run = _run(name, source, overrides, fine_tuned=base is not None)
    dataset = open_dataset(run.data)
    fit = None
    if base is not None:
        from ganzoo.training.agreement import agreement

        fit = agreement(run, dataset)
    with progress("looking at every sample", len(dataset)) as told:
        found = survey(dataset, processes=default_processes(), report=told)
    images = dataset.kind == "images"
    advice = _advice(found, run, fit, overrides)
    command = None
    if advice is not None and (fit is None or fit.fits):
        partial = None if fit is None else fit.partial
        command = advice.command(name, source, overrides, partial=partial)
    max_bad = dataset.max_bad
    if as_json:
        values = _values(found, run, advice, fit, name=name, command=command, max_bad=max_bad)
        echo(json.dumps(values, indent=2), lines=True)
    else:
        text = survey_report(
            source, found, run, advice, name=name, command=command, max_bad=max_bad
        )
        echo(text, lines=True)
    if images and not no_preview:
        shape = run.architecture.sample_shape
        _write(preview(dataset, shape, flip=run.data.flip, labels=found.labels), out)
    if found.bad_share > max_bad or not (fit is None or fit.fits):
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


def _of_several_fields(source: str, overrides: dict[str, Any]) -> "DataConfig | None":
    """Return the config of data that no single image is trained on; None for other data."""
    from ganzoo import registry
    from ganzoo.resolve import data_config, user_values
    from ganzoo.resolve.paths import dataset_name
    from ganzoo.spec import DatasetSpec

    name = dataset_name(source)
    if name not in registry.names("datasets") or "sample" in registry.get(DatasetSpec, name).fields:
        return None
    values = user_values({"data": {"source": source}}, overrides)
    if others := [section for section in values if section != "data"]:
        raise ConfigError(
            f"{others[0]}: {source} is checked without networks; give --architecture to set more "
            "than fields of data"
        )
    return data_config(values["data"], values)


def _check_fields(config: "DataConfig", out: str | None, *, as_json: bool) -> None:
    """Look at every field of data that has several."""
    from ganzoo.data.advice import doubts
    from ganzoo.data.cache.decoders import default_processes
    from ganzoo.data.preview import preview_fields
    from ganzoo.data.progress import progress
    from ganzoo.data.survey import survey, unreadable
    from ganzoo.data.survey_report import report_fields
    from ganzoo.resolve import open_dataset

    dataset = open_dataset(config)
    parts = {name: part for group in dataset.groups.values() for name, part in group.items()}
    side = config.image_size
    shapes = {
        name: part.shape if side is None else (part.shape[0], side, side)
        for name, part in parts.items()
    }
    found = {}
    for name, part in parts.items():
        with progress(f"looking at every {name}", len(part)) as told:
            found[name] = survey(part, processes=default_processes(), report=told)
    crops = getattr(config, "fit", "crop") == "crop"
    warnings = [*dataset.notes]
    for name, seen in found.items():
        warnings += [f"{name}: {doubt}" for doubt in doubts(seen, shapes[name], crops)]
    shares = {
        " and ".join(group): unreadable([found[name] for name in group])
        for group in dataset.groups.values()
    }
    refused = {names: share for names, share in shares.items() if share > dataset.max_bad}
    warnings += [
        f"of {share:.2%} of {names} an image cannot be read; training refuses, as "
        f"data.max_bad={dataset.max_bad:g} allows fewer"
        for names, share in refused.items()
    ]
    if as_json:
        fields = {name: seen.as_values() for name, seen in found.items()}
        values = {"source": config.source, "fields": fields, "warnings": warnings}
        echo(json.dumps(values | {"refused": bool(refused)}, indent=2), lines=True)
    else:
        text = report_fields(found, shapes, config, warnings, max_bad=dataset.max_bad)
        echo(text, lines=True)
    if out is not None:
        _write(preview_fields(dataset, shapes, flip=config.flip), out)
    if refused:
        raise typer.Exit(2)


def _run(name: str, source: str, overrides: dict[str, Any], *, fine_tuned: bool) -> "RunConfig":
    """Resolve what would be trained: an architecture, or weights to be fine-tuned."""
    if fine_tuned:
        from ganzoo.training.finetuning import finetuning_config

        return finetuning_config(name, source, None, overrides).config
    from ganzoo.resolve import resolve

    return resolve({"architecture": name, "data": {"source": source}}, overrides).config


def _advice(
    found: "Survey", run: "RunConfig", fit: "Agreement | None", overrides: dict[str, Any]
) -> "Advice | None":
    """What to know before training; of vectors only what weights do not agree with."""
    from ganzoo import registry
    from ganzoo.data.advice import Advice, advise
    from ganzoo.spec import Architecture

    sentences = None if fit is None else fit.sentences
    if found.spread is not None:
        return None if sentences is None else Advice(sentences, {}, {})
    traits = registry.get(Architecture, run.architecture.name).traits(run.architecture)
    return advise(found, run, traits, sentences, overrides)


def _values(
    found: "Survey",
    run: "RunConfig",
    advice: "Advice | None",
    fit: "Agreement | None",
    *,
    name: str,
    command: str | None,
    max_bad: float,
) -> dict[str, Any]:
    """All that is known, for programs."""
    from ganzoo.data.survey_report import condition

    refused = found.bad_share > max_bad or not (fit is None or fit.fits)
    values = {"source": run.data.source, **found.as_values(), "refused": refused}
    if fit is not None:
        values["base"] = {
            "reference": name,
            "architecture": run.architecture.name,
            "sample_shape": run.architecture.sample_shape,
            "num_classes": run.architecture.num_classes,
            "partial": fit.partial,
            "fits": fit.fits,
        }
    if advice is not None:
        values |= {
            "warnings": [*found.notes, *advice.warnings],
            "suggested": advice.values,
            "command": command,
        }
        values["condition"] = condition(found, max_bad)
    return values
