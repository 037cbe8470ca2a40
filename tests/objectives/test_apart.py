"""Penalties that are updates of their own."""

from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import registry
from ganzoo.config import PenaltyConfig
from ganzoo.errors import ConfigError
from ganzoo.objectives.turns import Phase
from ganzoo.penalties.base import Penalty
from ganzoo.resolve import resolve
from ganzoo.spec import PenaltySpec
from ganzoo.training import checkpoints
from ganzoo.training.trainer import Trainer

DCGAN = {"name": "dcgan", "width": 4, "sample_shape": [1, 16, 16], "discriminator_norm": "none"}
SMALL = {"training.batch_size": 4, "training.sample_every": 0, "health.every": 0}
R1 = {"weight": 3.0, "every": 2, "apart": True}


class Seen(Penalty):
    """Keeps what it is given."""

    contexts: ClassVar[list] = []

    def term(self, context):
        self.contexts.append(context)
        return (context.fakes * 0).sum() + next(
            context.networks[self.config.on].parameters()
        ).square().sum()


SEEN = PenaltySpec("seen", "A test.", PenaltyConfig, Seen)


def trainer_of(folder, penalties, **overrides):
    config = {"architecture": DCGAN, "penalties": penalties}
    return Trainer(config, folder, overrides={**SMALL, **overrides})


MAIN_D, MAIN_G = Phase("discriminator"), Phase("generator")


@pytest.mark.parametrize(
    ("penalties", "changes", "by_step"),
    [
        ({"r1": R1}, {}, [[MAIN_D, Phase("discriminator", 0, "r1"), MAIN_G], [MAIN_D, MAIN_G]]),
        (
            {"r1": R1},
            {"objective.discriminator_steps": 3},
            # Its updates 0 and 2 are in the first step, and 4 in the second.
            [
                [
                    *(Phase("discriminator", i) for i in range(3)),
                    Phase("discriminator", 2, "r1"),
                    MAIN_G,
                ]
            ]
            * 2,
        ),
        (
            {"r1": {**R1, "every": 4}},
            {"objective.discriminator_steps": 2, "objective.first": "generator"},
            [
                [MAIN_G, MAIN_D, Phase("discriminator", 1), Phase("discriminator", 1, "r1")],
                [MAIN_G, MAIN_D, Phase("discriminator", 1)],
            ],
        ),
        (
            {"r1": R1, "length": {**R1, "name": "seen", "on": "generator", "every": 1}},
            {},
            [
                [MAIN_D, Phase("discriminator", 0, "r1"), MAIN_G, Phase("generator", 0, "length")],
                [MAIN_D, MAIN_G, Phase("generator", 0, "length")],
            ],
        ),
    ],
    ids=["lazy", "several updates", "generator first", "both players"],
)
def test_where_its_updates_are(tmp_path, penalties, changes, by_step):
    with registry.registered(SEEN):
        objective = trainer_of(tmp_path, penalties, **changes).objective
    assert [list(objective.all_phases(step)) for step in (0, 1)] == by_step


def test_its_loss_is_the_term_alone(tmp_path):
    precise = {"training.precision": "fp64"}
    apart = trainer_of(tmp_path / "apart", {"r1": R1}, **precise).objective
    inside = trainer_of(tmp_path / "in", {"r1": {**R1, "apart": False}}, **precise).objective
    bare = trainer_of(tmp_path / "none", {}, **precise).objective
    main, own = apart.all_phases(0)[:2]
    term, scalars = apart.loss(0, own, 0)
    assert term.item() == pytest.approx(3.0 * 2 * scalars["penalty/r1"].item(), rel=1e-12)
    assert set(scalars) == {"penalty/r1"}
    loss, without = inside.loss(0, main, 0)[0], bare.loss(0, main, 0)[0]
    # The reals of both are the same, so the term is as well.
    assert (loss - without).item() == pytest.approx(term.item(), rel=1e-9)
    assert apart.loss(0, main, 0)[0].item() == without.item()


@pytest.mark.parametrize("on", ["discriminator", "generator"])
def test_it_sees_the_same_reals_and_fresh_fakes(tmp_path, on):
    Seen.contexts.clear()
    both = {
        name: {"name": "seen", "on": on, "apart": apart}
        for name, apart in (("inside", False), ("outside", True))
    }
    with registry.registered(SEEN):
        objective = trainer_of(tmp_path, both, **{"data.flip": True}).objective
    for phase in objective.all_phases(0):
        if phase.player == on:
            objective.loss(0, phase, 0)
    inside, outside = Seen.contexts
    assert not inside.latents.equal(outside.latents)
    assert not inside.fakes.equal(outside.fakes)
    assert outside.fakes.requires_grad == (on == "generator")
    if on == "discriminator":
        assert inside.reals.equal(outside.reals)
    else:
        assert inside.reals is None is outside.reals


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two folders of images of the same names."""
    folder, source = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for side in ("a", "b"):
        (folder / side).mkdir()
        for number in range(6):
            pixels = source.integers(0, 256, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / side / f"{number}.png")
    return {side: str(folder / side) for side in ("a", "b")}


TRANSLATORS = {
    "generator": "resnet",
    "generator_width": 2,
    "blocks": 1,
    "discriminator": "pixel",
    "discriminator_width": 2,
    "norm": "instance",
}
GAMES = {
    "adversarial": (
        {"architecture": DCGAN, "objective": {"fakes": "reused", "first": "generator"}},
        "generator",
    ),
    "paired": (
        {"architecture": {"name": "pix2pix", **TRANSLATORS}, "data": {"source": "pairs"}},
        "generator",
    ),
    "cycle": (
        {"architecture": {"name": "cyclegan", **TRANSLATORS}, "data": {"source": "domains"}},
        "b_to_a",
    ),
}


def trained(folder, config, **overrides):
    trainer = Trainer(config, folder, overrides={**SMALL, **overrides})
    trainer.fit()
    return weights_of(trainer.run)


def weights_of(run):
    return checkpoints.read_checkpoint(checkpoints.every(run.checkpoints)[-1])[0]


@pytest.mark.parametrize("game", GAMES)
def test_a_resumed_run_is_the_undisturbed_one(tmp_path, images, game):
    config, on = GAMES[game]
    config = {
        **config,
        "penalties": {"r1": R1, "length": {"name": "seen", "on": on, "apart": True, "every": 3}},
        "augmentation": "diffaugment",
        # One that does not end with the run, as the recipes of translators do.
        "optimizers": {player: {"lr": 1e-3} for player in ("generator", "discriminator")},
    }
    if game != "adversarial":
        size = {"image_size": 16, "load_size": 18}
        config["data"] = {**config["data"], **images, **size}
    with registry.registered(SEEN):
        whole = trained(tmp_path / "whole", config, **{"training.steps": 4})
        trained(tmp_path / "again", config, **{"training.steps": 1})
        again = weights_of(ganzoo.resume(tmp_path / "again", overrides={"training.steps": 4}))
    assert whole.keys() == again.keys()
    assert all(tensor.equal(again[name]) for name, tensor in whole.items())


def test_parts_of_a_batch_give_what_the_whole_gives(tmp_path, images):
    config, on = GAMES["paired"]
    config = {
        **config,
        "penalties": {"r1": R1, "length": {"name": "seen", "on": on, "apart": True}},
        "data": {**config["data"], **images, "image_size": 16, "load_size": 18},
    }
    precise = {"training.steps": 2, "training.precision": "fp64"}
    with registry.registered(SEEN):
        whole = trained(tmp_path / "whole", config, **precise)
        parts = trained(tmp_path / "parts", config, **precise, **{"training.accumulate": 2})
    assert max((tensor - parts[name]).abs().max() for name, tensor in whole.items()) < 1e-9


@pytest.mark.parametrize(
    ("penalties", "sentence"),
    [
        (
            {"weight-clipping": {"apart": True}},
            "penalties.weight-clipping.apart: weight-clipping changes weights after each update",
        ),
        (
            {"r1": {"on": "generator"}},
            "penalties.r1.on: r1 is for a critic, and generator has none; choose one of discrim",
        ),
        ({"r1": {"on": "encoder"}}, "penalties.r1.on: there is no player or role 'encoder' in"),
    ],
)
def test_what_has_no_meaning_is_refused(penalties, sentence):
    with pytest.raises(ConfigError) as caught:
        resolve({"architecture": DCGAN, "penalties": penalties})
    assert sentence in str(caught.value)
