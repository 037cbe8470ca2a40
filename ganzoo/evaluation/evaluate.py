"""Scoring a generator by a reference to its weights."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ganzoo import registry
from ganzoo.config import DataConfig
from ganzoo.data.sources.python import Data, with_source
from ganzoo.errors import DataError, RequestError
from ganzoo.evaluation.records import Score
from ganzoo.evaluation.scorer import DEFAULT_FAKES, ReportProgress, Scorer
from ganzoo.hub.loading import load_generator
from ganzoo.networks.generator import Generator
from ganzoo.resolve import data_config
from ganzoo.resolve.paths import shown_path
from ganzoo.resolve.resolution import user_values
from ganzoo.weights.locating import RUN_CONFIG, run_of
from ganzoo.weights.reading import check_inside
from ganzoo.weights.reference import Place, parse


def evaluate(
    reference: str | os.PathLike[str] | Generator,
    data: Data | None = None,
    *,
    metrics: Sequence[str] | None = None,
    extractor: str | Mapping[str, Any] | None = None,
    fakes: int = DEFAULT_FAKES,
    seed: int = 0,
    truncation: float | None = None,
    raw: bool = False,
    device: str | torch.device = "cpu",
    batch_size: int = 250,
    progress: ReportProgress | None = None,
) -> list[Score]:
    """Score a generator; see `ganzoo.evaluation.scorer.Scorer`.

    Args:
        reference: As that of `ganzoo.load_generator`; or a generator itself, which is scored where
            it is.
        data: The real data: a dataset's name, a path (``./images``), or a map-style
            `torch.utils.data.Dataset`. Left out, it is that of the run, as its config says; else
            what the generator was trained on, if that is a dataset by name.
        metrics: Of `ganzoo.config.watching.METRICS`; None for those that are usual of such data.
        extractor: What the features are of: a name, or a mapping of ``name`` and fields of its
            config; None for the one that suits the data.
        fakes: How many fakes.
        seed: Of the fakes, and of the metrics' own choices.
        truncation: Of the fakes.
        raw: Score the generator as trained instead of its moving average; of a generator itself,
            record that it is so.
        device: Where to compute, unless a generator itself is given.
        batch_size: How many samples are held at once.
        progress: As that of `ganzoo.evaluation.scorer.Scorer`.

    Returns:
        One score for each metric, in the order that was asked for.

    Raises:
        RequestError: Something that is asked for is unknown or has no meaning here.
        TypeError: It is no generator, and no reference to one.
    """
    if not isinstance(reference, Generator | str | os.PathLike):
        kind = type(reference).__name__
        raise TypeError(f"evaluate takes a ganzoo.Generator, a name or a path, not a {kind}")
    run = None
    if isinstance(reference, Generator):
        generator = reference
    else:
        generator = load_generator(reference, raw=raw, device=device)
        place = parse(reference)
        run = run_of(place.path) if data is None and isinstance(place, Place) else None
    try:
        scorer = Scorer(
            _data_of(run) if run else data_config({"source": _source(data, generator)}),
            generator.config.sample_shape,
            metrics=metrics,
            extractor=extractor,
            fakes=fakes,
            seed=seed,
            truncation=truncation,
            device=generator.device,
            batch_size=batch_size,
            progress=progress,
        )
    except DataError as error:
        if run is None:
            raise
        raise DataError(
            f"{error}; if the data of {shown_path(run)} has moved, give its new place with --data "
            "(in Python: data=)"
        ) from error
    averaged = not raw and bool(generator.info.training.get("averaged"))
    return scorer(generator, averaged=averaged)


def _data_of(run: Path) -> DataConfig:
    """The section ``data`` of a run's config; the rest of it needs no look."""
    check_inside(run, RUN_CONFIG)
    return data_config(user_values(run / RUN_CONFIG).get("data", {}))


def _source(data: Data | None, generator: Generator) -> str:
    """The source of the real data, if it is told or known by name."""
    if data is not None:
        return with_source(data)
    trained_on = generator.info.training.get("data")
    if trained_on not in registry.names("datasets"):
        raise RequestError(
            "give the real data to score against (--data): these weights do not name a dataset "
            "that is installed here"
        )
    return str(trained_on)
