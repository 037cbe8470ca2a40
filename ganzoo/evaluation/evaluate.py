"""Scoring a generator against real data."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ganzoo import registry
from ganzoo.about import __version__
from ganzoo.config import DataConfig
from ganzoo.data.base import Dataset
from ganzoo.data.cache import Store, open_store
from ganzoo.errors import RequestError, closest
from ganzoo.evaluation.extractor import Extractor
from ganzoo.evaluation.families import FAMILIES, NAMES, Family, Seen
from ganzoo.evaluation.records import Protocol, Score
from ganzoo.hub.loading import load_generator
from ganzoo.networks import Generator, checked_seed
from ganzoo.randomness import seed_for
from ganzoo.resolve import data_config, open_dataset
from ganzoo.resolve.check import validate

DEFAULT_METRICS = ("fid", "kid", "precision", "recall")
DEFAULT_FAKES = 10_000
"""Enough for scores of small extractors; published FIDs take 50,000."""


def evaluate(
    reference: str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    extractor: str = "digits",
    fakes: int = DEFAULT_FAKES,
    seed: int = 0,
    truncation: float | None = None,
    raw: bool = False,
    device: str | torch.device = "cpu",
    batch_size: int = 250,
) -> list[Score]:
    """Score a generator by reference; see `score`.

    Args:
        reference: As that of `ganzoo.load_generator`.
        data: The real data: a dataset's name, or a folder of pictures (``./path``). Left out, it is
            what the generator was trained on, if that is a dataset by name.
        metrics: Of `ganzoo.evaluation.families.NAMES`.
        extractor: What the features are of.
        fakes: How many fakes.
        seed: Of the fakes, and of the metrics' own choices.
        truncation: Of the fakes.
        raw: Score the generator as trained instead of its moving average.
        device: Where to compute.
        batch_size: How many pictures are held at once.

    Returns:
        One score for each metric, in the order that was asked for.

    Raises:
        RequestError: Something that is asked for is unknown or has no meaning here.
    """
    generator = load_generator(reference, raw=raw, device=device)
    source = _source(data, generator)
    return score(
        generator,
        data_config({"source": source}),
        metrics=metrics,
        extractor=extractor,
        fakes=fakes,
        seed=seed,
        truncation=truncation,
        averaged=not raw and bool(generator.info.training.get("averaged")),
        batch_size=batch_size,
    )


def score(
    generator: Generator,
    data: DataConfig,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    extractor: str = "digits",
    fakes: int = DEFAULT_FAKES,
    seed: int = 0,
    truncation: float | None = None,
    averaged: bool = True,
    batch_size: int = 250,
) -> list[Score]:
    """Score a generator of pictures on the device that it is on, in float32.

    Fakes are made in batches and rounded to 8 bits, as reals are; all of the data is the reals.

    Args:
        generator: Makes pictures.
        data: The real data, resolved.
        metrics: Of `ganzoo.evaluation.families.NAMES`.
        extractor: What the features are of.
        fakes: How many fakes.
        seed: Of the fakes, and of the metrics' own choices.
        truncation: Of the fakes.
        averaged: Whether the generator is a moving average, for the record.
        batch_size: How many pictures are held at once.

    Returns:
        One score for each metric, in the order that was asked for.

    Raises:
        RequestError: A metric is unknown or has no meaning here, or a number is out of range.
    """
    families, seed = _families(metrics), checked_seed(seed)
    if generator.info.data.kind != "pictures":
        raise RequestError("scores are of pictures, and this generator makes vectors")
    if fakes < 2:
        raise RequestError(f"fakes is {fakes}; it must be at least 2")
    dataset = open_dataset(data)
    shape = generator.config.sample_shape
    if dataset.kind != "pictures":
        raise RequestError(f"{data.source} holds vectors, and this generator makes pictures")
    eye = make_extractor(extractor)
    if not eye.class_names and (blind := [f for f in families if f.classes]):
        raise RequestError(
            f"{' and '.join(blind[0].titles)} needs an extractor that tells classes, which "
            f"{extractor} does not"
        )
    eye.to(generator.device)
    keep = any(family.keep for family in families)
    store = open_store(dataset, shape)
    of_reals, of_fakes = (Seen(eye.length, keep=keep, device=generator.device) for _ in "rf")
    for pictures in _reals(store, generator.device, batch_size):
        of_reals.add(eye(pictures))
    labels = _labels(generator, dataset, store, fakes, seed)
    for pictures in _fakes(generator, labels, fakes, seed, truncation, batch_size):
        of_fakes.add(eye(pictures))
    common: dict[str, Any] = {
        "extractor": eye.name,
        "extractor_hash": eye.fingerprint,
        "resize": eye.resize,
        "data": os.path.basename(data.source),
        "data_fingerprint": dataset.fingerprint,
        "sample_shape": shape,
        "labels": "none" if labels is None else "data",
        "reals": len(store.samples),
        "fakes": fakes,
        "truncation": truncation,
    }
    found = {}
    for family in families:
        for name, (value, std) in family.compute(of_reals, of_fakes, seed).items():
            title = family.titles[name]
            found[name] = Score(
                name=title if eye.published else f"{title}-{eye.name}",
                value=value,
                std=std,
                protocol=Protocol(metric=name, settings=dict(family.settings), **common),
                seed=seed,
                weights="averaged" if averaged else "raw",
                precision="fp32",
                device=generator.device.type,
                versions={"ganzoo": __version__, "torch": str(torch.__version__)},
            )
    return [found[name] for name in metrics]


def make_extractor(name: str, **values: Any) -> Extractor:
    """Make an extractor by its name.

    Raises:
        ganzoo.errors.PluginError: It is unknown or broken.
    """
    spec = registry.extractor(name)
    config = validate(spec.config, {"name": name, **values}, "extractor")
    made: Extractor = registry.instantiate("extractors", name, config)
    return made


def _source(data: str | os.PathLike[str] | None, generator: Generator) -> str:
    """The source of the real data, if it is told or known by name."""
    if data is not None:
        return os.fspath(data)
    trained_on = generator.info.training.get("data")
    if trained_on not in registry.names("datasets"):
        raise RequestError(
            "give the real data to score against (--data), as the weights name none that is known "
            "here by its name"
        )
    return str(trained_on)


def _families(names: Sequence[str]) -> list[Family]:
    """The families of some metrics."""
    for name in names:
        if name not in NAMES:
            raise RequestError(f"there is no metric {name!r}{closest(name, NAMES)}")
    return [family for family in FAMILIES if family.titles.keys() & set(names)]


def _reals(store: Store, device: torch.device, batch_size: int) -> Iterator[Tensor]:
    """The real pictures in [0, 1], ``(batch, C, H, W)``."""
    for start in range(0, len(store.samples), batch_size):
        batch = torch.from_numpy(store.samples[start : start + batch_size]).to(device)
        yield batch.permute(0, 3, 1, 2).float() / 255


def _fakes(
    generator: Generator,
    labels: Tensor | None,
    count: int,
    seed: int,
    truncation: float | None,
    batch_size: int,
) -> Iterator[Tensor]:
    """Fakes in [0, 1] of 8 bits, ``(batch, C, H, W)``, of which a batch is held at a time."""
    for start in range(0, count, batch_size):
        rows = slice(start, min(start + batch_size, count))
        pictures = generator.sample(
            rows.stop - start,
            seed=seed_for(seed, "evaluate", start),
            labels=None if labels is None else labels[rows],
            truncation=truncation,
            batch_size=batch_size,
        )
        yield pictures.mul(255).round().div(255)


def _labels(
    generator: Generator, dataset: Dataset, store: Store, count: int, seed: int
) -> Tensor | None:
    """Labels of the fakes, with the shares that classes have in the data."""
    if not generator.config.num_classes:
        return None
    if len(dataset.class_names) != generator.config.num_classes:
        raise RequestError(
            f"the generator has {generator.config.num_classes} classes and the data "
            f"{len(dataset.class_names) or 'none'}; they have to be the same ones"
        )
    source = torch.Generator().manual_seed(seed_for(seed, "evaluate", "labels"))
    return torch.from_numpy(store.labels)[
        torch.randint(len(store.labels), (count,), generator=source)
    ]
