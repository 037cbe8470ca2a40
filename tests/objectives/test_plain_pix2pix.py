"""Training pix2pix, held against a plain writing of the same.

Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ganzoo.training.trainer import Trainer
from tests.networks.plain_translators import Net, patches, pixels, resnet, unet
from tests.objectives.plain import Adam, Dropping, Images, differences, states_of, write

SEED, BATCH, STEPS, COUNT = 5, 2, 3, 5
RATE = {"schedule": "linear", "from": 2e-4, "to": 0.0, "over": 8}

CASES = {
    "unet": (
        {"generator_width": 2, "discriminator_width": 2, "discriminator_layers": 2, "downs": 6},
        (64, 70),
        {},
        1,
    ),
    "resnet": (
        {
            "generator": "resnet",
            "discriminator": "pixel",
            "norm": "instance",
            "generator_width": 2,
            "discriminator_width": 2,
            "blocks": 2,
        },
        (16, 20),
        {"direction": "b_to_a"},
        2,
    ),
}


def plain(name, states, source, target, steps):
    """Train for some steps."""
    G, D = states["generator"], states["discriminator"]
    norm = "batch" if name == "unet" else "instance"
    images = Images("pair", [source, target], SEED, CASES[name][1][0])
    optimizers = Adam(D), Adam(G)

    def made(step, source):
        place = (SEED, step, "discriminator", 0, "generator")
        if name == "unet":
            return unet(Dropping(G, norm, 0.5, place, "4"), source, 6)
        return resnet(Dropping(G, norm, 0.5, place, "01"), source, 2)

    def judged(source, target):
        both, net = torch.cat([source, target], 1), Net(D, norm, training=True)
        return patches(net, both, 2) if name == "unet" else pixels(net, both)

    def cross_entropy(logits, real):
        target = torch.full_like(logits, float(real))
        return F.binary_cross_entropy_with_logits(logits, target)

    for step in range(steps):
        rate = 2e-4 * (1 - step * BATCH / 8)
        source, target = images.batch(step, "discriminator", BATCH)
        fake = made(step, source)
        real_loss = cross_entropy(judged(source, target), True)
        fake_loss = cross_entropy(judged(source, fake.detach()), False)
        optimizers[0].minimise(0.5 * (real_loss + fake_loss), rate)
        fooled = cross_entropy(judged(source, fake), True)
        optimizers[1].minimise(fooled + 100 * (fake - target).abs().mean(), rate)


@pytest.mark.parametrize("name", CASES)
def test_updates_are_those_of_a_plain_writing(tmp_path, name):
    """Three, over the end of an epoch, with crops, mirrored images, dropout and a schedule.

    The batches of one are in two parts.
    """
    values, (side, loaded), options, parts = CASES[name]
    random = np.random.default_rng(0)
    both = random.integers(256, size=(COUNT, loaded, 2 * loaded, 3), dtype=np.uint8)
    left, right = both[:, :, :loaded], both[:, :, loaded:]
    adam = {"name": "adam", "lr": RATE, "betas": (0.5, 0.999)}
    trainer = Trainer(
        {
            "architecture": {"name": "pix2pix", "sample_shape": (3, side, side), **values},
            "data": {
                "source": "pairs",
                "path": write(tmp_path / "images", both),
                "image_size": side,
                "load_size": loaded,
                **options,
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
    sides = (right, left) if options else (left, right)
    plain(name, states, *sides, STEPS)
    assert max(differences(trainer, states), key=lambda row: row[1])[1] < 1e-9
