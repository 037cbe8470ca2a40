"""Multi-layer perceptron GANs: the smallest networks that work, for images and vectors."""

import math
from pathlib import Path

from ganzoo.spec import Architecture, Preset, Pretrained, Recipe, Traits
from ganzoo_vanilla.config import VanillaConfig

_ADAM = {"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999)}

# Of the authors' mnist.yaml: batches of 100; the rate is divided by 1.000004 after every update
# until it is 1e-6; momentum rises for 250 epochs of 50,000 images (there once an epoch).
_MAXOUT_BATCH = 100
_SGD = {
    "name": "sgd",
    "lr": {
        "schedule": "exponential",
        "from": 0.1,
        "to": 1e-6,
        "over": _MAXOUT_BATCH * math.log(0.1 / 1e-6) / math.log(1.000004),
    },
    "momentum": {"schedule": "linear", "from": 0.5, "to": 0.7, "over": 250 * 50_000.0},
}


def _traits(config: VanillaConfig) -> Traits:
    return Traits(
        vectors=True,
        labels=True,
        output="tanh" if len(config.sample_shape) == 3 else "linear",
        coupling={"generator": "batch" if config.generator_norm == "batch" else "none"},
    )


SPEC = Architecture(
    name="vanilla",
    summary="Multi-layer perceptrons, for images of any size and for vectors.",
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
                # The mean over the joint batch is half the sum of both means.
                objective={"passes": "joint", "discriminator_loss_scale": 0.5},
                training={"batch_size": 128},
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
                objective={
                    "first": "generator",
                    "fakes": "reused",
                    "discriminator_loss_scale": 0.5,
                },
                training={"batch_size": 64},
            ),
        ),
        # What differs from the authors' code: the bias of the generator's last layer begins at
        # zero, where theirs makes the mean of the data, which networks do not see here; an update
        # of the discriminator comes before the generator's and has a dropout of its own, where
        # theirs are at the same time and share one. Dropout scales what it keeps by 1 / keep, in
        # both.
        "goodfellow": Preset(
            "The maxout networks of the first paper on MNIST, with its plain gradient descent.",
            values={
                "latent": "uniform",
                # Uniform in [-sqrt(3), sqrt(3)], which has a variance of 1.
                "latent_scale": math.sqrt(3),
                "generator_widths": (1200, 1200),
                "generator_init": 0.05,
                "slope": 0.0,  # plain ReLU
                "unit_range": True,
                "discriminator_widths": (240, 240),
                "maxout_pieces": 5,
                "discriminator_init": 0.005,
                "input_dropout": 0.2,
                "dropout": 0.5,
            },
            recipe=Recipe(
                loss={"name": "non-saturating"},
                optimizers={"generator": _SGD, "discriminator": _SGD},
                objective={"fakes": "reused", "discriminator_loss_scale": 0.5},
                training={"batch_size": _MAXOUT_BATCH},
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
