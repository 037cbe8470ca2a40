"""The config of the style-based networks."""

from ganzoo.config import LatentConfig
from pydantic import Field


class StylesConfig(LatentConfig):
    """Widths."""

    latent_dim: int = Field(default=32, ge=1, le=4096, description="Length of a latent.")
    style_dim: int = Field(default=32, ge=1, le=4096, description="Length of a style.")
    width: int = Field(default=32, ge=1, le=1024, description="Channels of every layer.")
