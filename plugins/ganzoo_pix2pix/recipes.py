"""What a translator's recipe takes from the data: its epochs, and the size to crop from."""

from ganzoo.spec import Recipe, RecipeFacts

EPOCHS = 100
"""With the first rate, and as many again while it falls to 0."""

RATE = 2e-4
ADAM = {"name": "adam", "lr": RATE, "betas": (0.5, 0.999)}
CROPPED_FROM = 286 / 256
"""The share by which images are larger before they are cropped at random."""


def by_epochs(facts: RecipeFacts) -> Recipe:
    """Train for 100 epochs, and for 100 more with a rate that falls to 0.

    Where the user says how many steps, the rate falls in the second half of them.
    """
    epoch = -(-facts.samples // facts.batch_size)
    steps = facts.steps or 2 * EPOCHS * epoch
    side = max(facts.architecture["sample_shape"][1:])
    falling = {
        "schedule": "linear",
        "from": RATE,
        "to": 0.0,
        "after": float(steps // 2 * facts.batch_size),
        "over": "run",
    }
    epochs = f"{steps / epoch:,.4g} epoch{'' if steps == epoch else 's'}"
    return Recipe(
        optimizers={player: {"lr": falling} for player in ("generator", "discriminator")},
        data={"load_size": round(side * CROPPED_FROM)},
        training={"steps": steps},
        note=f"{steps:,} steps are {epochs} of {facts.samples:,} images; the learning rate falls "
        "to 0 in the second half",
    )
