"""Networks to use: created or loaded, sampled from, and translated by."""

from ganzoo.networks.base import Discriminator, Network
from ganzoo.networks.creating import create_discriminator, create_generator
from ganzoo.networks.generator import Generator
from ganzoo.networks.translator import Translator

__all__ = [
    "Discriminator",
    "Generator",
    "Network",
    "Translator",
    "create_discriminator",
    "create_generator",
]
