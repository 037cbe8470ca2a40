"""BiGAN: descriptions, free of torch; what they name stands beside."""

from ganzoo.config import ObjectiveConfig
from ganzoo.spec import Architecture, ObjectiveSpec, Preset, Recipe, Role, Traits
from ganzoo_bigan.config import BiganConfig

_PAPER = "Donahue et al., Adversarial Feature Learning, 2017"
_ADAM = {"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)}

BIGAN = Architecture(
    name="bigan",
    summary="Perceptrons that generate samples, and infer the latents of given ones.",
    config=BiganConfig,
    networks={
        "generator": Role(
            "ganzoo_bigan.networks:Generator", "generator", ("latents",), ("sample",)
        ),
        "encoder": Role("ganzoo_bigan.networks:Encoder", "other", ("sample",), ("latents",)),
        "discriminator": Role(
            "ganzoo_bigan.networks:Discriminator", "critic", ("sample", "latents")
        ),
    },
    objectives=("bidirectional",),
    traits=lambda config: Traits(vectors=True, output="linear"),
    presets={
        "small": Preset(
            "For points and small images.",
            recipe=Recipe(
                loss={"name": "non-saturating"},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
            ),
        ),
    },
    paper=_PAPER,
    licence="Apache-2.0",
)
BIDIRECTIONAL = ObjectiveSpec(
    name="bidirectional",
    summary="A critic tells (sample, inferred latent) from (generated sample, latent).",
    config=ObjectiveConfig,
    factory="ganzoo_bigan.objective:Bidirectional",
    players={"generator": ("generator", "encoder"), "discriminator": ("discriminator",)},
    fields=("sample",),
    paper=_PAPER,
)
