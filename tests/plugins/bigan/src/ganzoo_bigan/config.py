"""The config of the three networks."""

from pydantic import Field

from ganzoo.config import LatentConfig


class BiganConfig(LatentConfig):
    """Widths."""

    latent_dim: int = Field(default=16, ge=1, le=4096, description="Length of a latent.")
    width: int = Field(default=64, ge=1, le=4096, description="Width of the hidden layers.")
