"""The configs of these plugins, free of torch."""

from ganzoo.config import DataConfig, LatentConfig, PenaltyConfig, Scheduled
from pydantic import Field


class FourierConfig(LatentConfig):
    """Width of both networks, and what the discriminator sees."""

    latent_dim: int = Field(default=8, ge=1, le=65536, description="Length of a latent.")
    width: int = Field(default=64, ge=1, le=4096, description="Units of each hidden layer.")
    frequencies: int = Field(
        default=32, ge=1, le=4096, description="Fourier features that the discriminator sees."
    )
    bandwidth: float = Field(
        default=1.0, gt=0, description="Standard deviation of the features' frequencies."
    )


class DriftConfig(PenaltyConfig):
    """weight x E D(x)^2 over reals."""

    weight: Scheduled = Field(default=1e-3, description="Factor of the mean squared logit.")


class SpiralsConfig(DataConfig):
    """The shape of the spiral."""

    samples: int = Field(default=20_000, ge=1, le=10_000_000, description="Number of points.")
    arms: int = Field(default=2, ge=1, le=100, description="Arms, which are the classes.")
    turns: float = Field(default=1.0, gt=0, description="How often an arm winds about the centre.")
    std: float = Field(default=0.02, ge=0, description="Standard deviation about an arm.")
