"""The first-party penalties, all of critics."""

import torch
from torch import Tensor, nn

from ganzoo.penalties.base import Context, Penalty, gradient_at, input_gradient
from ganzoo.penalties.config import DraganConfig


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


def _norms(gradient: Tensor) -> Tensor:
    # torch defines the derivative of the norm at zero as zero, so no epsilon is needed.
    norms: Tensor = torch.linalg.vector_norm(gradient, dim=tuple(range(1, gradient.dim())))
    return norms


def _reals(context: Context) -> Tensor:
    assert context.reals is not None
    return context.reals
