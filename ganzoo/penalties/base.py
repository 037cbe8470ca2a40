"""What a penalty is, and what it is given."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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


def _own_part(own: Tensor, again: "Callable[[Context], Tensor]") -> Tensor:
    """The mean over a batch that was not split."""
    return own.detach()


@dataclass(frozen=True)
class Context:
    """Everything that a penalty may look at. Fields may be added; none will go.

    Attributes:
        critic: Scores samples, with labels or None.
        network: The one of them that this penalty is on, raw: a term on weights regularises it.
        networks: The raw networks by role.
        reals: Real samples of this update, ``(N, *sample_shape)``, in [-1, 1]; None in a phase
            that has none.
        fakes: Generated samples of this update, detached in the discriminator's phase; without
            rows where a penalty that is apart does not need them.
        latents: What the fakes were made from, ``(N, latent_dim)``; None if it was no latents.
        real_labels: int64 ``(N,)``, or None.
        fake_labels: int64 ``(N,)``, or None.
        random: The random numbers of this update.
        step: The step.
        samples: Real samples that the run has seen before this step.
        real_condition: What the reals belong to, as the source of a translation, or None.
        fake_condition: What the fakes belong to, or None.
        real: The critic's judgement of the reals in this update: where a penalty's `looks_at` asks
            for it and it can be shared; else None. It is differentiable for the reals where the
            penalty `differentiates`.
        fake: The same of the fakes.
        precision: Makes the context of a pass in the precision of penalties, of another network
            than the critic.
        over_batch: Returns the mean over the whole batch of an update apart, of a scalar of this
            part and of a function that returns it for the context of another part; without a
            gradient, and once in a term. The batch is split by ``training.accumulate`` and over
            processes.
        again: Scores other samples in place of the update's reals or fakes (`rescored`).
    """

    critic: Critic
    network: nn.Module
    networks: Mapping[str, nn.Module]
    reals: Tensor | None
    fakes: Tensor
    latents: Tensor | None
    real_labels: Tensor | None
    fake_labels: Tensor | None
    random: Draws
    step: int
    samples: int = 0
    real_condition: Tensor | None = None
    fake_condition: Tensor | None = None
    real: Critique | None = None
    fake: Critique | None = None
    precision: Callable[[], AbstractContextManager[object]] = nullcontext
    over_batch: "Callable[[Tensor, Callable[[Context], Tensor]], Tensor]" = _own_part
    again: Callable[[Literal["reals", "fakes"], Tensor], Critique] | None = None


class Penalty:
    """A regulariser; a subclass defines `term` or `project`, as its spec's `kind` says.

    Attributes:
        config: The penalty's config.
        state: Small tensors that it keeps from one update to the next; checkpoints keep them too.
        looks_at: Whose critiques it needs, of ``reals`` and ``fakes``. Those of the update itself
            are then offered, with its own augmentation, so that no pass is done twice.
        differentiates: Whether it differentiates these critiques at the samples. That takes
            uncompiled networks, the precision of penalties, and reals and fakes scored apart; where
            a run has them otherwise, such a penalty makes a pass of its own.
        needs_fakes: Whether its term looks at the context's fakes, or their critiques. Where it
            does not, none are made for it in an update apart.
        compares: Whether it compares them with critiques of other samples, by `rescored`. That
            takes the precision of penalties, too, and a critic without dropout.
    """

    looks_at: tuple[Literal["reals", "fakes"], ...] = ()
    differentiates: bool = True
    needs_fakes: bool = True
    compares: bool = False

    def __init__(self, config: PenaltyConfig) -> None:
        self.config = config
        self.state: dict[str, Tensor] = {}
        self._measured: list[dict[str, Tensor]] = []

    def place(self, device: torch.device) -> None:
        """Move what it keeps to the device of the run."""
        self.state = {name: tensor.to(device) for name, tensor in self.state.items()}

    def term(self, context: Context) -> Tensor:
        """Return a scalar that is added to the loss, before its weight and `every`."""
        raise TypeError(f"{type(self).__name__} defines no term")

    def measure(self, **figures: Tensor) -> None:
        """Hand in scalars of one part of a batch; `move` gets their means over the whole batch."""
        self._measured.append({name: figure.detach() for name, figure in figures.items()})

    def settle(self, average: Callable[[Iterable[Tensor]], None]) -> None:
        """Move the state after an update in whose parts something was measured.

        Args:
            average: Replaces tensors by their means over all processes, in place.
        """
        if self._measured:
            parts, self._measured = self._measured, []
            means = {name: torch.stack([p[name] for p in parts]).mean() for name in parts[0]}
            average(means.values())
            self.move(means)

    def move(self, means: Mapping[str, Tensor]) -> None:
        """Change the state once in an update, by the means of what `term` measured in its batch.

        A term is computed for each part of a batch and in each process, so that a running mean that
        it moved itself would depend on `accumulate` and on the number of processes.
        """

    def project(self, network: nn.Module, weight: float) -> None:
        """Change the network in place after the optimizer's step."""
        raise TypeError(f"{type(self).__name__} defines no projection")


def gradient_at(context: Context, samples: Literal["reals", "fakes"]) -> Tensor:
    """Differentiate the sum of a critic's logits at this update's own samples.

    Takes the update's own critique where it is shared, and else makes a pass.

    Returns:
        The gradient ``(N, *sample_shape)``, itself differentiable for the critic's weights.
    """
    if samples == "reals":
        assert context.reals is not None
        shared, points = context.real, context.reals
        labels, condition = context.real_labels, context.real_condition
    else:
        shared, points = context.fake, context.fakes
        labels, condition = context.fake_labels, context.fake_condition
    if shared is None:
        return input_gradient(context.critic, points, labels, condition)
    return _gradient(shared, points)


def rescored(context: Context, kind: Literal["reals", "fakes"], samples: Tensor) -> Critique:
    """Score other samples in place of this update's own.

    Labels, condition, augmentation and dropout are those of the update, so that both critiques
    differ by their samples alone.

    Args:
        context: What the penalty is given.
        kind: Which of the update's samples they stand for.
        samples: ``(N, *sample_shape)``.
    """
    if context.again is not None:
        return context.again(kind, samples)
    labels, condition = context.fake_labels, context.fake_condition
    if kind == "reals":
        labels, condition = context.real_labels, context.real_condition
    return context.critic(*_given(samples, labels, condition))


def input_gradient(
    critic: Critic, samples: Tensor, labels: Tensor | None, condition: Tensor | None = None
) -> Tensor:
    """Differentiate the sum of a critic's logits for its input.

    Returns:
        The gradient ``(N, *sample_shape)``, itself differentiable for the critic's weights.
    """
    samples = samples.detach().requires_grad_()
    return _gradient(critic(*_given(samples, labels, condition)), samples)


def _given(samples: Tensor, labels: Tensor | None, condition: Tensor | None) -> tuple[Any, ...]:
    """What a critic is called with; many know of no condition."""
    return (samples, labels) if condition is None else (samples, labels, condition)


def _gradient(critique: Critique, samples: Tensor) -> Tensor:
    # A critic that does not look at its input has a gradient too: zero.
    (gradient,) = torch.autograd.grad(
        critique.sum(), samples, create_graph=True, materialize_grads=True
    )
    return gradient
