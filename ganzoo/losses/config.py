"""The configs of the first-party losses."""

from pydantic import Field

from ganzoo.config import LossConfig


class PlainLossConfig(LossConfig):
    """A loss without choices."""


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
