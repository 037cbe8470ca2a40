"""What a step of training is: descriptions here, free of torch; the classes beside."""

from ganzoo.objectives.config import AdversarialConfig, CycleConfig, PairedConfig
from ganzoo.spec import ObjectiveSpec

ADVERSARIAL = ObjectiveSpec(
    name="adversarial",
    summary="One generator against one discriminator: the game as first stated.",
    config=AdversarialConfig,
    factory="ganzoo.objectives.adversarial:Adversarial",
    players={"generator": ("generator",), "discriminator": ("discriminator",)},
    paper="Goodfellow et al., Generative Adversarial Nets, 2014",
)
PAIRED = ObjectiveSpec(
    name="paired",
    summary="Translate images whose targets are known: a conditional critic and a distance.",
    config=PairedConfig,
    factory="ganzoo.objectives.paired:Paired",
    players={"generator": ("generator",), "discriminator": ("discriminator",)},
    fields=("source", "target"),
    paper="Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017",
)
CYCLE = ObjectiveSpec(
    name="cycle",
    summary="Translate between two sets of images without pairs, there and back.",
    config=CycleConfig,
    factory="ganzoo.objectives.cycle:Cycle",
    players={
        "generator": ("a_to_b", "b_to_a"),
        "discriminator": ("discriminator_a", "discriminator_b"),
    },
    fields=("a", "b"),
    paper="Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial "
    "Networks, 2017",
)
