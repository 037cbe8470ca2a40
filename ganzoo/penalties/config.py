"""The configs of the first-party penalties."""

from pydantic import Field

from ganzoo.config import PenaltyConfig, Scheduled


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


class WeightClippingConfig(PenaltyConfig):
    """Every weight is clipped to [-weight, weight] after the optimizer's step."""

    weight: Scheduled = Field(default=0.01, description="Largest absolute value of any weight.")
