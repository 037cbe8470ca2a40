"""Looking at all data before training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ganzoo import registry
from ganzoo.config import DataConfig
from ganzoo.data.advice import Advice, advise, doubts
from ganzoo.data.preview import Preview, preview, preview_fields
from ganzoo.data.progress import progress
from ganzoo.data.sources.python import Data, with_source
from ganzoo.data.survey import Survey, survey, unreadable
from ganzoo.data.survey_report import condition, report_fields, survey_report
from ganzoo.errors import ConfigError, RequestError
from ganzoo.resolve import Resolution, data_config, open_dataset, resolve, user_values
from ganzoo.resolve.paths import dataset_name
from ganzoo.spec import Architecture, DatasetSpec

if TYPE_CHECKING:
    from ganzoo.training.agreement import Agreement

ARCHITECTURE = "dcgan"


@dataclass(frozen=True)
class DataReport:
    """What a look at all samples of some data found.

    Attributes:
        refused: Whether training would refuse the data.
        command: The command line to start with; None where none is suggested.
        values: All that was found, for JSON.
        text: The same for people, in lines of 80 columns, as ``print`` shows it.
        preview: Draws images as the networks will see them; None for vectors. DataError where none
            of those that it tries can be read.
    """

    refused: bool
    command: str | None
    values: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)
    preview: Callable[[], Preview] | None = field(repr=False, compare=False)

    def __str__(self) -> str:
        """The report for people."""
        return self.text


def check_data(
    data: Data,
    overrides: Mapping[str, Any] | None = None,
    *,
    architecture: str | None = None,
    base: str | None = None,
    processes: int = 1,
) -> DataReport:
    """Look at every sample, and at how training will use it.

    Args:
        data: A path of images (``./images``), a dataset's name, or a map-style dataset as those of
            torch.
        overrides: Values of the run by dotted key, as ``{"data.image_size": 64}``.
        architecture: What is to be trained, which sets the shape; dcgan where left out.
        base: The weights that the run starts from, in place of an architecture: the report then
            says how the samples differ from them.
        processes: How many look. A script that asks for several needs a guard:
            ``if __name__ == "__main__":``.

    Returns:
        The report.

    Raises:
        RequestError: The data, the weights or a value will not do, or no sample can be read.
    """
    if base is not None and architecture is not None:
        raise RequestError("give --architecture or --base, not both; weights have an architecture")
    source, given = with_source(data), dict(overrides or {})
    if base is None and architecture is None and (config := _of_several_fields(source, given)):
        return _of_fields(config, processes)
    name, fit = base or architecture or ARCHITECTURE, None
    if base is None:
        resolution = resolve({"architecture": name, "data": {"source": source}}, given)
    else:
        from ganzoo.training.agreement import agreement
        from ganzoo.training.finetuning import finetuning_config

        resolution = finetuning_config(base, source, None, given)
        fit = agreement(resolution)
    run, dataset = resolution.config, resolution.dataset
    with progress("looking at every sample", len(dataset)) as report:
        found = survey(dataset, processes=processes, report=report)
    advice, command, max_bad = _advice(found, resolution, fit, given), None, dataset.max_bad
    if advice is not None and (fit is None or fit.fits):
        partial = None if fit is None else fit.partial
        command = advice.command(name, source, given, partial=partial)
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
        values["warnings"] = [*found.notes, *advice.warnings]
        values |= {"suggested": advice.values, "command": command}
        values["condition"] = condition(found, max_bad)
    text = survey_report(source, found, run, advice, name=name, command=command, max_bad=max_bad)

    def draw() -> Preview:
        shape = run.architecture.sample_shape
        return preview(dataset, shape, flip=run.data.flip, labels=found.labels)

    return DataReport(refused, command, values, text, draw if dataset.kind == "images" else None)


def _of_several_fields(source: str, overrides: Mapping[str, Any]) -> DataConfig | None:
    """Return the config of data that no single image is trained on; None for other data."""
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


def _of_fields(config: DataConfig, processes: int) -> DataReport:
    """Look at every field of data that has several."""
    dataset = open_dataset(config)
    parts = {name: part for group in dataset.groups.values() for name, part in group.items()}
    side = config.image_size
    shapes = {
        name: part.shape if side is None else (part.shape[0], side, side)
        for name, part in parts.items()
    }
    found = {}
    for name, part in parts.items():
        with progress(f"looking at every {name}", len(part)) as report:
            found[name] = survey(part, processes=processes, report=report)
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
    fields = {name: seen.as_values() for name, seen in found.items()}
    values = {"source": config.source, "fields": fields, "warnings": warnings}
    text = report_fields(found, shapes, config, warnings, max_bad=dataset.max_bad)
    return DataReport(
        bool(refused),
        None,
        values | {"refused": bool(refused)},
        text,
        lambda: preview_fields(dataset, shapes, flip=config.flip),
    )


def _advice(
    found: Survey, resolution: Resolution, fit: Agreement | None, overrides: Mapping[str, Any]
) -> Advice | None:
    """What to know before training; of vectors only what weights do not agree with."""
    sentences, run = None if fit is None else fit.sentences, resolution.config
    if found.spread is not None:
        return None if sentences is None else Advice(sentences, {}, {})
    traits = registry.get(Architecture, run.architecture.name).traits(run.architecture)
    return advise(found, run, traits, sentences, overrides)
