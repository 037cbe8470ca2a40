"""What the widths of a network's layers imply for the config."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ganzoo.errors import WeightsError
from ganzoo_biggan.config import DOWN, UP


def generator_sizes(widths: Sequence[int], rows: int, channels: int) -> dict[str, Any]:
    """Return the values of a generator.

    Args:
        widths: Channels at the start and after each stage.
        rows: Outputs of the first layer.
        channels: Of its images.

    Raises:
        WeightsError: BigGAN here has no networks for this size.
    """
    start, stages = round((rows / widths[0]) ** 0.5), len(widths) - 1
    side = start << stages
    if start != 4 or side not in UP:
        known = ", ".join(map(str, UP))
        raise WeightsError(
            f"its generator makes images of {side}x{side} from {start}x{start} in {stages} stages; "
            f"those of biggan make {known} from 4x4"
        )
    width, multiples = _multiples(widths, UP[side])
    return {
        "sample_shape": (channels, side, side),
        "width": width,
        "generator_widths": multiples,
    }


def critic_sizes(widths: Sequence[int], side: int) -> dict[str, Any]:
    """Return the values of a discriminator of some widths, for images of a side."""
    width, multiples = _multiples(widths, DOWN[side])
    return {"discriminator_width": width, "discriminator_widths": multiples}


def _multiples(widths: Sequence[int], usual: Sequence[int]) -> tuple[int, tuple[int, ...] | None]:
    """Return the width that others are multiples of, and the multiples where they are unusual."""
    if len(widths) == len(usual):
        least, rest = divmod(widths[0], usual[0])
        if not rest and all(n == least * times for n, times in zip(widths, usual, strict=True)):
            return least, None
    least = math.gcd(*widths)
    return least, tuple(n // least for n in widths)
