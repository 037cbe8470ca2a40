"""What is demanded of a loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import registry
from ganzoo.losses.base import Critique, Loss
from ganzoo.resolve.validation import validate
from ganzoo.testing import shared
from ganzoo.testing.check import Case, Fault, Subject
from ganzoo.testing.standins import CLASSES, small_run

N = 6
HEADS: dict[str, Sequence[tuple[int, ...]]] = {
    "one logit": [(N,)],
    "patches": [(N, 1, 3, 3)],
    "two heads": [(N,), (N, 4)],
}
"""Shapes of logits that discriminators return."""

LARGE = 100.0
"""A logit that training may well reach."""


@dataclass(frozen=True)
class LossCase(Case):
    """The config of a loss."""

    def loss(self) -> Loss:
        """Build the loss."""
        loss: Loss = registry.instantiate("losses", self.spec.name, self.config)
        return loss

    def both(self, loss: Loss, real: Critique, fake: Critique) -> dict[str, Tensor]:
        """Return the losses of both players, by role."""
        return {
            "discriminator": loss.discriminator(real, fake),
            "generator": loss.generator(fake, real if loss.needs_real else None),
        }

    def critique(
        self, shapes: Sequence[tuple[int, ...]], low: float, high: float, seed: int
    ) -> Critique:
        """Draw logits between two bounds, scored with labels, and what else the loss reads."""
        source = torch.Generator().manual_seed(seed)

        def drawn(shape: tuple[int, ...]) -> Tensor:
            return (low + (high - low) * torch.rand(shape, generator=source)).requires_grad_()

        logits = tuple(drawn(shape) for shape in shapes)
        extras = {name: drawn((N, CLASSES)) for name in self.spec.critic_extras}
        return Critique(logits, torch.arange(N) % CLASSES, extras)

    def run(self) -> dict[str, Any]:
        """Return the config of a small run with this loss."""
        run = small_run(loss=self.config.model_dump(mode="json"))
        run["architecture"]["extras"] = list(self.spec.critic_extras)
        return run


def cases(subject: Subject) -> list[LossCase]:
    """Its config."""
    config = validate(subject.spec.config, {**subject.values, "name": subject.spec.name}, "loss")
    return [LossCase(subject.spec, subject.offer, config)]


def losses_are_scalars(case: LossCase) -> None:
    """Both losses are floating-point scalars, whatever the shape of the logits."""
    for heads, shapes in HEADS.items():
        real, fake = case.critique(shapes, -1, 1, 0), case.critique(shapes, -1, 1, 1)
        for role, value in case.both(case.loss(), real, fake).items():
            if not isinstance(value, Tensor) or value.dim() or not value.is_floating_point():
                found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise Fault(
                    f"with {heads}, the {role}'s loss is {found}, not a scalar tensor; average "
                    "with Critique.mean"
                )


def losses_are_finite(case: LossCase) -> None:
    """Large logits give finite losses and gradients."""
    shapes = HEADS["one logit"]
    for sign in (1, -1):
        real = case.critique(shapes, sign * LARGE, sign * LARGE, 0)
        fake = case.critique(shapes, -sign * LARGE, -sign * LARGE, 1)
        for role, value in case.both(case.loss(), real, fake).items():
            gradients = torch.autograd.grad(
                value, [*real.logits, *fake.logits], allow_unused=True, retain_graph=True
            )
            parts = [value, *(g for g in gradients if g is not None)]
            if not all(part.isfinite().all() for part in parts):
                raise Fault(
                    f"logits of {LARGE:.0f} make the {role}'s loss or its gradient infinite; use "
                    "functions that cannot overflow, such as softplus for log(1 + exp(x))"
                )


def gradients_have_their_sense(case: LossCase) -> None:
    """The discriminator raises logits of reals and lowers those of fakes; the generator raises."""
    shapes = HEADS["one logit"]
    # The reals are taken for fakes and the fakes for reals, so that there is much to learn.
    real, fake = case.critique(shapes, -0.9, -0.1, 0), case.critique(shapes, 0.1, 0.9, 1)
    value = case.loss().discriminator(real, fake)
    for whose, logits, sign in (("reals", real.logits, -1), ("fakes", fake.logits, 1)):
        if sign * _slope(value, logits[0]) <= 0:
            wanted = "higher" if sign < 0 else "lower"
            raise Fault(
                f"the discriminator's loss does not fall when {whose} are scored {wanted}; let it "
                "reward larger logits for reals than for fakes"
            )
    real, fake = case.critique(shapes, 0.1, 0.9, 0), case.critique(shapes, -0.9, -0.1, 1)
    value = case.both(case.loss(), real, fake)["generator"]
    if _slope(value, fake.logits[0]) >= 0:
        raise Fault(
            "the generator's loss does not fall when fakes are scored higher; let it reward larger "
            "logits for fakes"
        )


def every_logit_counts(case: LossCase) -> None:
    """Each head of a discriminator with several gets a gradient from both losses."""
    shapes = HEADS["two heads"]
    real, fake = case.critique(shapes, -0.9, -0.1, 0), case.critique(shapes, 0.1, 0.9, 1)
    for role, value in case.both(case.loss(), real, fake).items():
        wanted = [*fake.logits, *(real.logits if role == "discriminator" else ())]
        gradients = torch.autograd.grad(value, wanted, allow_unused=True)
        if any(gradient is None or not gradient.count_nonzero() for gradient in gradients):
            raise Fault(
                f"the {role}'s loss ignores some logits of a discriminator with two heads; average "
                "over all of them with Critique.mean"
            )


def reals_are_needed(case: LossCase) -> None:
    """The generator's loss looks at reals if, and only if, needs_real says so."""
    loss, shapes = case.loss(), HEADS["one logit"]
    fake = case.critique(shapes, -1, 1, 0)
    if not loss.needs_real:
        try:
            loss.generator(fake, None)
        except (AttributeError, TypeError, AssertionError) as error:
            raise Fault(
                f"the generator's loss fails without reals ({type(error).__name__}: {error}); set "
                "needs_real = True on the class, or use no reals in the loss"
            ) from error
        return
    one, other = (loss.generator(fake, case.critique(shapes, x, x + 1, 1)) for x in (-1.0, 1.0))
    if one.equal(other):
        raise Fault(
            "needs_real is set, but the generator's loss ignores the reals; remove needs_real, "
            "which only costs time"
        )


def logits_are_kept(case: LossCase) -> None:
    """The logits are not changed in place."""
    with torch.no_grad():
        real, fake = (case.critique(HEADS["two heads"], -1, 1, seed) for seed in (0, 1))
        tensors = [*real.logits, *fake.logits]
        before = shared.copies(tensors)
        case.both(case.loss(), real, fake)
        if shared.changed(before, tensors):
            raise Fault("the loss changes logits in place; use functions without a trailing _")


def verdict_is_a_number(case: LossCase) -> None:
    """The verdict that is logged is a finite scalar."""
    for heads, shapes in HEADS.items():
        value = case.loss().verdict(case.critique(shapes, -1, 1, 0))
        if not isinstance(value, Tensor) or value.dim() or not value.isfinite():
            raise Fault(
                f"with {heads}, the verdict is not a finite scalar tensor; return a mean, for "
                "example with Critique.mean"
            )


def _slope(value: Tensor, logits: Tensor) -> float:
    (gradient,) = torch.autograd.grad(value, logits, allow_unused=True, retain_graph=True)
    return 0.0 if gradient is None else gradient.sum().item()


CHECKS = (
    losses_are_scalars,
    losses_are_finite,
    gradients_have_their_sense,
    every_logit_counts,
    reals_are_needed,
    logits_are_kept,
    verdict_is_a_number,
    *shared.precisions(LossCase.run),
)
