"""What a loss is, and what it is given."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.config import LossConfig


@dataclass(frozen=True)
class Critique:
    """A discriminator's verdict on one batch.

    Attributes:
        logits: One tensor, or several of a discriminator with several heads; the first dimension
            of each is the batch. Real samples should get the larger ones. No sigmoid.
        labels: The int64 labels ``(N,)`` that the samples were scored with, if any.
        extras: What else the discriminator returned, by name; the batch is the first dimension of
            each. ``classes`` are the logits of an auxiliary classifier ``(N, num_classes)``.
    """

    logits: tuple[Tensor, ...]
    labels: Tensor | None = None
    extras: Mapping[str, Tensor] = field(default_factory=dict)

    def mean(self, function: Callable[[Tensor], Tensor] = lambda logits: logits) -> Tensor:
        """Average a function of the logits over every one of them."""
        if len(self.logits) == 1:
            return function(self.logits[0]).mean()
        return torch.cat([function(logits).flatten() for logits in self.logits]).mean()

    def sum(self) -> Tensor:
        """Sum all logits, as input-gradient penalties need."""
        return torch.stack([logits.sum() for logits in self.logits]).sum()

    def split(self, size: int) -> "tuple[Critique, Critique]":
        """Take apart the critique of two batches that were scored as one."""
        first, second = (
            Critique(
                tuple(logits[rows] for logits in self.logits),
                None if self.labels is None else self.labels[rows],
                {name: extra[rows] for name, extra in self.extras.items()},
            )
            for rows in (slice(size), slice(size, None))
        )
        return first, second


def as_critique(
    output: "Tensor | tuple[Tensor, ...] | Critique", labels: Tensor | None
) -> Critique:
    """Wrap what a discriminator returned; logits of half precision become float32."""
    if not isinstance(output, Critique):
        output = Critique((output,) if isinstance(output, Tensor) else tuple(output))
    logits = tuple(
        x.float() if x.dtype in (torch.bfloat16, torch.half) else x for x in output.logits
    )
    return Critique(logits, labels if output.labels is None else output.labels, output.extras)


class Loss(ABC):
    """What both players minimise.

    Attributes:
        needs_real: Whether `generator` is given the critique of real samples.
        probabilities: Whether `verdict` returns a probability; else a mean logit is shown.
        config: The loss's config.
    """

    needs_real: ClassVar[bool] = False
    probabilities: bool = False

    def __init__(self, config: LossConfig) -> None:
        self.config = config

    @abstractmethod
    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """Return the discriminator's loss, a scalar."""

    @abstractmethod
    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """Return the generator's loss, a scalar; `real` is given where `needs_real`."""

    def verdict(self, critique: Critique) -> Tensor:
        """Return the mean output to show: a probability of being real, or the mean logit."""
        return critique.mean()
