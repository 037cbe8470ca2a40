"""The first-party losses."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.losses.base import Critique, Loss
from ganzoo.losses.config import (
    AuxiliaryClassifierConfig,
    LeastSquaresConfig,
    LogisticConfig,
    PlainLossConfig,
)


class Minimax(Loss):
    """E log D(x) + E log(1 - D(G(z))), minimised by one player and maximised by the other.

    Source: Goodfellow et al., Generative Adversarial Nets, 2014, equation 1; one-sided label
    smoothing: Salimans et al., Improved Techniques for Training GANs, 2016.
    """

    config: LogisticConfig

    probabilities = True

    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """Binary cross-entropy of reals with their smoothed target, plus that of fakes with 0."""
        target = 1.0 - self.config.label_smoothing
        # Cross-entropy of a logit x with a target t is softplus(x) - t x.
        reals = real.mean(lambda x: F.softplus(-x) if target == 1 else F.softplus(x) - target * x)
        return reals + fake.mean(F.softplus)

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """E log(1 - D(G(z)))."""
        return -fake.mean(F.softplus)

    def verdict(self, critique: Critique) -> Tensor:
        """Mean probability of being real."""
        return critique.mean(torch.sigmoid)


class NonSaturating(Minimax):
    """The same discriminator; the generator minimises -E log D(G(z)).

    Source: Goodfellow et al., Generative Adversarial Nets, 2014, section 3.
    """

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """-E log D(G(z))."""
        return fake.mean(lambda x: F.softplus(-x))


class LeastSquares(Loss):
    """A multiple, by default half, of the squared distance to 1 for reals and 0 for fakes.

    Source: Mao et al., Least Squares Generative Adversarial Networks, 2017, equation 9.
    """

    config: LeastSquaresConfig

    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """E (D(x) - 1)^2 + E D(G(z))^2, times the scale."""
        return self.config.scale * (real.mean(lambda x: (x - 1).square()) + fake.mean(torch.square))

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """E (D(G(z)) - 1)^2, times the scale."""
        return self.config.scale * fake.mean(lambda x: (x - 1).square())


class Hinge(Loss):
    """Margin loss.

    Source: Lim and Ye, Geometric GAN, 2017; Miyato et al., Spectral Normalization for GANs, 2018.
    """

    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))."""
        return real.mean(lambda x: F.relu(1 - x)) + fake.mean(lambda x: F.relu(1 + x))

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """-E D(G(z))."""
        return -fake.mean()


class Wasserstein(Loss):
    """Difference of the critic's mean scores.

    Source: Arjovsky et al., Wasserstein GAN, 2017.
    """

    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """E D(G(z)) - E D(x)."""
        return fake.mean() - real.mean()

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """-E D(G(z))."""
        return -fake.mean()


class Relativistic(Loss):
    """Logistic loss of paired differences (RpGAN).

    Source: Jolicoeur-Martineau, On Relativistic f-Divergences, 2020; used so in Huang et al., The
    GAN is Dead; Long Live the GAN!, 2024.
    """

    needs_real = True

    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """E softplus(-(D(x) - D(G(z))))."""
        return _differences(real, fake).mean(lambda x: F.softplus(-x))

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """E softplus(-(D(G(z)) - D(x)))."""
        assert real is not None
        return _differences(fake, real).mean(lambda x: F.softplus(-x))


class AuxiliaryClassifier(Loss):
    """An adversarial loss whose critic also names the classes, of reals and of fakes.

    To it, both players add a multiple of the cross-entropy of ``extras["classes"]``, logits
    ``(N, num_classes)``, with the labels that the samples were made for.

    Source: Odena et al., Conditional Image Synthesis with Auxiliary Classifier GANs, 2017; weights
    of 1 for reals, 0 for fakes and 0.1 for the generator: Gulrajani et al., Improved Training of
    Wasserstein GANs, 2017, in the code for CIFAR-10.
    """

    config: AuxiliaryClassifierConfig

    def __init__(self, config: AuxiliaryClassifierConfig) -> None:
        super().__init__(config)
        self.adversarial: Loss
        if config.adversarial == "non-saturating":
            self.adversarial = NonSaturating(LogisticConfig())
        else:
            losses = {"hinge": Hinge, "wasserstein": Wasserstein}
            self.adversarial = losses[config.adversarial](PlainLossConfig())
        self.probabilities = self.adversarial.probabilities

    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """The adversarial loss, and the cross-entropies of reals and of fakes."""
        loss = self.adversarial.discriminator(real, fake)
        if self.config.real_weight:
            loss = loss + self.config.real_weight * _class_entropy(real)
        if self.config.fake_weight:
            loss = loss + self.config.fake_weight * _class_entropy(fake)
        return loss

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """The adversarial loss, and the cross-entropy of fakes."""
        loss = self.adversarial.generator(fake, real)
        if self.config.generator_weight:
            loss = loss + self.config.generator_weight * _class_entropy(fake)
        return loss

    def verdict(self, critique: Critique) -> Tensor:
        """That of the adversarial loss."""
        return self.adversarial.verdict(critique)


def _class_entropy(critique: Critique) -> Tensor:
    assert critique.labels is not None
    logits = critique.extras["classes"]
    if logits.dtype in (torch.bfloat16, torch.half):
        logits = logits.float()
    return F.cross_entropy(logits, critique.labels)


def _differences(one: Critique, other: Critique) -> Critique:
    return Critique(tuple(a - b for a, b in zip(one.logits, other.logits, strict=True)))
