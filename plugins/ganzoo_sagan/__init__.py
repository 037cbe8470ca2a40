"""Self-attention GANs for square images from 32 to 128 pixels, with or without classes."""

from typing import Any

from ganzoo.spec import Architecture, Preset, Recipe, Traits
from ganzoo_sagan.config import SaganConfig
from ganzoo_sagan.imports import MIMICRY, STUDIOGAN


def _traits(config: SaganConfig) -> Traits:
    return Traits(
        sides=(32, 48, 64, 128),
        channels=(1, 2, 3, 4),
        labels=True,
        coupling={"generator": "batch"},
    )


def _adam(rate: Any, betas: tuple[float, float]) -> dict[str, Any]:
    return {"name": "adam", "lr": rate, "betas": betas}


_PORT: dict[str, Any] = {
    "loss": {"name": "hinge"},
    "objective": {"discriminator_steps": 5, "fake_labels": "drawn"},
    "training": {"steps": 100_000, "batch_size": 64},
}

_DECAY = {"schedule": "linear", "from": 2e-4, "to": 0.0, "over": 6_400_000}
"""To zero over the 100,000 steps of 64 real samples each."""

SPEC = Architecture(
    name="sagan",
    summary="Self-attention and spectral norm in both networks, with or without classes.",
    config=SaganConfig,
    generator="ganzoo_sagan.networks:Generator",
    discriminator="ganzoo_sagan.networks:Discriminator",
    traits=_traits,
    presets={
        "paper": Preset(
            "Two time scales: the discriminator learns four times as fast, with one update each.",
            recipe=Recipe(
                loss={"name": "hinge"},
                optimizers={
                    "generator": _adam(1e-4, (0.0, 0.9)),
                    "discriminator": _adam(4e-4, (0.0, 0.9)),
                },
                objective={"fake_labels": "drawn"},
                training={"steps": 1_000_000, "batch_size": 256},
            ),
        ),
        "mimicry": Preset(
            "The networks and the loop of mimicry: bilinear upsampling, five critic updates.",
            values={
                "upsampling": "bilinear",
                "shortcut_relu": True,
                "discriminator_attention": (2,),
            },
            recipe=Recipe(
                optimizers={
                    "generator": _adam(_DECAY, (0.0, 0.9)),
                    "discriminator": _adam(_DECAY, (0.0, 0.9)),
                },
                **_PORT,
            ),
        ),
        "studiogan": Preset(
            "The networks and the loop of StudioGAN: wide blocks, orthogonal weights.",
            values={
                "tables": "linear",
                "discriminator_blocks": "wide",
                "shortcut_relu": True,
                "norm_eps": 1e-4,
                "spectral_eps": 1e-6,
                "initialisation": "orthogonal",
            },
            recipe=Recipe(
                optimizers={
                    "generator": _adam(2e-4, (0.5, 0.999)),
                    "discriminator": _adam(2e-4, (0.5, 0.999)),
                },
                **_PORT,
            ),
        ),
    },
    imports=(MIMICRY, STUDIOGAN),
    paper="Zhang et al., Self-Attention Generative Adversarial Networks, 2019",
    licence="Apache-2.0",
)
