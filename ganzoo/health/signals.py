"""What is measured of a run to tell its health: functions of tensors that give scalars.

Samples are `(N, length)`, flattened, of training's own range; reals and fakes are equally many
where they are compared, but that equal reals count once. Nothing here waits for the device.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo.evaluation.metrics import SHARE

SIDE = 32
"""Images are compared at most this large: what tells them apart is coarser than their pixels."""

NEAR = 0.1
"""A copy is nearer than this share of the usual distance between nearest reals."""

NEIGHBOURS = 5
"""Of a real sample, that span its neighbourhood."""

_LEAST = 1e-12


def flattened(samples: Tensor) -> Tensor:
    """Bring samples to ``(N, length)`` float32, large images averaged to a small size."""
    if samples.ndim == 4 and max(samples.shape[2:]) > SIDE:
        height, width = (min(side, SIDE) for side in samples.shape[2:])
        samples = F.adaptive_avg_pool2d(samples, (height, width))
    return samples.detach().flatten(1).float()


def compare(reals: Tensor, fakes: Tensor) -> dict[str, Tensor]:
    """Compare how varied reals and fakes are.

    Coverage is Naeem et al.'s (Reliable Fidelity and Diversity Metrics for Generative Models,
    2020), in the space of the samples themselves. A real that equals an earlier one counts nowhere:
    the last reals of a small set hold some images twice, which would be no distance apart.

    Returns:
        ``diversity``: the mean distance of two fakes over that of two reals. ``nearest``: the
        median distance to the nearest neighbour, likewise. ``duplicates``: the share of fakes with
        a near copy among the others. ``coverage``: the share of reals with a fake in their
        neighbourhood.
    """
    # By differences, as only these are exactly 0 between equals.
    among_reals = torch.cdist(reals, reals, compute_mode="donot_use_mm_for_euclid_dist")
    among_fakes = torch.cdist(fakes, fakes)
    again = (among_reals == 0).tril(-1).any(dim=1)
    near_reals = _nearest(among_reals.masked_fill(again, math.inf))
    near_fakes = _nearest(among_fakes)
    usual = near_reals[:, 0].masked_fill(again, math.nan).nanmedian()
    usual = usual.nan_to_num(posinf=0.0).clamp(min=_LEAST)
    once = ~again
    apart = (among_reals * once * once[:, None]).sum() / once.sum().square()
    inside = (torch.cdist(reals, fakes) <= near_reals[:, -1:].nan_to_num(posinf=0.0)).any(dim=1)
    return {
        "diversity": among_fakes.mean() / apart.clamp(min=_LEAST),
        "nearest": near_fakes[:, 0].median() / usual,
        "duplicates": (near_fakes[:, 0] < NEAR * usual).float().mean(),
        "coverage": (inside & once).sum() / once.sum(),
    }


def _nearest(distances: Tensor) -> Tensor:
    """The distances to the nearest others, ``(N, NEIGHBOURS)``, from the square of all."""
    count = min(NEIGHBOURS, len(distances) - 1)
    return distances.topk(count + 1, largest=False).values[:, 1:]


def classes_covered(reals: Tensor, labels: Tensor, fakes: Tensor, classes: int) -> Tensor:
    """Tell the share of classes that fakes cover, each taken for the class of the nearest real."""
    taken = labels[torch.cdist(fakes, reals).argmin(dim=1)]
    shares = F.one_hot(taken, classes).float().mean(dim=0)
    fair = F.one_hot(labels, classes).float().mean(dim=0)
    covered = (shares >= SHARE * fair) & (fair > 0)
    return covered.sum() / (fair > 0).sum()


def separation(real: Tensor, fake: Tensor) -> Tensor:
    """Tell how likely a real sample gets the larger logit: 1/2 from a blind discriminator.

    Being of ranks alone, it means the same under every loss.

    Args:
        real: Logits ``(N,)`` of reals.
        fake: Likewise of fakes.
    """
    apart = real[:, None] - fake
    return (apart > 0).float().mean() + (apart == 0).float().mean() / 2


def overfit(seen: Tensor, held_out: Tensor, fake: Tensor) -> Tensor:
    """Tell how far held-out reals are scored from the seen ones (0) towards fakes (1).

    Karras et al., Training Generative Adversarial Networks with Limited Data, 2020 (their r_v, with
    means over one batch). Where seen reals and fakes are scored alike it is 0.

    Args:
        seen: Logits ``(N,)`` of reals that are trained on.
        held_out: Likewise of reals that are not.
        fake: Likewise of fakes.
    """
    apart = seen.mean() - fake.mean()
    # Against the spread of the logits, so that a blind discriminator's noise tells nothing.
    noise = torch.cat([seen, fake]).std().clamp(min=_LEAST) / 2
    towards = (seen.mean() - held_out.mean()) / torch.maximum(apart, noise)
    return towards.clamp(-1, 2)


def drift(before: Tensor, now: Tensor, reals: Tensor) -> Tensor:
    """Tell how far samples of the same latents have moved, over the distance of two reals."""
    moved: Tensor = torch.linalg.vector_norm(now - before, dim=1).mean()
    return moved.div(torch.cdist(reals, reals).mean().clamp(min=_LEAST))


def straightness(places: list[Tensor]) -> Tensor:
    """Tell how straight the way through three places is.

    Returns:
        The distance of both ends over the length of the way: 1 straight on, 0.7 where each part has
        a direction of its own, 0 to and fro.
    """
    first, middle, last = places
    norm = torch.linalg.vector_norm
    way: Tensor = norm(middle - first) + norm(last - middle)
    apart: Tensor = norm(last - first)
    return apart / way.clamp(min=_LEAST)
