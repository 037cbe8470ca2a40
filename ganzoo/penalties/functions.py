"""The first-party penalties."""

import re
from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.losses.base import Critique
from ganzoo.penalties.base import Context, Penalty, gradient_at, input_gradient, rescored
from ganzoo.penalties.config import (
    ApproximateConfig,
    DraganConfig,
    LecamConfig,
    OrthogonalConfig,
)


class GradientPenalty(Penalty):
    """E (|gradient| - 1)^2 at points drawn uniformly between a real and a fake sample.

    Source: Gulrajani et al., Improved Training of Wasserstein GANs, 2017, algorithm 1. Labels, if
    any, are those of the reals.
    """

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight."""
        reals, fakes = _reals(context), context.fakes.detach()
        alpha = context.random.uniform("alpha", *[1] * (reals.dim() - 1))
        points = torch.lerp(reals, fakes.to(reals.dtype), alpha)
        gradient = input_gradient(
            context.critic, points, context.real_labels, context.real_condition
        )
        return (_norms(gradient) - 1).square().mean()


class Dragan(Penalty):
    """E (|gradient| - 1)^2 at reals that are shifted at random.

    Source: Kodali et al., On Convergence and Stability of GANs, 2017. The authors' code scales the
    shift by half the batch's standard deviation; samples are normalised here, so a constant stands
    for it, and no sample's penalty depends on the others.
    """

    config: DraganConfig

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight."""
        reals = _reals(context)
        noise = self.config.noise * context.random.uniform("noise", *reals.shape[1:])
        alpha = context.random.uniform("alpha", *[1] * (reals.dim() - 1))
        gradient = input_gradient(
            context.critic, reals + alpha * noise, context.real_labels, context.real_condition
        )
        return (_norms(gradient) - 1).square().mean()


class R1(Penalty):
    """Half of E |gradient|^2 at reals.

    Source: Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018.
    """

    looks_at = ("reals",)
    needs_fakes = False

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight (gamma)."""
        gradient = gradient_at(context, "reals")
        return 0.5 * gradient.square().sum() / len(gradient)


class R2(Penalty):
    """Half of E |gradient|^2 at fakes.

    Source: Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018.
    """

    looks_at = ("fakes",)

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight (gamma)."""
        gradient = gradient_at(context, "fakes")
        return 0.5 * gradient.square().sum() / len(gradient)


class ApproximateR1(Penalty):
    """Half of E ((D(x + s n) - D(x)) / s)^2 at reals x, of normal noise n and a small s.

    For small s, or a linear D, this is R1 on average over the noise; so is its weight. Instead of a
    gradient that is differentiated again, it takes one more pass.

    Source: Lin et al., Diffusion Adversarial Post-Training for One-Step Video Generation, 2025,
    whose weight is 1 / s^2 times half of that here.
    """

    config: ApproximateConfig

    looks_at = ("reals",)
    needs_fakes = False
    differentiates = False
    compares = True

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight (gamma)."""
        return _finite_difference(context, "reals", context.real, self.config.noise)


class ApproximateR2(Penalty):
    """The same at fakes: half of E ((D(x + s n) - D(x)) / s)^2, which approximates R2.

    Source: Lin et al., Diffusion Adversarial Post-Training for One-Step Video Generation, 2025.
    """

    config: ApproximateConfig

    looks_at = ("fakes",)
    differentiates = False
    compares = True

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight (gamma)."""
        return _finite_difference(context, "fakes", context.fake, self.config.noise)


class Orthogonal(Penalty):
    """Half of |WWᵀ ∘ (1 - I)|^2, summed over the weights W of a network.

    W is every parameter of at least two dimensions, as a matrix of a row for each output; under
    spectral norm it is the weight before it is normalised. The rows are pressed to be orthogonal,
    and their lengths stay free.

    Source: Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019,
    section 3.1; the factor 1/2 is that of the authors' code, which adds the gradient itself and
    leaves out the shared embedding of classes.
    """

    config: OrthogonalConfig

    needs_fakes = False

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight."""
        total = context.fakes.new_zeros((), dtype=torch.float32)
        for name, parameter in context.network.named_parameters():
            if parameter.dim() < 2 or not parameter.requires_grad or self._skips(name):
                continue
            rows = parameter.flatten(1)
            products = rows @ rows.t()
            others = products - products.diagonal().diag()
            total = total + 0.5 * others.square().sum()
        return total

    def _skips(self, name: str) -> bool:
        # Under a parametrization the weight has another name than in the plain layer.
        plain = re.sub(r"parametrizations\.(\w+)\.original$", r"\1", name)
        return any(f"{plain}.".startswith(f"{place}.") for place in self.config.skip)


class Lecam(Penalty):
    """E (D(x) - a_F)^2 + E (a_R - D(G(z)))^2, of running means a_R and a_F of D(x) and D(G(z)).

    By default only positive differences count, as in the authors' code. The means are those before
    the update: it moves them afterwards, once, by the means over its whole batch, so that parts of
    a batch and several processes see the same ones. (The authors' code moves them first, by each
    part.) Outputs of several heads count as one set.

    Source: Tseng et al., Regularizing Generative Adversarial Networks under Limited Data, 2021.
    """

    config: LecamConfig

    looks_at = ("reals", "fakes")
    differentiates = False

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight; 0 before `start`, and in the first update."""
        real, fake = context.real, context.fake
        if real is None:
            real = context.critic(_reals(context), context.real_labels, context.real_condition)
        if fake is None:
            fakes = context.fakes.detach()
            fake = context.critic(fakes, context.fake_labels, context.fake_condition)
        self.measure(real=real.mean(), fake=fake.mean())
        counts = "real" in self.state and context.samples >= self.config.start
        self._keep = self.config.decay if counts else 0.0
        if not counts:
            # Still a function of the weights, as an update apart has no other term.
            return 0 * (real.mean() + fake.mean())
        above = real.mean(lambda logits: self._square(logits - self.state["fake"]))
        return above + fake.mean(lambda logits: self._square(self.state["real"] - logits))

    def move(self, means: Mapping[str, Tensor]) -> None:
        """Let the running means follow; until the term counts, they are the last batch's."""
        for name in ("real", "fake"):
            before = self.state.get(name, means[name])
            self.state[name] = torch.lerp(means[name], before, self._keep)

    def _square(self, differences: Tensor) -> Tensor:
        return (F.relu(differences) if self.config.rectified else differences).square()


class WeightClipping(Penalty):
    """Clips every weight to [-weight, weight].

    Source: Arjovsky et al., Wasserstein GAN, 2017, algorithm 1.
    """

    @torch.no_grad()
    def project(self, network: nn.Module, weight: float) -> None:
        """Clip in place."""
        for parameter in network.parameters():
            if parameter.requires_grad:  # what is frozen stays as it is
                parameter.clamp_(-weight, weight)


def _finite_difference(
    context: Context, kind: Literal["reals", "fakes"], here: Critique | None, scale: float
) -> Tensor:
    points = _reals(context) if kind == "reals" else context.fakes.detach()
    noise = context.random.normal(f"noise of {kind}", *points.shape[1:])
    points = points.to(noise.dtype)
    if here is None:
        here = rescored(context, kind, points)
    there = rescored(context, kind, torch.add(points, noise, alpha=scale))
    slopes = (_totals(there) - _totals(here)) / scale
    return 0.5 * slopes.square().mean()


def _totals(critique: Critique) -> Tensor:
    """Sum all logits of each sample, as R1 differentiates their sum: ``(N,)``."""
    totals = [logits.reshape(len(logits), -1).sum(dim=1) for logits in critique.logits]
    return torch.stack(totals).sum(dim=0)


def _norms(gradient: Tensor) -> Tensor:
    # torch defines the derivative of the norm at zero as zero, so no epsilon is needed.
    norms: Tensor = torch.linalg.vector_norm(gradient, dim=tuple(range(1, gradient.dim())))
    return norms


def _reals(context: Context) -> Tensor:
    assert context.reals is not None
    return context.reals
