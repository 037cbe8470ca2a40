"""How StyleGAN2 is trained: lazy penalties as updates of their own, and what follows from sizes."""

from typing import Any

from ganzoo.spec import Recipe, RecipeFacts

R1_EVERY, PATHS_EVERY = 16, 4


def penalised(rate: float, gamma: float, *, paths: bool = True, **sections: Any) -> Recipe:
    """The game of StyleGAN2: generator first, R1 and path length lazily.

    A penalty that is an update of its own is the (k + 1)-th of every k steps; rates and betas are
    changed so that in k + 1 updates the optimizer moves as it did in k.

    Args:
        rate: The learning rate, before that.
        gamma: The weight of R1.
        paths: Whether path length is penalised.
        **sections: The rest of the recipe.
    """
    penalties: dict[str, Any] = {"r1": {"weight": gamma, "every": R1_EVERY, "apart": True}}
    if paths:
        penalties["path-length"] = {"weight": 2.0, "every": PATHS_EVERY}
    return Recipe(
        loss={"name": "non-saturating"},
        penalties=penalties,
        optimizers={
            "generator": _lazily(rate, PATHS_EVERY if paths else None),
            "discriminator": _lazily(rate, R1_EVERY),
        },
        objective={"first": "generator"},
        **sections,
    )


def _lazily(rate: float, every: int | None) -> dict[str, Any]:
    ratio = 1.0 if every is None else every / (every + 1)
    return {"name": "adam", "lr": rate * ratio, "betas": (0.0, 0.99**ratio), "eps": 1e-8}


def automatic(facts: RecipeFacts) -> Recipe:
    """Batch, gamma, rate and average of ``--cfg=auto`` of the ADA paper's code, for one GPU."""
    side = facts.architecture["sample_shape"][-1]
    batch = facts.batch_size if facts.batch_given else max(min(4096 // side, 32), 1)
    gamma = 2e-4 * side**2 / batch
    return penalised(
        2.5e-3 if side < 1024 else 2e-3,
        gamma,
        ema={"half_life": batch * 10_000 / 32},
        training={"batch_size": batch},
        note=f"R1's gamma is {gamma:.4g}, for images of {side} pixels in batches of {batch}",
    )


def small(facts: RecipeFacts) -> Recipe:
    """R1's gamma by the published rule, for the batch that there is."""
    side = facts.architecture["sample_shape"][-1]
    gamma = 2e-4 * side**2 / facts.batch_size
    return Recipe(
        penalties={"r1": {"weight": gamma}},
        note=f"R1's gamma is {gamma:.4g}, for images of {side} pixels in batches of "
        f"{facts.batch_size}",
    )
