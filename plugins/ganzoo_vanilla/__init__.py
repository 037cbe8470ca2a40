"""Multi-layer perceptron GANs: the smallest networks that work, for pictures and vectors."""

from pathlib import Path

from ganzoo.spec import Architecture, Preset, Pretrained, Recipe, Traits
from ganzoo_vanilla.config import VanillaConfig

_ADAM = {"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)}


def _traits(config: VanillaConfig) -> Traits:
    return Traits(
        vectors=True,
        labels=True,
        output="tanh" if len(config.sample_shape) == 3 else "linear",
        generator_coupling="batch" if config.generator_norm == "batch" else "none",
    )


SPEC = Architecture(
    name="vanilla",
    summary="Multi-layer perceptrons, for pictures of any size and for vectors.",
    config=VanillaConfig,
    generator="ganzoo_vanilla.networks:Generator",
    discriminator="ganzoo_vanilla.networks:Discriminator",
    traits=_traits,
    presets={
        "article": Preset(
            "The introductory article's loop: smoothed labels, one joint discriminator batch.",
            recipe=Recipe(
                loss={"name": "non-saturating", "label_smoothing": 0.1},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
                training={
                    "batch_size": 128,
                    "passes": "joint",
                    # The mean over the joint batch is half the sum of both means.
                    "discriminator_loss_scale": 0.5,
                },
            ),
        ),
        "mlp": Preset(
            "The perceptrons that most PyTorch code has: batch norm, generator first.",
            values={
                "generator_widths": (128, 256, 512, 1024),
                "generator_norm": "batch",
                "discriminator_widths": (512, 256),
                "dropout": 0.0,
            },
            recipe=Recipe(
                loss={"name": "non-saturating"},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
                training={
                    "batch_size": 64,
                    "first": "generator",
                    "fakes": "reused",
                    "discriminator_loss_scale": 0.5,
                },
            ),
        ),
    },
    pretrained={
        "mnist5k": Pretrained(
            "Handwritten digits, 28x28 grey, by class.",
            Path(__file__).parent / "weights" / "mnist5k",
        ),
    },
    paper="Goodfellow et al., Generative Adversarial Nets, 2014",
    licence="Apache-2.0",
)
