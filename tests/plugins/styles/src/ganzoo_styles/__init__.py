"""A small style-based generator: its description, free of torch."""

from ganzoo.spec import Architecture, Preset, Recipe, Traits, Truncation

from ganzoo_styles.config import StylesConfig

_ADAM = {"name": "adam", "lr": 2e-3, "betas": (0.0, 0.99)}


def _traits(config: StylesConfig) -> Traits:
    return Traits(
        sides=(8, 16, 32, 64),
        channels=(1, 3),
        labels=True,
        output="linear",
        truncation=Truncation("styles", range=(-1.0, 2.0)),
        extras=("transform",),
    )


SPEC = Architecture(
    name="styles",
    summary="A mapping network, modulated convolutions, and noise at every layer.",
    config=StylesConfig,
    generator="ganzoo_styles.networks:Generator",
    discriminator="ganzoo_styles.networks:Discriminator",
    traits=_traits,
    presets={
        "small": Preset(
            "Logistic loss with R1, as in the paper.",
            recipe=Recipe(
                loss={"name": "non-saturating"},
                penalties={"r1": {"weight": 0.1, "every": 4}},
                optimizers={"generator": _ADAM, "discriminator": _ADAM},
            ),
        ),
    },
    paper="Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020",
    licence="Apache-2.0",
)
