"""What a critic is shown."""

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Shown:
    """What a critic is shown.

    Attributes:
        samples: ``(N, *shape)``; images are in [-1, 1].
        labels: int64 ``(N,)``, or None.
        condition: What the samples belong to, as the source of a translation, or None.
        latents: What the samples were made from ``(N, latent_dim)``, or None.
    """

    samples: Tensor
    labels: Tensor | None = None
    condition: Tensor | None = None
    latents: Tensor | None = None

    def detached(self) -> "Shown":
        """Return the same without a way back to what made it."""
        condition = None if self.condition is None else self.condition.detach()
        return dataclasses.replace(self, samples=self.samples.detach(), condition=condition)

    def differentiable(self) -> "Shown":
        """Return the same as a place that can be differentiated for."""
        return dataclasses.replace(self, samples=self.samples.detach().requires_grad_())


def joined(reals: Shown, fakes: Shown) -> Shown:
    """Put reals and fakes into one batch."""

    def both(real: Tensor | None, fake: Tensor | None) -> Tensor | None:
        return None if real is None or fake is None else torch.cat([real, fake])

    samples = torch.cat([reals.samples, fakes.samples.to(reals.samples.dtype)])
    return Shown(samples, both(reals.labels, fakes.labels), both(reals.condition, fakes.condition))
