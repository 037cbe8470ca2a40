"""Plugins for points in the plane: descriptions, free of torch; what they name stands beside."""

from ganzoo.config import LossConfig
from ganzoo.spec import (
    Architecture,
    DatasetSpec,
    LossSpec,
    PenaltySpec,
    Preset,
    Recipe,
    Traits,
)

from ganzoo_points.config import DriftConfig, FourierConfig, SpiralsConfig

_ADAM = {"name": "adam", "lr": 1e-3, "betas": (0.5, 0.99)}

FOURIER = Architecture(
    name="fourier",
    summary="Perceptrons for vectors; the discriminator sees random Fourier features.",
    config=FourierConfig,
    generator="ganzoo_points.networks:Generator",
    discriminator="ganzoo_points.networks:Discriminator",
    traits=lambda config: Traits(images=False, vectors=True, labels=True, output="linear"),
    presets={
        "plain": Preset(
            "Logistic loss with a zero-centred gradient penalty.",
            recipe=Recipe(
                loss={"name": "non-saturating"},
                penalties={"r1": {"weight": 0.1}},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
                training={"batch_size": 128},
            ),
        ),
        "pearson": Preset(
            "Wider, with the loss and the penalty of this distribution.",
            values={"width": 128},
            recipe=Recipe(
                loss={"name": "pearson"},
                penalties={"drift": {"weight": 1e-3}},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
                objective={"discriminator_steps": 2},
                training={"batch_size": 128},
            ),
        ),
    },
    paper="Tancik et al., Fourier Features Let Networks Learn High Frequency Functions, 2020",
    licence="Apache-2.0",
)
PEARSON = LossSpec(
    name="pearson",
    summary="Least squares with targets 1, -1 and 0: the Pearson chi-squared divergence.",
    config=LossConfig,
    factory="ganzoo_points.losses:Pearson",
    paper="Mao et al., Least Squares Generative Adversarial Networks, 2017",
)
DRIFT = PenaltySpec(
    name="drift",
    summary="Keeps the logits of reals near zero.",
    config=DriftConfig,
    factory="ganzoo_points.penalties:Drift",
    paper="Karras et al., Progressive Growing of GANs, 2018",
)
SPIRALS = DatasetSpec(
    name="spirals",
    summary="2-D points on the arms of a spiral; each arm is a class.",
    config=SpiralsConfig,
    factory="ganzoo_points.data:Spirals",
    licence="CC0-1.0",
)
