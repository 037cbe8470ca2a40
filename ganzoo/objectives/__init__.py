"""What a step of training is: descriptions here, free of torch; the classes beside."""

from ganzoo.objectives.config import AdversarialConfig
from ganzoo.spec import ObjectiveSpec

ADVERSARIAL = ObjectiveSpec(
    name="adversarial",
    summary="One generator against one discriminator: the game as first stated.",
    config=AdversarialConfig,
    factory="ganzoo.objectives.adversarial:Adversarial",
    players={"generator": ("generator",), "discriminator": ("discriminator",)},
    paper="Goodfellow et al., Generative Adversarial Nets, 2014",
)
