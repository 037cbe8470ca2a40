"""Pix2pix: image-to-image translation that is learned from pairs."""

from ganzoo.spec import Architecture, Preset, Recipe, Role, Traits
from ganzoo_pix2pix.config import Pix2pixConfig
from ganzoo_pix2pix.imports import IMPORT
from ganzoo_pix2pix.recipes import ADAM, by_epochs


def _traits(config: Pix2pixConfig) -> Traits:
    return Traits(
        sides=config.sides,
        coupling={"generator": config.coupling, "discriminator": config.coupling},
    )


SPEC = Architecture(
    name="pix2pix",
    summary="Translates images, trained on pairs: a U-Net and a conditional patch discriminator.",
    config=Pix2pixConfig,
    networks={
        "generator": Role(
            "ganzoo_pix2pix.networks:Generator", "translator", ("source",), ("target",)
        ),
        "discriminator": Role(
            "ganzoo_pix2pix.networks:Discriminator", "critic", ("target", "source")
        ),
    },
    objectives=("paired",),
    traits=_traits,
    presets={
        "unet": Preset(
            "The authors' networks and loop, for images of 256x256.",
            recipe=Recipe(
                objective={
                    "name": "paired",
                    "l1_weight": 100.0,
                    "discriminator_loss_scale": 0.5,
                },
                loss={"name": "non-saturating"},
                optimizers={"generator": ADAM, "discriminator": ADAM},
                data={"image_size": 256, "flip": True},
                training={"batch_size": 1},
                ema=None,
            ),
            rule=by_epochs,
        ),
    },
    imports=(IMPORT,),
    paper="Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017",
    licence="Apache-2.0",
)
