"""CycleGAN: image-to-image translation between two domains, learned without pairs."""

from ganzoo.spec import Architecture, Preset, Recipe, Role, Traits
from ganzoo_cyclegan.config import CycleganConfig
from ganzoo_cyclegan.imports import IMPORT
from ganzoo_pix2pix.recipes import ADAM, by_epochs


def _recipe(image_size: int) -> Recipe:
    return Recipe(
        objective={
            "name": "cycle",
            "cycle_weight_a": 10.0,
            "cycle_weight_b": 10.0,
            "identity_weight": 0.5,
            "pool_size": 50,
            "discriminator_loss_scale": 0.5,
        },
        # Whole squares for both, of which the objective takes half for the discriminators.
        loss={"name": "least-squares", "scale": 1.0},
        optimizers={"generator": ADAM, "discriminator": ADAM},
        data={"image_size": image_size, "flip": True},
        training={"batch_size": 1},
        ema=None,
    )


def _traits(config: CycleganConfig) -> Traits:
    return Traits(sides=config.sides, coupling=dict.fromkeys(_NETWORKS, config.coupling))


_NETWORKS = {
    "a_to_b": Role("ganzoo_cyclegan.networks:AToB", "translator", ("a",), ("b",)),
    "b_to_a": Role("ganzoo_cyclegan.networks:BToA", "translator", ("b",), ("a",)),
    "discriminator_a": Role("ganzoo_cyclegan.networks:DiscriminatorA", "critic", ("a",)),
    "discriminator_b": Role("ganzoo_cyclegan.networks:DiscriminatorB", "critic", ("b",)),
}

SPEC = Architecture(
    name="cyclegan",
    summary="Translates images between two domains, trained without pairs, in both directions.",
    config=CycleganConfig,
    networks=_NETWORKS,
    objectives=("cycle",),
    traits=_traits,
    presets={
        "resnet9": Preset(
            "The authors' networks and loop, for images of 256x256.",
            recipe=_recipe(256),
            rule=by_epochs,
        ),
        "resnet6": Preset(
            "Their smaller networks, for images of 128x128.",
            values={
                "blocks": 6,
                "source_shape": (3, 128, 128),
                "sample_shape": (3, 128, 128),
            },
            recipe=_recipe(128),
            rule=by_epochs,
        ),
    },
    imports=(IMPORT,),
    paper="Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial "
    "Networks, 2017",
    licence="Apache-2.0",
)
