"""BigGAN and BigGAN-deep for square images from 32 to 512 pixels, with or without classes."""

import math
from typing import Any

from ganzoo.spec import Architecture, Preset, Recipe, Traits, Truncation
from ganzoo_biggan.config import UP, BigganConfig
from ganzoo_biggan.imports import BIGGAN_PYTORCH, HUGGING_FACE, STUDIOGAN

DECAY = 0.9999
"""Of the moving average, in each step."""


def _traits(config: BigganConfig) -> Traits:
    # Statistics for truncations begin with truncated latents.
    return Traits(
        sides=tuple(UP),
        channels=(1, 2, 3, 4),
        labels=True,
        coupling={"generator": "batch"},
        critic_extras=("classes",) if config.head == "classifier" else (),
        truncation=Truncation(
            kind=config.truncation, default=1.0 if config.statistics > 1 else None
        ),
    )


def _recipe(
    *,
    steps: int,
    batch_size: int,
    updates: int,
    rates: tuple[float, float],
    betas: tuple[float, float],
    average_from: int,
    eps: float = 1e-8,
    passes: str = "joint",
    **training: Any,
) -> Recipe:
    """Hinge loss, Adam, and an average of the generator.

    Args:
        steps: Updates of the generator.
        batch_size: Reals of an update.
        updates: Of the discriminator in a step.
        rates: Of the generator and of the discriminator.
        betas: Of Adam.
        average_from: The step from which the average moves.
        eps: Of Adam.
        passes: Whether the discriminator scores reals and fakes as one batch.
        training: Further fields of the section.
    """
    adam = {"name": "adam", "betas": betas, "eps": eps}
    return Recipe(
        loss={"name": "hinge"},
        optimizers={
            "generator": {**adam, "lr": rates[0]},
            "discriminator": {**adam, "lr": rates[1]},
        },
        objective={"discriminator_steps": updates, "fake_labels": "drawn", "passes": passes},
        training={"steps": steps, "batch_size": batch_size, **training},
        ema={
            "half_life": batch_size * math.log(0.5) / math.log(DECAY),
            "ramp_up": None,
            "start": average_from * batch_size,
        },
    )


_IMAGENET = _recipe(
    steps=150_000,
    batch_size=2048,
    updates=1,
    rates=(1e-4, 4e-4),
    betas=(0.0, 0.999),
    average_from=20_000,
    eps=1e-6,
    accumulate=8,
)

SPEC = Architecture(
    name="biggan",
    summary="Large residual networks for many classes, and their deep variant; truncated samples.",
    config=BigganConfig,
    generator="ganzoo_biggan.networks:Generator",
    discriminator="ganzoo_biggan.networks:Discriminator",
    traits=_traits,
    presets={
        "studiogan": Preset(
            "The networks and the loop of StudioGAN for CIFAR-10: split latents, attention.",
            values={
                "width": 96,
                "discriminator_width": 48,
                "latent_dim": 80,
                "shortcut_relu": True,
                "norm_eps": 1e-4,
            },
            recipe=_recipe(
                steps=100_000,
                batch_size=64,
                updates=5,
                rates=(2e-4, 2e-4),
                betas=(0.5, 0.999),
                average_from=1000,
                eps=1e-6,
                passes="separate",
            ),
        ),
        "cifar": Preset(
            "The networks and the loop of BigGAN-PyTorch for CIFAR-10: no shared classes, no "
            "attention.",
            values={
                "latent_dim": 128,
                "latent_path": "first",
                "shared_dim": None,
                "attention": (),
                "discriminator_attention": (),
                "initialisation": "normal",
                "spectral_eps": 1e-8,
                "truncation": "variance",
            },
            recipe=_recipe(
                steps=125_000,
                batch_size=50,
                updates=4,
                rates=(2e-4, 2e-4),
                betas=(0.0, 0.999),
                average_from=1000,
            ),
        ),
        "imagenet": Preset(
            "The networks and the loop of BigGAN-PyTorch for ImageNet at 128x128.",
            values={"width": 96, "truncation": "variance"},
            recipe=_IMAGENET,
        ),
        "deep": Preset(
            "BigGAN-deep: bottlenecks, and latents that reach all norms as a whole.",
            values={
                "blocks": "bottleneck",
                "width": 128,
                "latent_dim": 128,
                "latent_path": "whole",
                "truncation": "variance",
            },
            recipe=_IMAGENET,
        ),
    },
    imports=(BIGGAN_PYTORCH, STUDIOGAN, HUGGING_FACE),
    paper="Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019",
    licence="Apache-2.0",
)
