"""Three updates of each preset equal an independent re-writing of the published loop."""

import pytest
import torch

from ganzoo import registry
from ganzoo.config import value_at
from ganzoo.randomness import Draws, seed_for
from ganzoo.resolve import resolve
from ganzoo.spec import Architecture
from ganzoo.training.trainer import Trainer
from tests.networks.test_architectures import PUBLISHED
from tests.training import reference_loops as reference
from tests.training import reference_r3gan

PRESETS = [
    f"{name}/{preset}"
    for name in registry.names("architectures")
    if name != "stylegan2"  # see test_stylegan2.py
    for preset in registry.get(Architecture, name).presets
    if "adversarial" in registry.get(Architecture, name).objectives
]
# The published width would only cost time; the parameter counts are checked at full width.
WIDTHS = {"dcgan/pytorch": 6, "dcgan/studiogan": 4, "wgan-gp/cnn": 6, "wgan-gp/resnet": 4}
WIDTHS |= {p: 2 for p in PRESETS if p.startswith(("sngan/", "sagan/", "biggan/"))}
WIDTHS |= {p: 4 for p in PRESETS if p.startswith("sagan/")}  # attention needs 8 channels
WIDTHS |= {p: 16 for p in PRESETS if p.startswith("r3gan/")}
CLASSES = {"sagan": 10, "biggan": 10, "r3gan": 10}
BATCHES = {"sagan/paper": 16, "biggan/imagenet": 16, "biggan/deep": 16}
BATCHES |= {p: 4 for p in PRESETS if p.startswith("r3gan/")}
"""Smaller than published, where the loop does not depend on it."""
SHAPES = {
    "vanilla": [1, 28, 28],
    "dcgan": [1, 64, 64],
    "dcgan/studiogan": [1, 32, 32],
    "wgan-gp": [1, 32, 32],
    **{name: [1, 32, 32] for name in ("sngan", "sagan", "biggan", "r3gan")},
}
STEPS = 3


def trainer_of(preset, tmp_path, precision):
    name, _, variant = preset.partition("/")
    architecture = {
        "name": name,
        "preset": variant,
        "sample_shape": SHAPES.get(preset, SHAPES[name]),
        "num_classes": CLASSES.get(name, 0),
    }
    if preset in WIDTHS:
        architecture["width"] = WIDTHS[preset]
    if name == "biggan":
        architecture["discriminator_width"] = WIDTHS[preset]
    training = {"precision": precision, "channels_last": False}
    if preset in BATCHES:
        training["batch_size"] = BATCHES[preset]
    config = {"architecture": architecture, "training": training}
    if name == "r3gan":
        # Its probability stays below 1e-8 in so few steps.
        config["augmentation"] = "none"
    trainer = Trainer(config, tmp_path / "run")
    if name == "r3gan":
        awaken(trainer)
    return trainer


def awaken(trainer):
    """Draw the last layers of blocks, which start at zero and would hide all before them."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        for network in trainer.objective.networks.values():
            for name, parameter in network.named_parameters():
                if name.endswith(("narrow.weight", ".bias")):
                    parameter.normal_(0, 0.2)


def given_to(trainer):
    """What the trainer's steps draw, by their place in the run."""
    config, loader = trainer.config, trainer.loader
    seed, batch = config.training.seed, config.training.batch_size
    updates, latent = config.objective.discriminator_steps, config.architecture.latent_dim
    classes, dtype = config.architecture.num_classes, trainer.hardware.dtype

    def drawn(phase):
        if config.architecture.latent == "uniform":
            return phase.uniform("latents", latent) * 2 - 1
        return phase.normal("latents", latent)

    def draws(step, role, index, size):
        return Draws((seed, step, role, index), size, dtype=dtype)

    steps = []
    for step in range(STEPS):
        phases = [draws(step, "discriminator", index, batch) for index in range(updates)]
        own = config.objective.generator_batch or batch
        compares = config.loss.name == "relativistic"
        position = step * (updates * batch + (own if compares else 0))
        batches = [
            {key: values.clone() for key, values in loader.batch(position + i * batch, p).items()}
            for i, p in enumerate(phases)
        ]
        shared = config.objective.first == "generator" and config.objective.fakes == "reused"
        source = [draws(step, "generator", 0, batch)] if shared else phases
        fresh = draws(step, "generator", 0, own)
        beside = loader.batch(position + updates * batch, fresh) if compares else {}
        alphas = [phase.uniform("alpha", 1, 1, 1).flatten() for phase in phases]
        labels = fresh.integers("labels", classes) if classes else None
        steps.append(
            reference.Step(
                reals=[drawn_batch["sample"] for drawn_batch in batches],
                latents=[drawn(phase) for phase in source],
                generator_latents=drawn(fresh),
                alphas=alphas if config.active_penalties else [],
                real_labels=[drawn_batch["label"] for drawn_batch in batches],
                labels=[phase.integers("labels", classes) for phase in source] if classes else [],
                generator_labels=beside["label"].clone() if compares else labels,
                generator_reals=beside["sample"].clone() if compares else None,
            )
        )
    return steps


def copied(network, other):
    """Put one network's weights and buffers into another, by their order."""
    for target, source in zip(other.parameters(), network.parameters(), strict=True):
        target.data = source.detach().clone()
    for target, source in zip(other.buffers(), network.buffers(), strict=True):
        target.data = source.detach().clone()
    return other


def difference_after_three_steps(preset, tmp_path, precision):
    """The largest difference of any weight, and of any buffer."""
    trainer = trainer_of(preset, tmp_path, precision)
    ours = trainer.objective.networks
    others = reference.build(preset, width=WIDTHS.get(preset))
    others = [
        copied(ours[r], o) for r, o in zip(("generator", "discriminator"), others, strict=True)
    ]
    before = [p.detach().clone() for network in others for p in network.parameters()]

    def seed_dropout(step, role, update):
        place = (trainer.config.training.seed, step, role, update, 0, "network")
        torch.manual_seed(seed_for(*place))

    given = given_to(trainer)
    with torch.random.fork_rng():
        reference.train(preset, *others, given, seed_dropout)
        for _ in range(STEPS):
            trainer.train_step()
    pairs = [
        (a, b)
        for network, other in zip(ours.values(), others, strict=True)
        for a, b in zip(network.state_dict().values(), other.state_dict().values(), strict=True)
    ]
    after = [p for network in others for p in network.parameters()]
    moved = max((a - b).abs().max().item() for a, b in zip(after, before, strict=True))
    assert moved > 1e-5, "the reference itself did not train"
    return max((a.double() - b.double()).abs().max().item() for a, b in pairs)


# Residual networks take long in float64; that they compute the same is tested with them.
QUICK = {"sngan/cnn-doubling", "sagan/paper", "biggan/imagenet", "r3gan/small", "r3gan/cifar10"}
LONG = {"wgan-gp/resnet", "dcgan/studiogan"} | {
    p for p in PRESETS if p.partition("/")[0] in reference.FAMILIES
}
LONG -= QUICK


@pytest.mark.parametrize(
    "preset", [pytest.param(p, marks=pytest.mark.sweep if p in LONG else ()) for p in PRESETS]
)
def test_three_steps_equal_the_published_loop(tmp_path, preset):
    # Biases before batch norm have no gradient but rounding, which Adam divides by its eps.
    limit = 1e-8 if preset == "dcgan/studiogan" else 1e-9
    assert difference_after_three_steps(preset, tmp_path, "fp64") < limit


@pytest.mark.parametrize(
    "preset",
    [pytest.param(p, marks=() if p == "dcgan/pytorch" else pytest.mark.sweep) for p in PRESETS],
)
def test_float32_differs_by_rounding_only(tmp_path, preset):
    """Adam divides by the root of the squared gradient, which magnifies rounding near zero."""
    difference = difference_after_three_steps(preset, tmp_path, "fp32")
    print(f"{preset}: largest float32 difference after three steps {difference:.1e}")
    assert difference < 5e-3


def test_goodfellows_rate_falls_at_every_update_and_momentum_rises_over_250_epochs(tmp_path):
    config = trainer_of("vanilla/goodfellow", tmp_path, "fp32").config
    for optimizer in config.optimizers.values():
        for update in (0, 1, 1000, 2_000_000, 2_878_236, 2_878_238, 10**7):
            published = max(0.1 / 1.000004**update, 1e-6)
            rate = value_at(optimizer.lr, update * config.training.batch_size)
            assert rate == pytest.approx(published, rel=1e-9)
        for epoch, momentum in [(0, 0.5), (125, 0.6), (250, 0.7), (900, 0.7)]:
            assert value_at(optimizer.momentum, epoch * 50_000) == pytest.approx(momentum)


@pytest.mark.parametrize("preset", reference_r3gan.PUBLISHED)
def test_everything_of_r3gan_follows_half_a_wave(preset):
    batch, gamma, p, half_life, over = reference_r3gan.PUBLISHED[preset]
    side = int(preset.partition("-")[2] or 32)
    architecture = {"name": "r3gan", "preset": preset, "sample_shape": [3, side, side]}
    config = resolve({"architecture": architecture}).config
    assert config.training.batch_size == batch
    assert config.samples == pytest.approx(over, rel=1e-3)
    adam = config.optimizers["discriminator"]
    assert config.optimizers["generator"] == adam
    courses = [
        (adam.lr, 2e-4, 5e-5),
        (adam.betas[1], 0.9, 0.99),
        (config.penalties["r1"].weight, gamma, gamma / 10),
        (config.penalties["r2"].weight, gamma, gamma / 10),
        (config.ema.half_life, 0.0, half_life),
        (config.augmentation.p, 0.0, p),
    ]
    for course, start, end in courses:
        for samples, value in ((0, start), (over / 2, (start + end) / 2), (over, end), (1e9, end)):
            assert value_at(course, samples) == pytest.approx(value, rel=1e-12)


def test_the_reference_has_the_published_number_of_parameters():
    for (name, preset), counts in PUBLISHED.items():
        networks = reference.build(f"{name}/{preset}", channels=3)
        assert tuple(sum(p.numel() for p in net.parameters()) for net in networks) == counts
