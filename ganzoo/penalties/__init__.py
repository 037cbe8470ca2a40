"""What regularises a network: descriptions here, free of torch; the functions beside."""

from ganzoo.penalties.config import (
    ApproximateConfig,
    DraganConfig,
    GradientPenaltyConfig,
    LecamConfig,
    OrthogonalConfig,
    PathLengthConfig,
    WeightClippingConfig,
    ZeroCentredConfig,
)
from ganzoo.spec import PenaltySpec

GRADIENT_PENALTY = PenaltySpec(
    name="gradient-penalty",
    summary="Keeps the critic's gradient norm near 1 between reals and fakes (WGAN-GP).",
    config=GradientPenaltyConfig,
    factory="ganzoo.penalties.functions:GradientPenalty",
    of="critic",
    forbids_coupling=("batch",),
    paper="Gulrajani et al., Improved Training of Wasserstein GANs, 2017",
)
DRAGAN = PenaltySpec(
    name="dragan",
    summary="Keeps the gradient norm near 1 around the reals.",
    config=DraganConfig,
    factory="ganzoo.penalties.functions:Dragan",
    of="critic",
    forbids_coupling=("batch",),
    paper="Kodali et al., On Convergence and Stability of GANs, 2017",
)
R1 = PenaltySpec(
    name="r1",
    summary="Half the squared gradient norm at the reals.",
    config=ZeroCentredConfig,
    factory="ganzoo.penalties.functions:R1",
    of="critic",
    paper="Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018",
)
R2 = PenaltySpec(
    name="r2",
    summary="Half the squared gradient norm at the fakes.",
    config=ZeroCentredConfig,
    factory="ganzoo.penalties.functions:R2",
    of="critic",
    paper="Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018",
)
R1_APPROXIMATE = PenaltySpec(
    name="r1-approximate",
    summary="R1 by a finite difference: one more pass, and no second derivative.",
    config=ApproximateConfig,
    factory="ganzoo.penalties.functions:ApproximateR1",
    of="critic",
    paper="Lin et al., Diffusion Adversarial Post-Training for One-Step Video Generation, 2025",
)
R2_APPROXIMATE = PenaltySpec(
    name="r2-approximate",
    summary="R2 by a finite difference: one more pass, and no second derivative.",
    config=ApproximateConfig,
    factory="ganzoo.penalties.functions:ApproximateR2",
    of="critic",
    paper="Lin et al., Diffusion Adversarial Post-Training for One-Step Video Generation, 2025",
)
LECAM = PenaltySpec(
    name="lecam",
    summary="Holds the critic's outputs near running means of the opposite kind, for few data.",
    config=LecamConfig,
    factory="ganzoo.penalties.functions:Lecam",
    of="critic",
    paper="Tseng et al., Regularizing Generative Adversarial Networks under Limited Data, 2021",
)
ORTHOGONAL = PenaltySpec(
    name="orthogonal",
    summary="Presses different rows of each weight to be orthogonal.",
    config=OrthogonalConfig,
    factory="ganzoo.penalties.functions:Orthogonal",
    on="generator",
    paper="Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019",
)
PATH_LENGTH = PenaltySpec(
    name="path-length",
    summary="Keeps the length of the image's gradient for styles near its running mean.",
    config=PathLengthConfig,
    factory="ganzoo.penalties.lengths:PathLength",
    on="generator",
    of="maker",
    needs_styles=True,
    paper="Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020",
)
WEIGHT_CLIPPING = PenaltySpec(
    name="weight-clipping",
    summary="Clips every weight of the critic after each update.",
    config=WeightClippingConfig,
    factory="ganzoo.penalties.functions:WeightClipping",
    kind="projection",
    paper="Arjovsky et al., Wasserstein GAN, 2017",
)
