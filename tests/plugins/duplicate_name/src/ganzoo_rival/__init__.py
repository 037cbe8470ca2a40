"""An architecture of a name that ganzoo's own distribution offers, too."""

from ganzoo.config import LatentConfig
from ganzoo.spec import Architecture

SPEC = Architecture(
    name="dcgan",
    summary="Another one of that name.",
    config=LatentConfig,
    generator="ganzoo_rival.networks:Generator",
    discriminator="ganzoo_rival.networks:Discriminator",
)
