"""What the discriminator is shown, and an augmentation that follows it, in real runs."""

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import registry
from ganzoo.augmentation.base import Augmentation
from ganzoo.config import AugmentationConfig
from ganzoo.losses.base import Critique
from ganzoo.losses.config import PlainLossConfig
from ganzoo.losses.functions import Hinge
from ganzoo.penalties.base import Penalty
from ganzoo.penalties.config import PenaltyConfig
from ganzoo.spec import Architecture, AugmentationSpec, LossSpec, PenaltySpec, Traits
from ganzoo.testing import standins
from tests.training.test_trainer import (
    SMALL,
    VANILLA,
    largest_difference,
    trainer_of,
    weights_after,
)

DCGAN = {"name": "dcgan", "width": 8, "sample_shape": [1, 16, 16], "discriminator_norm": "spectral"}


# --- everything that the discriminator sees -----------------------------------------------------


class Moved(Augmentation):
    """Moves all samples far away, and keeps the numbers that it was given."""

    drawn: list

    def __init__(self, config):
        super().__init__(config)
        self.drawn = []

    def __call__(self, samples, draws):
        self.drawn.append(draws.uniform("amount"))
        return samples + 100


class Demanding(standins.StandInDiscriminator):
    """Takes nothing but what was moved, once."""

    def forward(self, samples, labels=None):
        assert samples.min() > 95
        assert samples.max() < 105
        return super().forward(samples - 100, labels)


class AtTwiceAsMany(Penalty):
    """Scores reals and fakes as one batch, then the first three reals."""

    def term(self, context):
        both = torch.cat([context.reals, context.fakes])
        return context.critic(both, None).sum().square() + context.critic(both[:3], None).sum()


STRANGERS = (
    AugmentationSpec("moved", "A test.", AugmentationConfig, Moved),
    Architecture(
        "demanding",
        "A test.",
        standins.StandInConfig,
        standins.StandInGenerator,
        Demanding,
        traits=lambda config: Traits(labels=True),
    ),
    PenaltySpec("twice", "A test.", PenaltyConfig, AtTwiceAsMany),
)

SEEN = {
    # config -> batches that are augmented in a step, in parts of at most a batch
    "plain": ({}, 3),
    "joint": ({"objective": {"passes": "joint"}}, 3),
    "shared fakes": ({"objective": {"fakes": "reused"}}, 3),
    "generator first": ({"objective": {"first": "generator"}}, 3),
    "reals in the generator's phase": ({"loss": "relativistic"}, 4),
    "several updates": ({"objective": {"discriminator_steps": 3}}, 7),
    # r1 and r2 look at the critiques of the update itself.
    "penalties": (
        {"penalties": {"r1": {}, "r2": {}, "dragan": {}, "gradient-penalty": {}}},
        (5, 7),
    ),
    "a penalty of other batches": ({"penalties": {"twice": {}}}, 6),
}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("case", SEEN)
def test_nothing_reaches_the_discriminator_as_it_is(tmp_path, case, precision):
    sections, calls = SEEN[case]
    if isinstance(calls, tuple):
        calls = calls[precision == "bf16"]
    config = {
        "architecture": {"name": "demanding", "sample_shape": [1, 8, 8], "num_classes": 0},
        "augmentation": "moved",
        **sections,
    }
    with registry.registered(*STRANGERS):
        trainer = trainer_of(tmp_path, config, **{"training.precision": precision})
        trainer.train_step()
        first = trainer.objective.contest.augment.augmentation.drawn
        again = trainer_of(tmp_path / "again", config, **{"training.precision": precision})
        again.train_step()
    assert len(first) == calls
    assert len({tuple(numbers.tolist()) for numbers in first}) == calls
    other = again.objective.contest.augment.augmentation.drawn
    assert all(a.equal(b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ["diffaugment", "ada"])
@pytest.mark.parametrize(
    "sections",
    [
        {"training": {"accumulate": 2}, "objective": {"passes": "joint"}},
        {"training": {"accumulate": 2}, "penalties": {"r1": {}, "dragan": {}}},
    ],
    ids=["joint parts", "penalties"],
)
def test_parts_and_joint_passes_see_the_same(tmp_path, name, sections):
    config = {"architecture": VANILLA, "training": {"precision": "fp64"}}
    config["augmentation"] = {"name": name} | ({"p": 0.5, "every": 2} if name == "ada" else {})
    whole = {**config, "penalties": sections.get("penalties", {})}
    parts = {**whole, "training": {**config["training"], **sections["training"]}}
    one, other = (
        weights_after(trainer_of(tmp_path / str(i), c)) for i, c in enumerate((whole, parts))
    )
    assert largest_difference(one, other) < 1e-9


def test_without_probability_a_run_is_the_plain_one(tmp_path):
    config = {"architecture": VANILLA, "penalties": {"r1": {}}}
    still = {"name": "ada", "adapt": None}
    one = weights_after(trainer_of(tmp_path / "1", {**config, "augmentation": "none"}))
    other = weights_after(trainer_of(tmp_path / "2", {**config, "augmentation": still}))
    assert all(one[key].equal(other[key]) for key in one)
    changed = weights_after(trainer_of(tmp_path / "3", {**config, "augmentation": "diffaugment"}))
    assert largest_difference(one, changed) > 0


class Linear(standins.StandInDiscriminator):
    """Has the same gradient everywhere."""

    def forward(self, samples, labels=None):
        return self.hidden(samples.flatten(1)).sum(dim=1)


LINEAR = Architecture(
    "linear", "A test.", standins.StandInConfig, standins.StandInGenerator, Linear
)


def test_r1_differentiates_through_the_augmentation(tmp_path):
    """With all samples doubled, the gradient for those that are not is twice as large."""

    class Doubled(Augmentation):
        def __call__(self, samples, draws):
            return 2 * samples

    terms = []
    for factor, name in ((2, "doubled"), (1, "none")):
        config = {"architecture": "linear", "penalties": {"r1": {}}, "augmentation": name}
        with registry.registered(
            LINEAR, AugmentationSpec("doubled", "A.", AugmentationConfig, Doubled)
        ):
            trainer = trainer_of(tmp_path / name, config)
        _, scalars = trainer.objective.loss(0, trainer.objective.phases(0)[0], 0)
        terms.append(scalars["penalty/r1"].item() / factor**2)
    assert terms[0] == pytest.approx(terms[1], rel=1e-5)


# --- following the discriminator ---------------------------------------------------------------


@pytest.fixture
def handful(tmp_path):
    """Eight images of noise, which a discriminator soon knows by heart."""
    folder = tmp_path / "images"
    folder.mkdir()
    source = np.random.default_rng(0)
    for i in range(8):
        pixels = source.integers(0, 256, (16, 16), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return str(folder)


@pytest.mark.sweep
def test_p_rises_until_the_reals_are_at_the_target(tmp_path, handful):
    config = {
        "architecture": {**DCGAN, "width": 4},
        "data": handful,
        "augmentation": {"name": "ada", "target": 0.7, "adapt": 5_000, "p": 0.3},
        "training": {"precision": "fp32"},
        "logging": {"every": 20},
        "health": {"every": 0},
    }
    run = ganzoo.train(config, SMALL, out=tmp_path / "run", steps=500)
    p, sign = (np.array([row[f"augmentation/{key}"] for row in run.log]) for key in ("p", "sign"))
    assert sign[2:6].mean() > 0.9
    assert p[0] < 0.35 < 0.6 < p.max()
    assert p[-5:].mean() < 0.97
    assert abs(sign[-10:].mean() - 0.7) < 0.25


class Blind(Hinge):
    """A discriminator that is trained to call everything fake."""

    def discriminator(self, real, fake):
        return super().discriminator(Critique(tuple(-x for x in real.logits)), fake)


def test_p_falls_where_reals_are_not_known(tmp_path):
    config = {
        "architecture": DCGAN,
        "loss": "blind",
        "augmentation": {"name": "ada", "p": 0.5, "adapt": 400, "every": 2},
        "logging": {"every": 4},
    }
    with registry.registered(LossSpec("blind", "A test.", PlainLossConfig, Blind)):
        run = ganzoo.train(config, SMALL, out=tmp_path / "run", steps=60)
    p = [row["augmentation/p"] for row in run.log]
    assert p == sorted(p, reverse=True)
    assert p[-1] == 0


@pytest.mark.parametrize(
    ("loss", "threshold"), [("non-saturating", 0.0), ("hinge", 0.0), ("least-squares", 0.5)]
)
def test_the_sign_counts_from_the_threshold_of_the_loss(tmp_path, loss, threshold):
    config = {"architecture": DCGAN, "loss": loss, "augmentation": {"name": "ada", "every": 1}}
    augment = trainer_of(tmp_path, config).objective.contest.augment
    logits = torch.tensor([threshold - 1, threshold + 0.1, threshold + 0.2, threshold + 3])
    augment.judged(Critique((logits,)))
    augment.after_step(0)
    assert augment.figures()["augmentation/sign"].item() == 0.5
    assert augment.figures()["augmentation/p"].item() == 0.0  # 0.5 is below the target
