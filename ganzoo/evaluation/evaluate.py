"""Scoring a generator by a reference to its weights."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ganzoo import registry
from ganzoo.data.sources.python import Data, with_source
from ganzoo.errors import RequestError
from ganzoo.evaluation.records import Score
from ganzoo.evaluation.scorer import DEFAULT_FAKES, Progress, Scorer
from ganzoo.hub.loading import load_generator
from ganzoo.networks import Generator
from ganzoo.resolve import data_config


def evaluate(
    reference: str | os.PathLike[str],
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
    progress: Progress | None = None,
) -> list[Score]:
    """Score a generator by reference; see `ganzoo.evaluation.scorer.Scorer`.

    Args:
        reference: As that of `ganzoo.load_generator`.
        data: The real data: a dataset's name, a path (``./images``), or a map-style
            `torch.utils.data.Dataset`. Left out, it is what the generator was trained on, if that
            is a dataset by name.
        metrics: Of `ganzoo.evaluation.families.NAMES`; None for those that are usual of such data.
        extractor: What the features are of: a name, or a mapping of ``name`` and fields of its
            config; None for the one that suits the data.
        fakes: How many fakes.
        seed: Of the fakes, and of the metrics' own choices.
        truncation: Of the fakes.
        raw: Score the generator as trained instead of its moving average.
        device: Where to compute.
        batch_size: How many samples are held at once.
        progress: As that of `ganzoo.evaluation.scorer.Scorer`.

    Returns:
        One score for each metric, in the order that was asked for.

    Raises:
        RequestError: Something that is asked for is unknown or has no meaning here.
    """
    generator = load_generator(reference, raw=raw, device=device)
    scorer = Scorer(
        data_config({"source": _source(data, generator)}),
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
    averaged = not raw and bool(generator.info.training.get("averaged"))
    return scorer(generator, averaged=averaged)


def _source(data: Data | None, generator: Generator) -> str:
    """The source of the real data, if it is told or known by name."""
    if data is not None:
        return with_source(data)
    trained_on = generator.info.training.get("data")
    if trained_on not in registry.names("datasets"):
        raise RequestError(
            "give the real data to score against (--data), as these weights were trained on data "
            "that is no dataset known here by its name"
        )
    return str(trained_on)
