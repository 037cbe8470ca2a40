"""What a penalty is, and what it is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo.config import PenaltyConfig
from ganzoo.losses.base import Critique
from ganzoo.randomness import Draws

Critic = Callable[[Tensor, Tensor | None], Critique]
"""The discriminator behind this step's augmentation: samples and labels to a critique."""


@dataclass(frozen=True)
class Context:
    """Everything that a penalty may look at. Fields may be added; none will go.

    Attributes:
        critic: Scores samples, with labels or None.
        networks: The raw networks by role.
        reals: Real samples of this update, ``(N, *sample_shape)``, in [-1, 1]; None in a phase
            that has none.
        fakes: Generated samples of this update, detached in the discriminator's phase.
        latents: What the fakes were made from, ``(N, latent_dim)``.
        real_labels: int64 ``(N,)``, or None.
        fake_labels: int64 ``(N,)``, or None.
        random: The random numbers of this update.
        step: The generator step.
    """

    critic: Critic
    networks: Mapping[str, nn.Module]
    reals: Tensor | None
    fakes: Tensor
    latents: Tensor
    real_labels: Tensor | None
    fake_labels: Tensor | None
    random: Draws
    step: int


class Penalty:
    """A regulariser; a subclass defines `term` or `project`, as its spec's `kind` says.

    Attributes:
        config: The penalty's config.
        state: Small tensors that it keeps from one update to the next; checkpoints keep them too.
    """

    def __init__(self, config: PenaltyConfig) -> None:
        self.config = config
        self.state: dict[str, Tensor] = {}

    def term(self, context: Context) -> Tensor:
        """Return a scalar that is added to the loss, before its weight and `every`."""
        raise TypeError(f"{type(self).__name__} defines no term")

    def project(self, network: nn.Module, weight: float) -> None:
        """Change the network in place after the optimizer's step."""
        raise TypeError(f"{type(self).__name__} defines no projection")


def input_gradient(critic: Critic, samples: Tensor, labels: Tensor | None) -> Tensor:
    """Differentiate the sum of a critic's logits for its input.

    Returns:
        The gradient ``(N, *sample_shape)``, itself differentiable for the critic's weights.
    """
    samples = samples.detach().requires_grad_()
    score = critic(samples, labels).sum()
    # A critic that does not look at its input has a gradient too: zero.
    (gradient,) = torch.autograd.grad(score, samples, create_graph=True, materialize_grads=True)
    return gradient
