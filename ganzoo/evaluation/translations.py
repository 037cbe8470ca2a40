"""Scoring translators: against the targets of pairs, and against the images of a domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ganzoo import registry
from ganzoo.config import ArchitectureConfig, DataConfig
from ganzoo.config.watching import LEAST_FAKES
from ganzoo.data.base import Dataset
from ganzoo.data.cache import Store, open_stores
from ganzoo.data.fields import reshaped
from ganzoo.data.loader import Loader
from ganzoo.errors import RequestError
from ganzoo.evaluation.scorer import Made, Scorer
from ganzoo.networks.base import Network
from ganzoo.networks.translator import Translator
from ganzoo.randomness import seed_for
from ganzoo.resolve.data_section import check_fields
from ganzoo.resolve.paths import dataset_name
from ganzoo.resolve.validation import are_pairs, check_enough
from ganzoo.spec import Architecture, DatasetSpec


class TranslationScorer(Scorer):
    """Scores translators of one role, by one protocol.

    Images of the field that the role reads are translated, each once: those that training holds
    out (`data.holdout`), or else all, and at most `fakes` of them. They are compared with their
    targets, where the data has them, and in an extractor's features with all images of the field
    that the role makes. Images are brought to the networks' size without a random crop.

    Args:
        data: The real data, resolved.
        config: The architecture's.
        role: The translator.
        **options: Those of `ganzoo.evaluation.scorer.Scorer`.

    Raises:
        RequestError: A metric is unknown or has no meaning here, or a number is out of range.
    """

    def __init__(
        self, data: DataConfig, config: ArchitectureConfig, role: str, **options: Any
    ) -> None:
        spec = registry.get(Architecture, config.name)
        self._role, self._spec = spec.networks[role], spec
        self.role, self.reads, self.makes = role, self._role.reads[0], self._role.makes[0]
        self._config = config
        super().__init__(data, spec.shape_of(self.makes, config), **options)
        if self.truncation is not None:
            raise RequestError(f"truncation is for generators, and {role} translates images")

    def _opened(self, data: DataConfig, dataset: Dataset | None) -> Dataset:
        spec = registry.get(DatasetSpec, dataset_name(data.source))
        check_fields(self._spec.name, (self.reads, self.makes), spec)
        if getattr(data, "load_size", None) is not None:
            data, dataset = data.model_copy(update={"load_size": None}), None
        return super()._opened(data, dataset)

    def _check_kind(self, kind: str) -> bool:
        return are_pairs(self._dataset, self._role)

    def _suited(self) -> str:
        place = getattr(self._data, self.makes, None)
        if place is None:
            return super()._suited()
        return registry.get(DatasetSpec, dataset_name(place)).extractor

    def _stored(self) -> Store:
        config = self._config
        shapes = {name: self._spec.shape_of(name, config) for name in (self.reads, self.makes)}
        fields = reshaped(self._dataset.fields, shapes)
        stores, _ = open_stores(self._dataset, fields, name=self._data.source)
        holdout = self._data.holdout
        self._loader = Loader(stores, fields, seed=0, device=self.device, holdout=holdout)
        group = self._loader.group_of(self.reads)
        numbers = group.held_out if holdout else group.trained_on
        if len(numbers) > self.fakes:
            source = torch.Generator().manual_seed(seed_for(self.seed, "evaluate", "sources"))
            chosen = torch.randperm(len(numbers), generator=source)[: self.fakes]
            numbers = numbers[chosen.sort().values]
        self._numbers, self.fakes = numbers, len(numbers)
        check_enough("the number of images to translate", self.fakes, self.metrics, LEAST_FAKES)
        return stores[self.makes]

    def _protocol(self, maker: Network) -> dict[str, Any]:
        assert isinstance(maker, Translator)
        facts = {"role": self.role, "use": maker.config.use, "held_out": self._data.holdout > 0}
        return {**super()._protocol(maker), **facts}

    def _made(self, maker: Network) -> Iterator[Made]:
        assert isinstance(maker, Translator)
        group = self._loader.group_of(self.reads)
        paired = self._loader.group_of(self.makes) is group
        for start in range(0, self.fakes, self.batch_size):
            numbers = self._numbers[start : start + self.batch_size]
            batch = {
                name: images.float().add(1).div(2)
                for name, images in self._loader.gather(numbers, group.name).items()
            }
            seed = seed_for(self.seed, "evaluate", start)
            made = maker.translate(batch[self.reads].clamp(0, 1), seed=seed)
            yield made, batch[self.makes] if paired else None
            self._progress("fakes", start + len(numbers), self.fakes)


def scorer_of(data: DataConfig, config: ArchitectureConfig, role: str, **options: Any) -> Scorer:
    """Make the scorer of a maker, by its kind; arguments and errors as those of the scorers."""
    spec = registry.get(Architecture, config.name)
    if spec.networks[role].kind == "translator":
        return TranslationScorer(data, config, role, **options)
    return Scorer(data, config.sample_shape, **options)
