"""The configs of the first-party penalties."""

from typing import Annotated, Literal

from pydantic import Field

from ganzoo.config import PenaltyConfig, Scheduled
from ganzoo.config.models import AsTuple


class GradientPenaltyConfig(PenaltyConfig):
    """weight x E (|gradient| - 1)^2 on lines between reals and fakes."""

    weight: Scheduled = Field(default=10.0, description="Factor of the squared distance from 1.")


class DraganConfig(PenaltyConfig):
    """weight x E (|gradient| - 1)^2 near the reals."""

    weight: Scheduled = Field(default=10.0, description="Factor of the squared distance from 1.")
    noise: float = Field(
        default=0.25, gt=0, description="Largest shift of a coordinate; samples are in [-1, 1]."
    )


class ZeroCentredConfig(PenaltyConfig):
    """weight/2 x E |gradient|^2."""

    weight: Scheduled = Field(default=10.0, description="gamma; the factor is half of it.")


class ApproximateConfig(ZeroCentredConfig):
    """weight/2 x E ((D(x + noise n) - D(x)) / noise)^2, of standard normal n."""

    noise: float = Field(
        default=0.01,
        gt=0,
        description="Deviation of the noise; samples are in [-1, 1]. The less, the nearer is the "
        "gradient, and the more rounding counts.",
    )


class OrthogonalConfig(PenaltyConfig):
    """weight/2 x the squared inner products of different rows of each weight."""

    weight: Scheduled = Field(
        default=1e-4, description="The gradient of W is this times 2 (WWᵀ ∘ (1 - I)) W."
    )
    skip: Annotated[tuple[str, ...], AsTuple] = Field(
        default=("shared",),
        description="Modules or parameters that it leaves as they are, by their names in the "
        "network; by default a shared class embedding.",
    )


class LecamConfig(PenaltyConfig):
    """weight x (E (D(x) - a_F)^2 + E (a_R - D(G(z)))^2), of running means a_R and a_F."""

    weight: Scheduled = Field(
        default=0.3, description="Factor of both squares; 0.3 is published for BigGAN on CIFAR."
    )
    decay: float = Field(
        default=0.99, ge=0, lt=1, description="How much of the running means an update keeps."
    )
    start: int = Field(
        default=50_000,
        ge=0,
        description="Real samples before the term counts; until then both means are those of the "
        "last batch. The authors' code: 1,000 steps of 50.",
    )
    rectified: bool = Field(
        default=True,
        description="Whether only reals above a_F and fakes below a_R count, as in the authors' "
        "code; the paper's formula has all.",
    )


class PathLengthConfig(PenaltyConfig):
    """weight x E (length - mean length)^2, of the image's gradient for styles."""

    weight: Scheduled = Field(default=2.0, description="Factor of the squared distance.")
    every: int = Field(
        default=4,
        ge=1,
        description="Apply the penalty once in this many updates; it is multiplied by this number.",
    )
    apart: Literal[True] = Field(
        default=True, description="The term is an update of its own: this cannot be changed."
    )
    keep: float = Field(
        default=0.99, ge=0, lt=1, description="How much of the mean length an update keeps."
    )
    shrink: int = Field(
        default=2, ge=1, description="The term sees one in so many samples of the batch."
    )


class WeightClippingConfig(PenaltyConfig):
    """Every weight is clipped to [-weight, weight] after the optimizer's step."""

    weight: Scheduled = Field(default=0.01, description="Largest absolute value of any weight.")
