"""What happens to samples on their way to the discriminator: descriptions here, free of torch."""

from ganzoo.augmentation.config import AdaConfig, DiffAugmentConfig, NoAugmentationConfig
from ganzoo.spec import AugmentationSpec

NONE = AugmentationSpec(
    name="none",
    summary="Leaves every sample as it is.",
    config=NoAugmentationConfig,
    factory="ganzoo.augmentation.base:Identity",
    vectors=True,
)
DIFFAUGMENT = AugmentationSpec(
    name="diffaugment",
    summary="Colour, translation and cutout at random, always: the choice for few images.",
    config=DiffAugmentConfig,
    factory="ganzoo.augmentation.diffaugment:DiffAugment",
    paper="Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020",
)
ADA = AugmentationSpec(
    name="ada",
    summary="Twelve changes with a probability that follows the discriminator's overfitting.",
    config=AdaConfig,
    factory="ganzoo.augmentation.ada:Ada",
    follows=lambda config: config.adapt is not None,
    paper="Karras et al., Training Generative Adversarial Networks with Limited Data, 2020",
)
