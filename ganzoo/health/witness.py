"""What training shows of itself while its health is looked at."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo.health.signals import flattened
from ganzoo.losses.base import Critique


class Witness:
    """Gathers what an objective shows of its judging, and the gradients that come of it."""

    def __init__(self) -> None:
        self.reals: list[Tensor] = []
        self.fakes: list[Tensor] = []
        self.labels: list[Tensor] = []
        self.logits: dict[str, list[Tensor]] = {"real": [], "fake": []}
        self.norms: dict[str, list[Tensor]] = {}

    def judged(
        self, reals: Tensor, labels: Tensor | None, fakes: Tensor, real: Critique, fake: Critique
    ) -> None:
        """Take in one judgement of samples ``(N, *shape)``, and int64 labels ``(N,)`` or None."""
        self.reals.append(flattened(reals))
        if labels is None:
            labels = torch.zeros(len(reals), dtype=torch.int64, device=reals.device)
        self.labels.append(labels)
        self.fakes.append(flattened(fakes))
        self.logits["real"].append(by_sample(real))
        self.logits["fake"].append(by_sample(fake))

    def updated(self, role: str, parameters: Sequence[nn.Parameter]) -> None:
        """Take in the gradients of one update of a network."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        norms = torch._foreach_norm(gradients)
        self.norms.setdefault(role, []).append(torch.linalg.vector_norm(torch.stack(norms)))


def by_sample(critique: Critique) -> Tensor:
    """Return one logit ``(N,)`` for each sample: the mean of all that it got."""
    means = [logits.detach().reshape(len(logits), -1).mean(dim=1) for logits in critique.logits]
    return torch.stack(means).mean(dim=0)
