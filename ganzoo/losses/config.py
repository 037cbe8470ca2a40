"""The configs of the first-party losses."""

from typing import Literal

from pydantic import Field

from ganzoo.config import LossConfig


class PlainLossConfig(LossConfig):
    """A loss without choices."""


class AuxiliaryClassifierConfig(LossConfig):
    """An adversarial loss, and the cross-entropy of the critic's class logits."""

    adversarial: Literal["non-saturating", "hinge", "wasserstein"] = Field(
        default="non-saturating",
        description="The adversarial part: the paper's, or hinge, or wasserstein as Gulrajani et "
        "al. have it with a gradient penalty.",
    )
    real_weight: float = Field(
        default=1.0, ge=0, description="Of the reals' cross-entropy, for the discriminator."
    )
    fake_weight: float = Field(
        default=1.0,
        ge=0,
        description="Of the fakes' cross-entropy, for the discriminator (Gulrajani et al.: 0).",
    )
    generator_weight: float = Field(
        default=1.0,
        ge=0,
        description="Of the fakes' cross-entropy, for the generator (Gulrajani et al.: 0.1).",
    )


class LeastSquaresConfig(LossConfig):
    """A loss on the squared distance of scores from their targets."""

    scale: float = Field(
        default=0.5, gt=0, description="Factor on every square: the paper halves them."
    )


class LogisticConfig(LossConfig):
    """A loss on the probability that a sample is real."""

    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="One-sided: the target of reals is 1 minus this; that of fakes stays 0.",
    )
