"""What both players minimise: descriptions here, free of torch; the functions beside."""

from typing import Any

from ganzoo.losses.config import (
    AuxiliaryClassifierConfig,
    LeastSquaresConfig,
    LogisticConfig,
    PlainLossConfig,
)
from ganzoo.spec import LossSpec


def _threshold(config: Any) -> float | None:
    return None if config.adversarial == "wasserstein" else 0.0


AUXILIARY_CLASSIFIER = LossSpec(
    name="auxiliary-classifier",
    summary="The critic also names the classes of reals and of fakes (AC-GAN).",
    config=AuxiliaryClassifierConfig,
    factory="ganzoo.losses.functions:AuxiliaryClassifier",
    paper="Odena et al., Conditional Image Synthesis with Auxiliary Classifier GANs, 2017",
    threshold=_threshold,
    critic_extras=("classes",),
)
MINIMAX = LossSpec(
    name="minimax",
    summary="The zero-sum game as first stated; its generator gradient vanishes early on.",
    config=LogisticConfig,
    factory="ganzoo.losses.functions:Minimax",
    paper="Goodfellow et al., Generative Adversarial Nets, 2014",
)
NON_SATURATING = LossSpec(
    name="non-saturating",
    summary="Logistic loss whose generator maximises log D(fake): the usual choice.",
    config=LogisticConfig,
    factory="ganzoo.losses.functions:NonSaturating",
    paper="Goodfellow et al., Generative Adversarial Nets, 2014",
)
LEAST_SQUARES = LossSpec(
    name="least-squares",
    summary="Squared distance of the scores from 1 (real) and 0 (fake).",
    config=LeastSquaresConfig,
    factory="ganzoo.losses.functions:LeastSquares",
    paper="Mao et al., Least Squares Generative Adversarial Networks, 2017",
    threshold=0.5,
)
HINGE = LossSpec(
    name="hinge",
    summary="Margin loss of the discriminator, linear loss of the generator.",
    config=PlainLossConfig,
    factory="ganzoo.losses.functions:Hinge",
    paper="Lim and Ye, Geometric GAN, 2017",
)
WASSERSTEIN = LossSpec(
    name="wasserstein",
    summary="Difference of mean scores; needs a gradient penalty or weight clipping.",
    config=PlainLossConfig,
    factory="ganzoo.losses.functions:Wasserstein",
    paper="Arjovsky et al., Wasserstein GAN, 2017",
    threshold=None,
)
RELATIVISTIC = LossSpec(
    name="relativistic",
    summary="Logistic loss of the score differences of real and fake pairs (RpGAN).",
    config=PlainLossConfig,
    factory="ganzoo.losses.functions:Relativistic",
    paper="Jolicoeur-Martineau, On Relativistic f-Divergences, 2020",
    threshold=None,
)
