"""Ways between latents, along which a generator is looked at."""

import torch
from torch import Tensor

PARALLEL = 1e-12
"""Sine of the angle below which two directions are the same, or opposite."""


def way(start: Tensor, end: Tensor, points: int, distribution: str) -> Tensor:
    """Walk from one latent to another in equal steps.

    Args:
        start: ``(D,)``.
        end: ``(D,)``.
        points: Points on the way, both ends included; at least 2.
        distribution: ``normal`` latents are led around the origin (`slerp`), near which training
            never was; ``uniform`` ones go straight, as every point between them is as likely.

    Returns:
        ``(points, D)``; the first is `start` and the last is `end`, to the last bit.
    """
    shares = torch.linspace(0, 1, points, dtype=torch.float64)
    if distribution == "normal":
        between = slerp(start, end, shares)
    else:
        between = torch.lerp(start.double(), end.double(), shares[:, None])
    between = between.to(start.dtype)
    between[0], between[-1] = start, end
    return between


def slerp(start: Tensor, end: Tensor, shares: Tensor) -> Tensor:
    """Interpolate on the great circle between two directions; lengths change evenly.

    Source: Shoemake, Animating Rotation with Quaternion Curves, 1985, for the directions; White,
    Sampling Generative Networks, 2016, for latents. Ends of opposite directions have no one great
    circle, and one of them is taken; the way between numbers, ``D`` of 1, and from the origin is
    straight.

    Args:
        start: ``(D,)``.
        end: ``(D,)``.
        shares: ``(T,)`` in [0, 1], 0 for the start.

    Returns:
        float64 ``(T, D)``.
    """
    start, end, shares = start.double(), end.double(), shares.double()[:, None]
    lengths = torch.stack([start.norm(), end.norm()])
    if len(start) == 1 or not lengths.all():
        return torch.lerp(start, end, shares)
    one, other = start / lengths[0], end / lengths[1]
    cosine = one @ other
    # What of the other direction is at a right angle to the first: together they span the circle,
    # and no division by a small sine is needed.
    across = other - cosine * one
    sine = across.norm()
    if sine < PARALLEL:
        across = torch.zeros_like(one)
        across[one.abs().argmin()] = 1
        across -= (across @ one) * one
    across /= across.norm()
    angles = shares * torch.atan2(sine, cosine)
    directions = torch.cos(angles) * one + torch.sin(angles) * across
    return torch.lerp(lengths[0], lengths[1], shares) * directions
