"""The metrics by name, in families that are computed together from what was seen of samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ganzoo.evaluation import metrics
from ganzoo.evaluation.extractor import Features
from ganzoo.evaluation.moments import Moments

Value = tuple[float, float | None]
"""A number, and its standard deviation over parts if there is one."""


class Seen:
    """What was gathered of reals or of fakes, batch by batch.

    Attributes:
        moments: Of all features.
        features: ``(N, length)`` float32 in parts; empty where they are not kept.
        logits: Likewise ``(N, classes)``.
    """

    def __init__(self, length: int, *, keep: bool, device: str | torch.device = "cpu") -> None:
        self.moments = Moments(length, device)
        self.features: list[Tensor] = []
        self.logits: list[Tensor] = []
        self._keep = keep

    def add(self, batch: Features) -> None:
        """Take in a batch."""
        self.moments.update(batch.features)
        if self._keep:
            self.features.append(batch.features.float())
            if batch.logits is not None:
                self.logits.append(batch.logits.float())


@dataclass(frozen=True)
class Family:
    """Metrics that come from the same computation.

    Attributes:
        titles: By the metric's name, how people write it.
        compute: The values by the metric's name, of reals and fakes, with a seed.
        keep: Whether every feature is needed, and not their moments alone.
        classes: Whether an extractor is needed that tells classes.
        settings: Numbers that the values depend on besides the samples.
    """

    titles: Mapping[str, str]
    compute: Callable[[Seen, Seen, int], Mapping[str, Value]]
    keep: bool = True
    classes: bool = False
    settings: Mapping[str, int] = field(default_factory=dict)


KERNEL: dict[str, Any] = {"subsets": 100, "size": 1000}
SPLITS: dict[str, Any] = {"splits": 10}
NEAREST: dict[str, Any] = {"neighbours": 3, "dense_neighbours": 5}


def _frechet(reals: Seen, fakes: Seen, seed: int) -> dict[str, Value]:
    return {"fid": (metrics.frechet_distance(reals.moments, fakes.moments), None)}


def _kernel(reals: Seen, fakes: Seen, seed: int) -> dict[str, Value]:
    features = torch.cat(reals.features), torch.cat(fakes.features)
    return {"kid": metrics.kernel_distance(*features, **KERNEL, seed=seed)}


def _inception_score(reals: Seen, fakes: Seen, seed: int) -> dict[str, Value]:
    return {"is": metrics.inception_score(torch.cat(fakes.logits), **SPLITS)}


def _neighbourhoods(reals: Seen, fakes: Seen, seed: int) -> dict[str, Value]:
    features = torch.cat(reals.features), torch.cat(fakes.features)
    found = metrics.neighbourhoods(*features, **NEAREST)
    return {name: (value, None) for name, value in found.items()}


def _classes(reals: Seen, fakes: Seen, seed: int) -> dict[str, Value]:
    counts = [
        torch.cat(seen.logits).argmax(dim=1).bincount(minlength=seen.logits[0].shape[1])
        for seen in (reals, fakes)
    ]
    covered, divergence = metrics.class_coverage(*counts)
    return {"classes": (float(covered), None), "divergence": (divergence, None)}


FAMILIES = (
    Family({"fid": "FID"}, _frechet, keep=False),
    Family({"kid": "KID"}, _kernel, settings=KERNEL),
    Family({"is": "IS"}, _inception_score, classes=True, settings=SPLITS),
    Family(
        {name: name for name in ("precision", "recall", "density", "coverage")},
        _neighbourhoods,
        settings=NEAREST,
    ),
    Family({"classes": "classes", "divergence": "divergence"}, _classes, classes=True),
)
