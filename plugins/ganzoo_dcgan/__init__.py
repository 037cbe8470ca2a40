"""Deep convolutional GANs for square images from 16 to 256 pixels."""

from pathlib import Path

from ganzoo.spec import Architecture, Preset, Pretrained, Recipe, Traits
from ganzoo_dcgan.config import DcganConfig
from ganzoo_dcgan.imports import PYTORCH, STUDIOGAN

_ADAM = {"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)}


def _traits(config: DcganConfig) -> Traits:
    return Traits(
        sides=(16, 32, 64, 128, 256),
        channels=(1, 2, 3, 4),
        labels=True,
        coupling={
            "generator": "batch",
            "discriminator": "batch" if config.discriminator_norm == "batch" else "none",
        },
    )


SPEC = Architecture(
    name="dcgan",
    summary="Strided convolutions with batch norm: the classical network for small images.",
    config=DcganConfig,
    generator="ganzoo_dcgan.networks:Generator",
    discriminator="ganzoo_dcgan.networks:Discriminator",
    traits=_traits,
    presets={
        "pytorch": Preset(
            "The networks and the loop of PyTorch's own example.",
            recipe=Recipe(
                loss={"name": "non-saturating"},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
                objective={"fakes": "reused"},
                training={"batch_size": 64},
            ),
        ),
        "studiogan": Preset(
            "The networks and the loop of StudioGAN for CIFAR-10.",
            values={
                "layers": "alternating",
                "latent_dim": 128,
                "norm_eps": 1e-4,
                "initialisation": "orthogonal",
            },
            recipe=Recipe(
                loss={"name": "non-saturating"},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
                objective={"discriminator_steps": 2, "fake_labels": "drawn"},
                training={"steps": 200_000, "batch_size": 64},
            ),
        ),
    },
    pretrained={
        "mnist5k": Pretrained(
            "Handwritten digits, 32x32 grey, by class.",
            Path(__file__).parent / "weights" / "mnist5k",
        ),
    },
    imports=(PYTORCH, STUDIOGAN),
    paper="Radford et al., Unsupervised Representation Learning with DCGANs, 2016",
    licence="Apache-2.0",
)
