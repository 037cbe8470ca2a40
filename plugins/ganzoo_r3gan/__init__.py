"""R3GAN: a modern baseline for square images from 16 to 256 pixels, with or without classes."""

from typing import Any

from ganzoo.spec import Architecture, Preset, Recipe, Traits
from ganzoo_r3gan.config import R3ganConfig
from ganzoo_r3gan.imports import PICKLE


def _traits(config: R3ganConfig) -> Traits:
    return Traits(sides=(16, 32, 64, 128, 256), channels=(1, 2, 3, 4), labels=True, output="linear")


def _cosine(start: float, end: float, over: float | str) -> dict[str, Any]:
    """Half a cosine wave."""
    return {"schedule": "cosine", "from": start, "to": end, "over": over}


def _recipe(
    *,
    rate: tuple[float, float],
    gamma: tuple[float, float],
    half_life: tuple[float, float],
    over: float | str,
    p: float | None = None,
    **training: Any,
) -> Recipe:
    """Make a recipe whose numbers go from one end to the other; `p` begins at 0."""
    adam = {
        "name": "adam",
        "lr": _cosine(*rate, over),
        "betas": (0.0, _cosine(0.9, 0.99, over)),
    }
    penalty = {"weight": _cosine(*gamma, over)}
    ada: dict[str, Any] = {}
    if p is not None:
        ada = {
            "name": "ada",
            "adapt": None,
            "p": _cosine(0.0, p, over),
            "cutout": True,
            "color_factor": 0.5,
        }
    return Recipe(
        loss={"name": "relativistic"},
        optimizers={"generator": adam, "discriminator": adam},
        penalties={"r1": penalty, "r2": penalty},
        training={"penalty_precision": "bf16", **training},
        ema={"half_life": _cosine(*half_life, over), "ramp_up": None},
        augmentation=ada,
    )


def _published(
    summary: str,
    *,
    width: int = 768,
    wide_until: int = 32,
    group_width: int = 16,
    batch: int,
    gamma: float,
    p: float,
    half_life: float,
    over: float,
) -> Preset:
    """Make a preset of the authors, whose runs end where the schedules do."""
    return Preset(
        summary,
        values={"width": width, "wide_until": wide_until, "group_width": group_width},
        recipe=_recipe(
            rate=(2e-4, 5e-5),
            gamma=(gamma, gamma / 10),
            half_life=(0.0, half_life),
            over=over,
            p=p,
            batch_size=batch,
            steps=round(over / batch),
        ),
    )


SPEC = Architecture(
    name="r3gan",
    summary="A modern baseline: grouped residual networks, relativistic loss, R1 and R2.",
    config=R3ganConfig,
    generator="ganzoo_r3gan.networks:Generator",
    discriminator="ganzoo_r3gan.networks:Discriminator",
    traits=_traits,
    presets={
        "small": Preset(
            "Narrow networks and a short run, for 32 to 128 pixels on a CPU or one modest GPU.",
            values={"depth": 1},
            recipe=_recipe(
                rate=(1e-3, 2.5e-4),
                gamma=(1.0, 0.1),
                half_life=(0.0, 20_000.0),
                over="run",
                batch_size=32,
            ),
        ),
        "cifar10": _published(
            "The authors' networks and recipe for CIFAR-10.",
            batch=512,
            gamma=0.05,
            p=0.55,
            half_life=5e6,
            over=2e7,
        ),
        "imagenet-32": _published(
            "The same for ImageNet at 32x32.",
            width=1536,
            group_width=32,
            batch=4096,
            gamma=0.5,
            p=0.5,
            half_life=5e7,
            over=2e8,
        ),
        "imagenet-64": _published(
            "The same for ImageNet at 64x64.",
            width=1536,
            wide_until=64,
            group_width=32,
            batch=4096,
            gamma=1.0,
            p=0.4,
            half_life=5e7,
            over=2e8,
        ),
        "ffhq-64": _published(
            "The same for FFHQ at 64x64.", batch=256, gamma=2.0, p=0.3, half_life=5e5, over=2e7
        ),
        "ffhq-256": _published(
            "The same for FFHQ at 256x256.", batch=256, gamma=150.0, p=0.3, half_life=5e5, over=2e7
        ),
    },
    imports=(PICKLE,),
    paper="Huang et al., The GAN is Dead; Long Live the GAN! A Modern Baseline GAN, 2024",
    licence="Apache-2.0",
)
