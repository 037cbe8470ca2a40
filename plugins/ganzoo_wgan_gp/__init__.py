"""The Wasserstein GANs with gradient penalty of Gulrajani et al., for square images."""

from pathlib import Path

from ganzoo.spec import Architecture, Preset, Pretrained, Recipe, Traits
from ganzoo_wgan_gp.config import WganGpConfig
from ganzoo_wgan_gp.imports import IMPORT


def _traits(config: WganGpConfig) -> Traits:
    return Traits(
        sides=(16, 32, 64, 128),
        channels=(1, 2, 3, 4),
        coupling={"generator": "batch" if config.generator_norm == "batch" else "none"},
    )


_ADAM_CNN = {"name": "adam", "lr": 1e-4, "betas": (0.5, 0.9)}
_ADAM_RESNET = {
    "name": "adam",
    # To zero over the 100,000 generator updates of 64 real samples each.
    "lr": {"schedule": "linear", "from": 2e-4, "to": 0.0, "over": 6_400_000},
    "betas": (0.0, 0.9),
}

SPEC = Architecture(
    name="wgan-gp",
    summary="Wasserstein critics with a gradient penalty, as CNN or ResNet; takes no labels.",
    config=WganGpConfig,
    generator="ganzoo_wgan_gp.networks:Generator",
    discriminator="ganzoo_wgan_gp.networks:Discriminator",
    traits=_traits,
    presets={
        "cnn": Preset(
            "The authors' convolutional network for CIFAR-10.",
            recipe=Recipe(
                loss={"name": "wasserstein"},
                penalties={"gradient-penalty": {"weight": 10.0}},
                optimizers={"generator": _ADAM_CNN, "discriminator": _ADAM_CNN},
                objective={"discriminator_steps": 5},
                training={"steps": 200_000, "batch_size": 64},
            ),
        ),
        "resnet": Preset(
            "The authors' residual network for CIFAR-10; generator batches of twice the size.",
            values={"blocks": "resnet"},
            recipe=Recipe(
                loss={"name": "wasserstein"},
                penalties={"gradient-penalty": {"weight": 10.0}},
                optimizers={"generator": _ADAM_RESNET, "discriminator": _ADAM_RESNET},
                data={"dequantize": 1 / 128},
                objective={"generator_batch": 128, "discriminator_steps": 5},
                training={"steps": 100_000, "batch_size": 64},
            ),
        ),
    },
    pretrained={
        "mnist5k": Pretrained(
            "Handwritten digits, 32x32 grey.", Path(__file__).parent / "weights" / "mnist5k"
        ),
    },
    imports=(IMPORT,),
    paper="Gulrajani et al., Improved Training of Wasserstein GANs, 2017",
    licence="Apache-2.0",
)
