"""Penalties at the samples of an update look at its own critiques, where they can."""

import pytest
import torch

from ganzoo.training.trainer import Trainer

DCGAN = {"name": "dcgan", "width": 4, "sample_shape": [1, 16, 16], "discriminator_norm": "none"}
SMALL = {"training.batch_size": 4, "training.sample_every": 0, "health.every": 0}
SMALL["training.precision"] = "fp32"
BOTH = {"architecture": DCGAN, "loss": "relativistic", "penalties": {"r1": {}, "r2": {}}}
LECAM = {"penalties.r1": None, "penalties.r2": None, "penalties.lecam.start": 0}
"""It looks at logits alone, and so may always share them."""
APPROXIMATE = {"penalties.r1": None, "penalties.r2": None}
APPROXIMATE |= {f"penalties.r{n}-approximate.noise": 0.1 for n in (1, 2)}
"""They compare with the update's own critiques, which takes their precision."""
BF16 = {"training.precision": "bf16"}


def trainer_of(folder, config, *, shared=True, **overrides):
    trainer = Trainer(config, folder, overrides={**SMALL, **overrides})
    if not shared:
        trainer.objective.contest._unshared = "as the test wants it"
    return trainer


def passes_in(trainer, player):
    """Count the passes of the discriminator in each phase of a player."""
    count = 0

    def called(*_):
        nonlocal count
        count += 1

    handle = trainer.objective.networks["discriminator"].register_forward_hook(called)
    for phase in trainer.objective.all_phases(0):
        if phase.player == player:
            trainer.objective.loss(0, phase, 0)
    handle.remove()
    return count


@pytest.mark.parametrize(
    ("changes", "shared", "passes"),
    [
        ({}, True, 2),
        ({}, False, 4),
        ({"penalties.r2": None}, True, 2),
        ({"penalties.r2.every": 2}, True, 2),
        ({"penalties.r1.apart": True, "penalties.r2.apart": True}, True, 4),
        ({"augmentation": "diffaugment"}, True, 2),
        ({"objective.passes": "joint"}, True, 3),
        ({"penalties.gradient-penalty.weight": 1.0}, True, 3),
        (LECAM, True, 2),
        (LECAM, False, 2),
        ({**LECAM, "objective.passes": "joint"}, True, 1),
        ({**LECAM, "training.precision": "bf16"}, True, 2),
        ({**LECAM, "penalties.lecam.apart": True}, True, 4),
        ({"penalties.lecam.start": 0}, False, 4),
        (APPROXIMATE, True, 4),
        (APPROXIMATE, False, 4),
        ({**APPROXIMATE, "objective.passes": "joint"}, True, 5),
        ({**APPROXIMATE, **BF16}, True, 6),
        ({**APPROXIMATE, **BF16, "training.penalty_precision": "bf16"}, True, 4),
    ],
    ids=[
        *["both", "unshared", "one", "lazy", "apart", "augmented", "joint", "between"],
        *["lecam", "lecam unshared", "lecam joint", "lecam in bf16", "lecam apart", "beside it"],
        *["approximate", "approximate unshared", "approximate joint"],
        *["approximate in bf16", "all of it in bf16"],
    ],
)
def test_passes_of_the_discriminator(tmp_path, changes, shared, passes):
    assert (
        passes_in(trainer_of(tmp_path, BOTH, shared=shared, **changes), "discriminator") == passes
    )


@pytest.mark.parametrize("labels", [0, 10], ids=["unconditional", "conditional"])
@pytest.mark.parametrize("loss", ["non-saturating", "hinge", "relativistic"])
def test_a_shared_critique_gives_what_a_pass_of_its_own_gives(tmp_path, loss, labels):
    config = {**BOTH, "loss": loss, "architecture": {**DCGAN, "num_classes": labels}}
    changes = {"training.precision": "fp64", "penalties.r1.every": 2}
    ends = []
    for shared in (True, False):
        trainer = trainer_of(tmp_path / str(shared), config, shared=shared, **changes)
        for _ in range(3):
            trainer.train_step()
        networks = trainer.objective.networks.values()
        ends.append(torch.cat([p.detach().flatten() for n in networks for p in n.parameters()]))
    assert (ends[0] - ends[1]).abs().max() < 1e-9


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, None),
        ({"objective.passes": "joint"}, "penalties.r1 and penalties.r2 need a pass of the discr"),
        ({"objective.passes": "joint", "penalties.r2": None}, "penalties.r1 needs a pass of the"),
        ({"training.compile": True}, "of its own: training.compile is on, and compiled"),
        ({"training.precision": "bf16"}, "the run computes in bf16, and training.penalty_preci"),
        ({"training.precision": "bf16", "training.penalty_precision": "bf16"}, None),
        (
            {"objective.passes": "joint", "penalties.r1.apart": True, "penalties.r2.apart": True},
            None,
        ),
        ({**LECAM, "objective.passes": "joint"}, None),
        ({**APPROXIMATE, "training.compile": True}, None),
        (
            {**APPROXIMATE, **BF16},
            "penalties.r1-approximate and penalties.r2-approximate need a se",
        ),
    ],
)
def test_a_run_says_once_why_a_pass_is_done_twice(tmp_path, changes, note):
    found = [text for text in trainer_of(tmp_path, BOTH, **changes).notes if "pass of" in text]
    assert len(found) == (note is not None)
    assert note is None or note in found[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"augmentation": "diffaugment"},
        {"architecture": {"name": "vanilla", "discriminator_widths": [32]}},
    ],
    ids=["augmentation", "dropout"],
)
@pytest.mark.parametrize("shared", [True, False])
def test_all_but_the_samples_is_the_same_in_both_passes(tmp_path, changes, shared):
    """Else the difference would not shrink with the noise, and the term would grow."""
    terms = []
    for noise in (1e-4, 1e-6):
        sizes = {f"penalties.r{n}-approximate.noise": noise for n in (1, 2)}
        overrides = {**SMALL, **APPROXIMATE, **sizes, "training.precision": "fp64"}
        overrides |= {"training.batch_size": 8, "training.accumulate": 2}
        trainer = Trainer({**BOTH, **changes}, tmp_path / str(noise), overrides=overrides)
        if not shared:
            trainer.objective.contest._unlike = "as the test wants it"
        trainer.train_step()
        figures = trainer.figures()
        terms.append([figures[f"penalty/r{n}-approximate"] for n in (1, 2)])
    assert terms[0] == pytest.approx(terms[1], rel=0.02)
    assert min(terms[0]) > 0
