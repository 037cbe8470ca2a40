"""Scoring a network by a reference to its weights."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ganzoo import registry
from ganzoo.config import DataConfig
from ganzoo.data.sources.python import Data, with_data
from ganzoo.errors import DataError, RequestError
from ganzoo.evaluation.records import Score
from ganzoo.evaluation.scorer import DEFAULT_FAKES, ReportProgress
from ganzoo.evaluation.translations import scorer_of
from ganzoo.hub.loading import load
from ganzoo.networks.base import Network
from ganzoo.networks.generator import Generator
from ganzoo.networks.translator import Translator
from ganzoo.resolve import data_config
from ganzoo.resolve.data_section import section_of
from ganzoo.resolve.paths import shown_path
from ganzoo.resolve.resolution import user_values
from ganzoo.spec import Architecture
from ganzoo.weights.locating import RUN_CONFIG, run_of
from ganzoo.weights.reading import check_inside
from ganzoo.weights.reference import Place, parse


def evaluate(
    reference: str | os.PathLike[str] | Generator | Translator,
    data: Data | Mapping[str, Any] | None = None,
    *,
    role: str | None = None,
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
    """Score a generator or a translator.

    See `ganzoo.evaluation.scorer.Scorer` and `ganzoo.evaluation.translations.TranslationScorer`.

    Args:
        reference: As that of `ganzoo.load`; or a generator or translator itself, which is scored
            where it is.
        data: The real data: a dataset's name, a path (``./images``; for translators of pairs with
            both halves side by side), a map-style `torch.utils.data.Dataset`, or a mapping like
            the section ``data`` of a config. Left out, it is that of the run, as its config says;
            else what the generator was trained on, if that is a dataset by name.
        role: Which network to score; the default one where left out.
        metrics: Of `ganzoo.config.watching.METRICS`; None for those that are usual of such data.
        extractor: What the features are of: a name, or a mapping of ``name`` and fields of its
            config; None for the one that suits the data.
        fakes: How many fakes; a translator makes at most one of each image.
        seed: Of the fakes, and of the metrics' own choices.
        truncation: Of the fakes of a generator.
        raw: Score the network as trained instead of its moving average; of a network itself,
            record that it is so.
        device: Where to compute, unless a network itself is given.
        batch_size: How many samples are held at once.
        progress: As that of `ganzoo.evaluation.scorer.Scorer`.

    Returns:
        One score for each metric, in the order that was asked for.

    Raises:
        RequestError: Something that is asked for is unknown or has no meaning here.
        TypeError: It is neither a network that makes images nor a reference to one.
    """
    if not isinstance(reference, Generator | Translator | str | os.PathLike):
        kind = type(reference).__name__
        raise TypeError(f"evaluate takes a generator, a translator, a name or a path, not a {kind}")
    run = None
    if isinstance(reference, Generator | Translator):
        maker: Network = reference
    else:
        maker = load(reference, role, raw=raw, device=device)
        place = parse(reference)
        run = run_of(place.path) if data is None and isinstance(place, Place) else None
    spec = registry.get(Architecture, maker.config.name)
    if maker.role not in spec.makers:
        raise RequestError(
            f"{maker.role} of {spec.name} makes no images that could be scored; choose "
            f"{' or '.join(spec.makers)}"
        )
    try:
        scorer = scorer_of(
            _data_of(run) if run else data_config(_section(data, maker, spec)),
            maker.config,
            maker.role,
            metrics=metrics,
            extractor=extractor,
            fakes=fakes,
            seed=seed,
            truncation=truncation,
            device=maker.device,
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
    averaged = not raw and bool(maker.info.training.get("averaged"))
    return scorer(maker, averaged=averaged)


def _data_of(run: Path) -> DataConfig:
    """The section ``data`` of a run's config; the rest of it needs no look."""
    check_inside(run, RUN_CONFIG)
    return data_config(user_values(run / RUN_CONFIG).get("data", {}))


def _section(
    data: Data | Mapping[str, Any] | None, maker: Network, spec: Architecture
) -> Mapping[str, Any]:
    """The section ``data`` of the real data, if it is told or known by name."""
    if data is not None:
        role = spec.networks[maker.role]
        reads = role.reads + role.makes if role.kind == "translator" else role.makes
        return section_of(with_data(data), reads)
    trained_on = maker.info.training.get("data")
    if trained_on not in registry.names("datasets"):
        raise RequestError(
            "give the real data to score against (--data): these weights do not name a dataset "
            "that is installed here"
        )
    return {"source": str(trained_on)}
