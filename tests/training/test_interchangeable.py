"""Every architecture, preset, loss and penalty that the rules allow trains together."""

import itertools

import pytest
import torch

from ganzoo import registry
from ganzoo.errors import ConfigError
from ganzoo.spec import Architecture, LossSpec, PenaltySpec
from ganzoo.training.trainer import Trainer

SMALL = {
    "vanilla": {"generator_widths": [8, 8], "discriminator_widths": [8, 8]},
    "dcgan": {"width": 4},
    "wgan-gp": {"width": 4},
    "sngan": {"width": 2, "sample_shape": [1, 32, 32]},
    "sagan": {"width": 4, "sample_shape": [1, 32, 32], "num_classes": 10},
    "biggan": {"width": 2, "discriminator_width": 2, "sample_shape": [1, 32, 32]},
    "stylegan2": {"latent_dim": 6, "style_dim": 5, "width": 64, "max_width": 6},
    "r3gan": {"width": 4, "group_width": 4},
}
VALUES = {
    # So few units of the published +-0.005 would leave gradients that rounding swallows.
    ("vanilla", "goodfellow"): {"discriminator_init": 0.1},
    ("sngan", "mimicry"): {"num_classes": 10},
    ("biggan", "studiogan"): {"num_classes": 10},
    ("biggan", "deep"): {"num_classes": 10, "shared_dim": 8, "latent_dim": 8},
}
RESIDUAL = [
    ("dcgan", "studiogan"),
    ("sngan", "mimicry"),
    ("sngan", "cnn"),
    ("sagan", "paper"),
    ("biggan", "studiogan"),
    ("biggan", "deep"),
    ("stylegan2", "auto"),
    ("r3gan", "small"),
]
"""These are deep and take long: every loss and every penalty once instead of every pair."""
PRESETS = [
    (name, preset)
    for name in ("vanilla", "dcgan", "wgan-gp")
    for preset in registry.get(Architecture, name).presets
    if (name, preset) not in RESIDUAL
]
# The others read more than logits, which critics of these return none of.
LOSSES = [n for n in registry.names("losses") if not registry.get(LossSpec, n).critic_extras]
PENALTIES = [None, *registry.names("penalties")]
FEWER = {name: {"discriminator_steps": 1} for name in ("sngan", "sagan", "biggan")}
ROWS = [
    *itertools.product(PRESETS, LOSSES, PENALTIES),
    *((pair, loss, None) for pair in RESIDUAL for loss in LOSSES),
    *((pair, "hinge", penalty) for pair in RESIDUAL for penalty in PENALTIES[1:]),
]
FORBIDDEN = {
    **dict.fromkeys([("dcgan", "gradient-penalty"), ("dcgan", "dragan")], "couples"),
    **{(name, "path-length"): "has no styles" for name in SMALL if name != "stylegan2"},
}
"""And why."""
# The bias of the last layer cancels in a difference of scores (for hinge: within the margin; under
# weight clipping: as both scores are nearly zero), so that its gradient is zero.
BLIND_TO_OUTPUT_BIAS = {"wasserstein", "relativistic", "hinge"}
OUTPUT_BIAS = {
    ("vanilla", "article"): "layers.6.bias",
    ("vanilla", "mlp"): "layers.4.bias",
    ("vanilla", "goodfellow"): "layers.6.bias",
    ("wgan-gp", "cnn"): "score.bias",
    ("wgan-gp", "resnet"): "score.bias",
    **dict.fromkeys(RESIDUAL, "head.score.bias"),
    ("stylegan2", "auto"): "head.output.bias",
    ("dcgan", "studiogan"): "layers.15.bias",
}


def trainer_of(tmp_path, architecture, preset, loss, penalty, **training):
    config = {
        "architecture": {
            "name": architecture,
            "preset": preset,
            "sample_shape": [1, 16, 16],
            **SMALL[architecture],
            **VALUES.get((architecture, preset), {}),
        },
        "loss": loss,
        "penalties": {name: None for name in PENALTIES if name}
        | ({penalty: {}} if penalty else {}),
        "training": {"batch_size": 8, "accumulate": 1, **training},
        "objective": {"generator_batch": None, **FEWER.get(architecture, {})},
    }
    return Trainer(config, tmp_path / "run")


@pytest.mark.parametrize(
    ("architecture", "preset", "loss", "penalty"),
    [
        pytest.param(
            *(*pair, loss, penalty),
            id=f"{'/'.join(pair)}-{loss}-{penalty or 'plain'}",
            marks=pytest.mark.sweep if pair in RESIDUAL and number % 2 else (),
        )
        for number, (pair, loss, penalty) in enumerate(ROWS)
    ],
)
def test_trains_three_steps(tmp_path, architecture, preset, loss, penalty):
    if (architecture, penalty) in FORBIDDEN:
        why = FORBIDDEN[architecture, penalty]
        with pytest.raises(ConfigError, match=rf"penalties\.{penalty}.*{why}"):
            trainer_of(tmp_path, architecture, preset, loss, penalty)
        return
    trainer = trainer_of(tmp_path, architecture, preset, loss, penalty)
    networks = trainer.objective.networks
    before = {
        (role, name): parameter.detach().clone()
        for role, network in networks.items()
        for name, parameter in network.named_parameters()
    }
    for _ in range(3):
        trainer.train_step()
    figures = trainer.figures()
    assert {
        "loss/generator",
        "loss/discriminator",
        "real/discriminator",
        "fake/discriminator",
    } <= figures.keys()
    spec = penalty and registry.get(PenaltySpec, penalty)
    assert (f"penalty/{penalty}" in figures) == bool(spec and spec.kind == "term")
    output_bias = OUTPUT_BIAS.get((architecture, preset))
    may_rest = loss in BLIND_TO_OUTPUT_BIAS or penalty == "weight-clipping"
    for (role, name), old in before.items():
        new = dict(networks[role].named_parameters())[name]
        assert torch.isfinite(new).all(), (role, name)
        moved = not torch.equal(new, old)
        # Small weights under so many norms or blocks leave the generator hardly a gradient.
        weak = (architecture, preset) in (("dcgan", "studiogan"), ("r3gan", "small"))
        clipped = penalty == "weight-clipping" and weak
        if clipped or (may_rest and (role, name) == ("discriminator", output_bias)):
            assert moved or new.grad.abs().max() < 1e-6
        else:
            assert moved, (role, name)


@pytest.mark.parametrize(
    ("architecture", "preset"),
    [*PRESETS, *(pytest.param(*pair, marks=pytest.mark.sweep) for pair in RESIDUAL)],
)
def test_true_width_trains_a_step(tmp_path, architecture, preset):
    config = {"architecture": {"name": architecture, "preset": preset}}
    # The recipe as published but for the batch, which only costs time.
    small = {"training.batch_size": 4, "objective.generator_batch": None}
    small |= {"training.accumulate": 1}
    trainer = Trainer(config, tmp_path / "run", overrides=small)
    trainer.train_step()
    assert trainer.figures()
    for role, network in trainer.objective.networks.items():
        for name, parameter in network.named_parameters():
            assert torch.isfinite(parameter).all(), (role, name)
