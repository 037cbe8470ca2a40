"""Scoring generators against the same real data, time and again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo import registry
from ganzoo.about import __version__
from ganzoo.config import DataConfig
from ganzoo.config.watching import LEAST_FAKES, LEAST_REALS, PAIR_METRICS, POINT_METRICS
from ganzoo.data.base import Dataset
from ganzoo.data.cache import Store, open_store
from ganzoo.data.mixtures import GaussianMixture
from ganzoo.errors import RequestError, WeightsError
from ganzoo.evaluation import metrics, modes, statistics
from ganzoo.evaluation.extractor import Extractor
from ganzoo.evaluation.families import FAMILIES, Family, Seen, Value
from ganzoo.evaluation.records import Protocol, Score
from ganzoo.memory import check_room
from ganzoo.networks.base import Network
from ganzoo.networks.generator import Generator
from ganzoo.numbers import whole_number
from ganzoo.randomness import checked_seed, seed_for
from ganzoo.resolve import open_dataset
from ganzoo.resolve.paths import dataset_name, title_of
from ganzoo.resolve.validation import check_enough, check_metrics, validate
from ganzoo.settings import own_settings
from ganzoo.spec import DatasetSpec, ExtractorSpec, Shape

DEFAULT_METRICS = ("fid", "kid", "precision", "recall")
"""Of images; of points all there are."""

ReportProgress = Callable[[str, int, int], None]

Made = tuple[Tensor, Tensor | None]
"""Fakes, and their targets where they are known."""

DEFAULT_FAKES = 10_000
"""Enough for scores of small extractors; published FIDs take 50,000."""

FAKES = "fakes (-n)"
"""How errors call their number."""


class Scorer:
    """Scores generators, in float32, by one protocol.

    Images are compared with the real data in an extractor's features. It and what it sees in the
    reals are had once, and the latter is kept on disk; fakes are made in batches and rounded to 8
    bits, as reals are. Points are counted at the centres of the mixture that is the real data.

    Args:
        data: The real data, resolved; all of it is the reals.
        shape: Of what the generators make, ``(C, H, W)`` or ``(D,)``.
        dataset: The real data, where it is open already.
        metrics: Of `ganzoo.config.watching.METRICS`; None for those that are usual of such data.
        extractor: What the features are of: a name, or a mapping of ``name`` and fields of its
            config; None for the one that suits the data.
        fakes: How many fakes.
        seed: Of the fakes, and of the metrics' own choices.
        truncation: Of the fakes.
        device: Where to compute.
        batch_size: How many samples are held at once.
        progress: Called with ``reals`` or ``fakes``, how many of them were looked at, and how many
            there are.

    Raises:
        RequestError: A metric is unknown or has no meaning here, or a number is out of range.
    """

    @own_settings(grad=False)
    def __init__(
        self,
        data: DataConfig,
        shape: Shape,
        *,
        dataset: Dataset | None = None,
        metrics: Sequence[str] | None = None,
        extractor: str | Mapping[str, Any] | None = None,
        fakes: int = DEFAULT_FAKES,
        seed: int = 0,
        truncation: float | None = None,
        device: str | torch.device = "cpu",
        batch_size: int = 250,
        progress: ReportProgress | None = None,
    ) -> None:
        self.shape, self.seed = shape, checked_seed(seed)
        self.fakes = whole_number(FAKES, fakes, 2)
        self.truncation = truncation
        self.batch_size = whole_number("batch_size", batch_size)
        self._progress = progress or (lambda kind, done, total: None)
        self.device = torch.device(device)
        self._data, self._dataset = data, self._opened(data, dataset)
        kind = "images" if len(shape) == 3 else "vectors"
        paired = self._check_kind(kind)
        usual = DEFAULT_METRICS if kind == "images" else POINT_METRICS
        if paired:
            usual = PAIR_METRICS if extractor is None else (*PAIR_METRICS, *DEFAULT_METRICS)
        self.metrics = tuple(usual if metrics is None else metrics)
        check_metrics("metrics", self.metrics, kind, paired=paired)
        check_enough(FAKES, self.fakes, self.metrics, LEAST_FAKES)
        self.extractor: Extractor | None = None
        self.families: list[Family] = []
        if kind == "images" and not {*self.metrics} <= {*PAIR_METRICS}:
            self.extractor = make_extractor(extractor or self._suited())
            self.extractor.to(self.device)
            self.families = _families(self.metrics, self.extractor)
        elif extractor is not None:
            what = (
                "these metrics need no features"
                if kind == "images"
                else "this generator makes vectors"
            )
            raise RequestError(f"extractors are for images, and {what}")
        elif kind == "vectors" and not isinstance(self._dataset, GaussianMixture):
            raise RequestError(
                f"vectors are scored by the modes of a mixture, and {data.source} is not a mixture"
            )
        length = self.extractor.length if self.extractor is not None and self._keep else 0
        need = self.fakes * (16 + 4 * length)  # of labels, and of features
        check_room(f"{self.fakes:,} fakes", need, torch.device("cpu"), "ask for fewer")
        self._store = self._stored()
        reals = len(self._store.samples)
        check_enough("the number of reals", reals, self.metrics, LEAST_REALS)

    @own_settings(grad=False)
    def __call__(self, maker: Network, *, averaged: bool = True) -> list[Score]:
        """Score a generator.

        Args:
            maker: The generator, on the scorer's device.
            averaged: Whether it is a moving average, for the record.

        Returns:
            One score for each metric, in the order that was asked for.

        Raises:
            WeightsError: Samples are not finite.
            RequestError: The generator has no such truncation.
        """
        protocol = self._protocol(maker)
        origin: dict[str, Any] = {
            "seed": self.seed,
            "weights": "averaged" if averaged else "raw",
            "precision": "fp32",
            "device": self.device.type,
        }
        versions = {"ganzoo": __version__, "torch": str(torch.__version__)}
        if len(self.shape) == 1:
            values = self._counted(self._made(maker))
            titles = {name: name for name in POINT_METRICS}
            settings = {name: {"radius": modes.RADIUS} for name in POINT_METRICS}
        else:
            values = self._compared(self._made(maker))
            titles = {"mae": "MAE", "psnr": "PSNR"}
            settings = {name: dict(f.settings) for f in self.families for name in f.titles}
        features: dict[str, Any] = {}
        if self.extractor is not None:
            mark = "" if self.extractor.published else f"-{self.extractor.name}"
            titles |= {
                name: title + mark for f in self.families for name, title in f.titles.items()
            }
            versions |= self.extractor.versions
            features = {
                "extractor": self.extractor.name,
                "extractor_hash": self.extractor.fingerprint,
                "resize": self.extractor.resize,
            }
        of_pairs = {"reals": self.fakes}
        return [
            Score(
                name=titles[name],
                value=values[name][0],
                std=values[name][1],
                protocol=Protocol(
                    metric=name,
                    settings=settings.get(name, {}),
                    **{**protocol, **(of_pairs if name in PAIR_METRICS else features)},
                ),
                versions=versions,
                **origin,
            )
            for name in self.metrics
        ]

    def _opened(self, data: DataConfig, dataset: Dataset | None) -> Dataset:
        """Return the real data: what was opened before, if that will do."""
        return dataset or open_dataset(data)

    def _check_kind(self, kind: str) -> bool:
        """Check that the data is what generators make; report whether it holds targets."""
        if self._dataset.kind != kind or "sample" not in self._dataset.fields:
            holds = " and ".join(self._dataset.fields)
            holds = self._dataset.kind if "sample" in self._dataset.fields else holds
            raise RequestError(
                f"{self._data.source} holds {holds}, and this generator makes {kind}"
            )
        return False

    def _suited(self) -> str:
        """The extractor that suits the data."""
        return registry.get(DatasetSpec, dataset_name(self._data.source)).extractor

    def _stored(self) -> Store:
        """Open the store of the reals."""
        return open_store(self._dataset, self.shape, name=self._data.source)

    def _protocol(self, maker: Network) -> dict[str, Any]:
        """What all scores of a maker have in common in their protocols."""
        truncation = self.truncation
        if isinstance(maker, Generator):
            truncation = maker.checked_truncation(truncation)
        return {
            "data": title_of(self._data, self._dataset.pinned),
            "data_fingerprint": self._dataset.fingerprint,
            "split": getattr(self._data, "split", "all"),
            "sample_shape": self.shape,
            "labels": "data" if maker.config.num_classes else "none",
            "reals": len(self._store.samples),
            "fakes": self.fakes,
            "truncation": truncation,
        }

    def _compared(self, fakes: Iterable[Made]) -> dict[str, Value]:
        """The metrics of images, and others that come with them."""
        found: dict[str, Value] = {}
        seen = None if self.extractor is None else self._nothing_seen(self.extractor)
        apart: list[Tensor] = []
        for images, targets in fakes:
            rounded = images.mul(255).round().div(255)
            if self.extractor is not None and seen is not None:
                seen.add(self.extractor(rounded))
            if targets is not None:
                apart.append(metrics.distances(rounded, targets))
        if apart:
            mean = torch.cat(apart).mean(dim=0)
            found = {name: (float(x), None) for name, x in zip(PAIR_METRICS, mean, strict=True)}
        parts = ([] if seen is None else [seen.moments.mean]) + ([mean] if apart else [])
        if not all(part.isfinite().all() for part in parts):
            raise WeightsError(
                "the generator makes samples that are not finite and cannot be scored"
            )
        for family in self.families:
            assert seen is not None
            found |= family.compute(self._of_reals, seen, self.seed)
        return found

    def _counted(self, fakes: Iterable[Made]) -> dict[str, Value]:
        """The metrics of points."""
        mixture = self._dataset
        assert isinstance(mixture, GaussianMixture)
        counts = np.zeros(len(mixture.centres), dtype=np.int64)
        for points, _ in fakes:
            counts += modes.count(points.cpu().numpy(), mixture.centres, mixture.std)
        return {k: (float(v), None) for k, v in vars(modes.spread(counts, self.fakes)).items()}

    @cached_property
    def _of_reals(self) -> Seen:
        extractor = self.extractor
        assert extractor is not None
        facts = {
            "data": self._store.identity,
            "extractor": [extractor.name, extractor.fingerprint, extractor.resize],
            "versions": {"torch": str(torch.__version__), **extractor.versions},
            "device": self.device.type,
        }
        path = statistics.place_of(facts, keep=self._keep)
        kept = statistics.read_statistics(
            path, extractor.length, keep=self._keep, device=self.device
        )
        if kept is not None:
            return kept
        seen = self._nothing_seen(extractor)
        for images in self._real():
            seen.add(extractor(images))
        statistics.write(path, seen, f"{self._data.source} as {extractor.name} sees it")
        return seen

    @property
    def _keep(self) -> bool:
        """Whether a metric needs every feature, and not the moments alone."""
        return any(family.keep for family in self.families)

    def _nothing_seen(self, extractor: Extractor) -> Seen:
        return Seen(extractor.length, keep=self._keep, device=self.device)

    def _real(self) -> Iterator[Tensor]:
        """The real images in [0, 1], ``(batch, C, H, W)``."""
        samples = self._store.samples
        for start in range(0, len(samples), self.batch_size):
            batch = torch.from_numpy(samples[start : start + self.batch_size]).to(self.device)
            yield batch.permute(0, 3, 1, 2).float() / 255
            self._progress("reals", start + len(batch), len(samples))

    def _made(self, maker: Network) -> Iterator[Made]:
        """Fakes, images in [0, 1] or points in data units, of which a batch is held at a time."""
        assert isinstance(maker, Generator)
        labels = _labels(maker, self._dataset, self._store, self.fakes, self.seed)
        for start in range(0, self.fakes, self.batch_size):
            rows = slice(start, min(start + self.batch_size, self.fakes))
            samples = maker.sample(
                rows.stop - start,
                seed=seed_for(self.seed, "evaluate", start),
                labels=None if labels is None else labels[rows],
                truncation=self.truncation,
                batch_size=self.batch_size,
            )
            yield samples, None
            self._progress("fakes", rows.stop, self.fakes)


def make_extractor(chosen: str | Mapping[str, Any], **values: Any) -> Extractor:
    """Make an extractor.

    Args:
        chosen: Its name, or a mapping of ``name`` and fields of its config.
        **values: More such fields.

    Raises:
        ganzoo.errors.PluginError: It is unknown or broken.
        ganzoo.errors.ConfigError: A value is not allowed.
    """
    given = {"name": chosen} if isinstance(chosen, str) else dict(chosen)
    name = str(given.get("name", ""))
    config = validate(registry.get(ExtractorSpec, name).config, {**given, **values}, "extractor")
    made: Extractor = registry.instantiate("extractors", name, config)
    return made


def _families(names: Sequence[str], extractor: Extractor) -> list[Family]:
    """The families of some metrics of images."""
    found = [family for family in FAMILIES if family.titles.keys() & set(names)]
    if not extractor.class_names and (blind := [family for family in found if family.classes]):
        raise RequestError(
            f"{' and '.join(blind[0].titles)} needs an extractor with classes, and "
            f"{extractor.name} has none"
        )
    return found


def _labels(
    generator: Generator, dataset: Dataset, store: Store, count: int, seed: int
) -> list[int | str] | None:
    """Labels of the fakes, with the shares that classes have in the data."""
    if not generator.config.num_classes:
        return None
    if len(dataset.class_names) != generator.config.num_classes:
        raise RequestError(
            f"the generator has {generator.config.num_classes} classes and the data "
            f"{len(dataset.class_names) or 'none'}; they must be the same"
        )
    source = torch.Generator().manual_seed(seed_for(seed, "evaluate", "labels"))
    numbers = torch.randint(len(store.labels), (count,), generator=source)
    return [generator.classes[label] for label in store.labels[numbers.numpy()]]
