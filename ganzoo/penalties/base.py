"""What a penalty is, and what it is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from ganzoo.config import PenaltyConfig
from ganzoo.losses.base import Critique
from ganzoo.randomness import Draws


class Critic(Protocol):
    """The critic behind this step's augmentation."""

    def __call__(
        self, samples: Tensor, labels: Tensor | None, condition: Tensor | None = None
    ) -> Critique:
        """Score samples ``(N, *shape)``, with their labels and their condition, or None."""


@dataclass(frozen=True)
class Context:
    """Everything that a penalty may look at. Fields may be added; none will go.

    Attributes:
        critic: Scores samples, with labels or None.
        networks: The raw networks by role.
        reals: Real samples of this update, ``(N, *sample_shape)``, in [-1, 1]; None in a phase
            that has none.
        fakes: Generated samples of this update, detached in the discriminator's phase.
        latents: What the fakes were made from, ``(N, latent_dim)``; None if it was no latents.
        real_labels: int64 ``(N,)``, or None.
        fake_labels: int64 ``(N,)``, or None.
        random: The random numbers of this update.
        step: The step.
        real_condition: What the reals belong to, as the source of a translation, or None.
        fake_condition: What the fakes belong to, or None.
    """

    critic: Critic
    networks: Mapping[str, nn.Module]
    reals: Tensor | None
    fakes: Tensor
    latents: Tensor | None
    real_labels: Tensor | None
    fake_labels: Tensor | None
    random: Draws
    step: int
    real_condition: Tensor | None = None
    fake_condition: Tensor | None = None


class Penalty:
    """A regulariser; a subclass defines `term` or `project`, as its spec's `kind` says.

    Attributes:
        config: The penalty's config.
        state: Small tensors that it keeps from one update to the next; checkpoints keep them too.
    """

    def __init__(self, config: PenaltyConfig) -> None:
        self.config = config
        self.state: dict[str, Tensor] = {}

    def place(self, device: torch.device) -> None:
        """Move what it keeps to the device of the run."""
        self.state = {name: tensor.to(device) for name, tensor in self.state.items()}

    def term(self, context: Context) -> Tensor:
        """Return a scalar that is added to the loss, before its weight and `every`."""
        raise TypeError(f"{type(self).__name__} defines no term")

    def project(self, network: nn.Module, weight: float) -> None:
        """Change the network in place after the optimizer's step."""
        raise TypeError(f"{type(self).__name__} defines no projection")


def input_gradient(
    critic: Critic, samples: Tensor, labels: Tensor | None, condition: Tensor | None = None
) -> Tensor:
    """Differentiate the sum of a critic's logits for its input.

    Returns:
        The gradient ``(N, *sample_shape)``, itself differentiable for the critic's weights.
    """
    samples = samples.detach().requires_grad_()
    given = (samples, labels) if condition is None else (samples, labels, condition)
    score = critic(*given).sum()
    # A critic that does not look at its input has a gradient too: zero.
    (gradient,) = torch.autograd.grad(score, samples, create_graph=True, materialize_grads=True)
    return gradient
