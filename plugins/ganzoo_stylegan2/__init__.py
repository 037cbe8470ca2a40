"""StyleGAN2 for square images from 16 to 1024 pixels, with or without classes."""

from typing import Any

from ganzoo.spec import Architecture, Preset, Recipe, Traits, Truncation
from ganzoo_stylegan2.config import Stylegan2Config
from ganzoo_stylegan2.recipes import automatic, penalised, small


def _traits(config: Stylegan2Config) -> Traits:
    return Traits(
        sides=(16, 32, 64, 128, 256, 512, 1024),
        channels=(1, 2, 3, 4),
        labels=True,
        output="linear",
        coupling={"discriminator": "groups"},
        truncation=Truncation("styles", range=(-1.0, 2.0)),
    )


def _recipe(
    rate: float, batch: int, kimg: int, gamma: float, ema: dict[str, Any], *, paths: bool = True
) -> Recipe:
    return penalised(
        rate,
        gamma,
        paths=paths,
        ema=ema,
        training={
            "steps": kimg * 1000 // batch,
            "batch_size": batch,
            "penalty_precision": "bf16",  # with full precision where the networks ask for it
        },
    )


_SHALLOW = {"mapping_layers": 2}

SPEC = Architecture(
    name="stylegan2",
    summary="A mapping network and modulated convolutions: images of high quality, with styles.",
    config=Stylegan2Config,
    generator="ganzoo_stylegan2.generator:Generator",
    discriminator="ganzoo_stylegan2.discriminator:Discriminator",
    traits=_traits,
    presets={
        "small": Preset(
            "For 32 to 128 pixels, on a CPU or one modest GPU.",
            values={
                "latent_dim": 128,
                "style_dim": 128,
                "width": 2048,
                "max_width": 128,
                **_SHALLOW,
            },
            recipe=_recipe(
                2.5e-3, 32, 2_000, 0.1, {"half_life": 10_000, "ramp_up": 0.05}, paths=False
            ),
            rule=small,
        ),
        "auto": Preset(
            "Batch, gamma and average from the size of the images, by the published rule.",
            values=_SHALLOW,
            recipe=_recipe(2.5e-3, 32, 25_000, 1.0, {"half_life": 10_000, "ramp_up": 0.05}),
            rule=automatic,
        ),
        "config-f": Preset(
            "The paper's networks and recipe for large images.",
            values={"width": 32768},
            recipe=_recipe(2e-3, 32, 25_000, 10.0, {"half_life": 10_000, "ramp_up": None}),
        ),
        "paper256": Preset(
            "The recipe of the ADA paper for 256 pixels, at half the width.",
            values={"width": 16384, "group": 8},
            recipe=_recipe(2.5e-3, 64, 25_000, 1.0, {"half_life": 20_000, "ramp_up": None}),
        ),
        "cifar10": Preset(
            "The tuned recipe of the ADA paper for 32 pixels: no mixing, no path length.",
            values={
                "width": 32768,
                "discriminator_blocks": "plain",
                "group": 32,
                "mixing": 0.0,
                **_SHALLOW,
            },
            recipe=_recipe(
                2.5e-3, 64, 100_000, 0.01, {"half_life": 500_000, "ramp_up": 0.05}, paths=False
            ),
        ),
    },
    paper="Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020",
    licence="Apache-2.0",
)
