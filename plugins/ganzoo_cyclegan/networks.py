"""The networks of CycleGAN: two translators, and a critic of each domain."""

from ganzoo_cyclegan.config import CycleganConfig
from ganzoo_pix2pix.networks import Critic, Translator


class AToB(Translator):
    """From domain a to domain b."""

    def __init__(self, config: CycleganConfig) -> None:
        super().__init__(config, config.source_shape[0], config.sample_shape[0])


class BToA(Translator):
    """From domain b to domain a."""

    def __init__(self, config: CycleganConfig) -> None:
        super().__init__(config, config.sample_shape[0], config.source_shape[0])


class DiscriminatorA(Critic):
    """Scores images of domain a, real or made."""

    def __init__(self, config: CycleganConfig) -> None:
        super().__init__(config, config.source_shape[0])


class DiscriminatorB(Critic):
    """Scores images of domain b, real or made."""

    def __init__(self, config: CycleganConfig) -> None:
        super().__init__(config, config.sample_shape[0])
