"""An architecture that was written for another version of the plugin interface."""

from ganzoo.config import LatentConfig
from ganzoo.spec import Architecture

SPEC = Architecture(
    name="old",
    summary="From before the first version.",
    config=LatentConfig,
    generator="ganzoo_old.networks:Generator",
    discriminator="ganzoo_old.networks:Discriminator",
    api=0,
)
