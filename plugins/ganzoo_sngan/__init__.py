"""Spectrally normalised GANs for square images from 32 to 128 pixels, with or without classes."""

from typing import Any

from ganzoo.spec import Architecture, Preset, Recipe, Traits
from ganzoo_sngan.config import SnganConfig
from ganzoo_sngan.imports import MIMICRY, STUDIOGAN


def _traits(config: SnganConfig) -> Traits:
    return Traits(
        sides=(32, 48, 64, 128),
        channels=(1, 2, 3, 4),
        labels=True,
        coupling={"generator": "batch"},
        critic_extras=("classes",) if config.head == "classifier" else (),
    )


def _recipe(
    *,
    steps: int,
    decay: int = 0,
    batch_size: int = 64,
    betas: tuple[float, float] = (0.0, 0.9),
    data: dict[str, Any] | None = None,
    **objective: Any,
) -> Recipe:
    """Hinge loss, and Adam of 2e-4 in both networks, which falls to zero in the last steps.

    Args:
        steps: Updates of the generator.
        decay: How many of these the rate falls in; 0 for a constant one.
        batch_size: Reals of an update.
        betas: Of Adam.
        data: Fields of the section.
        objective: Fields of the section.
    """
    rate: Any = 2e-4
    if decay:
        rate = {"schedule": "linear", "from": 2e-4, "to": 0.0, "over": decay * batch_size}
        if decay < steps:
            rate["after"] = (steps - decay) * batch_size
    adam = {"name": "adam", "lr": rate, "betas": betas}
    return Recipe(
        loss={"name": "hinge"},
        optimizers={"generator": adam, "discriminator": adam},
        data=data or {},
        objective={"discriminator_steps": 5, "fake_labels": "drawn", **objective},
        training={"steps": steps, "batch_size": batch_size},
    )


_CHAINER: dict[str, Any] = {"first": "generator", "data": {"dequantize": 1 / 128}}
"""The authors' code updates the generator first, and adds noise of a grey level to pixels."""

_STUDIOGAN = {
    "discriminator_blocks": "wide",
    "shortcut_relu": True,
    "norm_eps": 1e-4,
    "spectral_eps": 1e-6,
    "initialisation": "orthogonal",
}

SPEC = Architecture(
    name="sngan",
    summary="Spectrally normalised critics; residual or convolutional, with or without classes.",
    config=SnganConfig,
    generator="ganzoo_sngan.networks:Generator",
    discriminator="ganzoo_sngan.networks:Discriminator",
    traits=_traits,
    presets={
        "resnet": Preset(
            "The authors' residual networks for CIFAR-10; generator batches of twice the size.",
            values={"score_bias": False},
            recipe=_recipe(steps=50_000, decay=50_000, generator_batch=128, **_CHAINER),
        ),
        "resnet64": Preset(
            "Their networks for dogs and cats of 64x64.",
            recipe=_recipe(steps=250_000, decay=50_000, **_CHAINER),
        ),
        "resnet128": Preset(
            "Their networks for ImageNet at 128x128.",
            recipe=_recipe(steps=450_000, decay=50_000, **_CHAINER),
        ),
        "mimicry": Preset(
            "The residual networks and the loop of mimicry: bilinear upsampling.",
            values={"upsampling": "bilinear", "shortcut_relu": True, "norm_eps": 1e-5},
            recipe=_recipe(steps=100_000, decay=100_000),
        ),
        "studiogan": Preset(
            "The residual networks and the loop of StudioGAN: wide blocks, orthogonal weights.",
            values=_STUDIOGAN,
            recipe=_recipe(steps=100_000, betas=(0.5, 0.999)),
        ),
        "cnn": Preset(
            "The convolutional networks, as torch-fidelity's example has them.",
            values={"blocks": "cnn", "norm_eps": 1e-5, "initialisation": "normal"},
            recipe=_recipe(steps=100_000, decay=100_000),
        ),
        "cnn-doubling": Preset(
            "The convolutional networks of pytorch-gan-collections.",
            values={
                "blocks": "cnn-doubling",
                "latent_dim": 100,
                "norm_eps": 1e-5,
                "initialisation": "normal",
            },
            recipe=_recipe(steps=100_000, batch_size=128, discriminator_steps=1),
        ),
    },
    imports=(MIMICRY, STUDIOGAN),
    paper="Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018",
    licence="Apache-2.0",
)
