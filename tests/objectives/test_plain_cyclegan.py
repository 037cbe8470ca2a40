"""Training CycleGAN, held against a plain writing of the same.

Source: Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks,
2017.
"""

from itertools import chain

import numpy as np
import pytest
import torch

from ganzoo.training.trainer import Trainer
from tests.networks.plain_translators import Net, patches, resnet
from tests.objectives.plain import Adam, Dropping, Images, Pool, differences, states_of, write

SEED, BATCH, STEPS, POOL = 3, 2, 3, 3
SIDE, LOADED, BLOCKS, LAYERS = 16, 20, 2, 1
RATE = {"schedule": "linear", "from": 2e-4, "to": 0.0, "over": 8}

CASES = {
    "as published": ({}, {}, 1),
    "dropout, other weights": (
        {"dropout": 0.5},
        {"cycle_weight_a": 3.0, "cycle_weight_b": 7.0, "identity_weight": 0.1},
        1,
    ),
    "no identity, in two parts": ({}, {"identity_weight": 0.0}, 2),
}


def plain(states, options, dropout, a, b, steps):
    """Train for some steps; return the pools."""
    domains = [Images("a", [a], SEED, SIDE), Images("b", [b], SEED, SIDE)]
    makers, critics = ("a_to_b", "b_to_a"), ("discriminator_a", "discriminator_b")
    optimizers = [Adam(*(states[role] for role in roles)) for roles in (makers, critics)]
    pools = {critic: Pool(POOL) for critic in critics}
    weights = options.get("cycle_weight_a", 10.0), options.get("cycle_weight_b", 10.0)

    def made(role, images, *place):
        place = (SEED, *place, role)
        net = Dropping(states[role], "instance", dropout, place, "01" if dropout else "")
        if not dropout:
            net = Net(states[role], "instance", training=True)
        return resnet(net, images, BLOCKS)

    def judged(role, images):
        return patches(Net(states[role], "instance", training=True), images, LAYERS)

    for step in range(steps):
        rate, place = 2e-4 * (1 - step * BATCH / 8), (step, "generator", 0)
        [real_a], [real_b] = (images.batch(step, "generator", BATCH) for images in domains)
        fake_b, fake_a = made("a_to_b", real_a, *place), made("b_to_a", real_b, *place)
        loss = (judged("discriminator_b", fake_b) - 1).square().mean()
        loss = loss + (judged("discriminator_a", fake_a) - 1).square().mean()
        again_a = made("b_to_a", fake_b, *place, "cycle")
        again_b = made("a_to_b", fake_a, *place, "cycle")
        same_a = made("b_to_a", real_a, *place, "same")
        same_b = made("a_to_b", real_b, *place, "same")
        identity = options.get("identity_weight", 0.5)
        for weight, again, same, real in zip(
            weights, (again_a, again_b), (same_a, same_b), (real_a, real_b), strict=True
        ):
            loss = loss + weight * (again - real).abs().mean()
            loss = loss + weight * identity * (same - real).abs().mean()
        optimizers[0].minimise(loss, rate)

        loss = torch.zeros((), dtype=torch.float64)
        for critic, real, fake in zip(critics, (real_a, real_b), (fake_a, fake_b), strict=True):
            place = (SEED, step, "discriminator", 0, critic)
            shown = pools[critic].shown(fake.detach(), place)
            loss = loss + 0.5 * (judged(critic, real) - 1).square().mean()
            loss = loss + 0.5 * judged(critic, shown).square().mean()
        optimizers[1].minimise(loss, rate)
    return pools


@pytest.mark.parametrize("name", CASES)
def test_updates_are_those_of_a_plain_writing(tmp_path, name):
    """Three, with crops, mirrored images, domains of two lengths, pools and a schedule."""
    values, options, parts = CASES[name]
    random = np.random.default_rng(0)
    domains = [
        random.integers(256, size=(count, LOADED, LOADED, 3), dtype=np.uint8) for count in (5, 7)
    ]
    adam = {"name": "adam", "lr": RATE, "betas": (0.5, 0.999)}
    trainer = Trainer(
        {
            "architecture": {
                "name": "cyclegan",
                "sample_shape": (3, SIDE, SIDE),
                "generator_width": 2,
                "discriminator_width": 2,
                "blocks": BLOCKS,
                "discriminator_layers": LAYERS,
                **values,
            },
            "objective": {"pool_size": POOL, **options},
            "data": {
                "source": "domains",
                "a": write(tmp_path / "a", domains[0]),
                "b": write(tmp_path / "b", domains[1]),
                "image_size": SIDE,
                "load_size": LOADED,
            },
            "optimizers": {"generator": adam, "discriminator": adam},
            "training": {
                "steps": STEPS,
                "seed": SEED,
                "batch_size": BATCH,
                "accumulate": parts,
                "precision": "fp64",
                "device": "cpu",
            },
        },
        tmp_path / "run",
    )
    states = states_of(trainer)
    for _ in range(STEPS):
        trainer.train_step()
    pools = plain(states, options, values.get("dropout", 0.0), *domains, STEPS)
    assert max(differences(trainer, states), key=lambda row: row[1])[1] < 1e-9
    told = [*chain.from_iterable(pool.told for pool in pools.values())]
    assert {"kept", "exchanged", "passed"} == set(told)
    for critic, pool in pools.items():
        kept = trainer.objective.state().own[f"{critic}/pool"]
        assert torch.allclose(kept, torch.stack(pool.kept), rtol=0, atol=1e-9)
