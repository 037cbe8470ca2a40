"""Changes whose probability follows the discriminator's overfitting."""

import math

import torch
from torch import Tensor

from ganzoo.augmentation.base import Augmentation
from ganzoo.augmentation.colors import of_colors
from ganzoo.augmentation.config import AdaConfig
from ganzoo.augmentation.corruptions import BANDS, amplified, blanked, noisy
from ganzoo.augmentation.geometry import Happening, ways_back
from ganzoo.augmentation.warping import at_hand, parts_of, resampled
from ganzoo.config import Schedule, value_at
from ganzoo.randomness import Draws

GROUPS = {
    "blit": ("flip", "quarters", "shift"),
    "geometric": ("scale", "turn before", "stretch", "turn after", "slide"),
    "color": ("brightness", "contrast", "luma", "hue", "saturation"),
    "filtering": BANDS,
    "noise": ("noise",),
    "cutout": ("cutout",),
}
"""The changes of each group, in their order."""

CHANGES = tuple(name for names in GROUPS.values() for name in names)


class Ada(Augmentation):
    """Adaptive discriminator augmentation, with all changes of the authors, in their order.

    Every change happens to an image with probability p, independently of the others. All moves of
    pixels are composed into one, so that images are resampled once, filtered against aliasing, and
    mirrored at their edges. An image that no change happens to is kept to the bit; the authors'
    code filters it all the same, which changes it by its rounding.

    Source: Karras et al., Training Generative Adversarial Networks with Limited Data, 2020; section
    3.1 for p, appendix B for the changes.
    """

    config: AdaConfig

    def __init__(self, config: AdaConfig) -> None:
        super().__init__(config)
        self.every = 0 if config.adapt is None else config.every
        self.state = {"p": torch.tensor(value_at(config.p, 0))}

    def __call__(self, samples: Tensor, draws: Draws) -> Tensor:
        """Change images ``(N, C, H, W)`` in [-1, 1]; what colour does may leave that range."""
        happening = self.happening(draws)
        result = samples.to(draws.dtype)
        if self.config.blit or self.config.geometric:
            result = moved(result, happening, draws)
        if self.config.color:
            result = recolored(result, happening, draws)
        if self.config.filtering:
            result = of_colors(lambda colors: amplified(colors, happening, draws), result)
        if self.config.noise:
            result = of_colors(lambda colors: noisy(colors, happening, draws), result)
        if self.config.cutout:
            result = blanked(result, happening, draws)
        return result.to(samples.dtype)

    def follow(self, samples: int) -> None:
        """Take the scheduled p."""
        if isinstance(self.config.p, Schedule):
            self.state["p"].fill_(self.config.p.at(samples))

    def adapt(self, sign: Tensor, samples: int) -> None:
        """Raise p where the mean sign of the reals is above the target, and lower it below."""
        assert self.config.adapt is not None
        change = (sign - self.config.target).sign() * (samples / self.config.adapt)
        self.state["p"] = (self.state["p"] + change).clamp(0, 1)

    def figures(self) -> dict[str, Tensor]:
        """Return p."""
        return {"p": self.state["p"]}

    def happening(self, draws: Draws) -> Happening:
        """Decide which changes each image undergoes."""
        p = self.state["p"].to(draws.dtype)
        # With this probability each, one of the two turns at least happens with probability p.
        turn = 1 - (1 - p).sqrt()
        likely = dict.fromkeys(GROUPS["color"], p * self.config.color_factor)
        likely |= dict.fromkeys(("turn before", "turn after"), turn)
        probabilities = torch.stack([likely.get(name, p) for name in CHANGES])
        columns = (draws.uniform("chances", len(CHANGES)) < probabilities).unbind(1)
        found = dict(zip(CHANGES, columns, strict=True))
        on = [group for group in GROUPS if getattr(self.config, group)]
        return {name: found[name] for group in on for name in GROUPS[group]}


def moved(samples: Tensor, happening: Happening, draws: Draws) -> Tensor:
    """Mirror, turn, shift, scale and stretch, all by one resampling.

    Images that are not moved are kept to the bit.

    Args:
        samples: ``(N, C, H, W)``.
        happening: Which rows undergo what.
        draws: By how much.
    """
    names = (*GROUPS["blit"], *GROUPS["geometric"])
    moves = [happening[name] for name in names if name in happening]
    moving = torch.stack(moves).any(dim=0)
    height, width = samples.shape[2:]
    back, offset = ways_back(height, width, happening, draws)
    if not at_hand(moving):
        return torch.where(_by_row(moving), resampled(samples, back, offset), samples)
    rows = moving.nonzero()[:, 0]
    if not len(rows):
        return samples
    parts = [rows[part] for part in parts_of(samples, back[rows], offset[rows])]
    results = [resampled(samples.index_select(0, part), back[part], offset[part]) for part in parts]
    return samples.index_copy(0, torch.cat(parts), torch.cat(results))


def recolored(samples: Tensor, happening: Happening, draws: Draws) -> Tensor:
    """Change brightness, contrast, luma, hue and saturation.

    A colour is the sum of its grey (the mean of its channels) and the rest, which is orthogonal to
    all greys. Brightness and the luma flip change the grey alone, saturation scales the rest, and
    hue turns it about the axis of greys; contrast scales both. So an image of one channel has no
    hue or saturation, and its luma flip makes a negative. Hue has a meaning for three channels;
    alpha, the fourth, stays as it is.

    Args:
        samples: ``(N, C, H, W)``.
        happening: Which rows undergo what.
        draws: By how much.
    """
    luma, hue = draws.uniform("colors", 2).unbind(1)
    brightness, contrast, saturation = draws.normal("colors", 3).unbind(1)
    neutral = torch.zeros_like(luma)

    def amount(name: str, value: Tensor) -> Tensor:
        return _by_row(torch.where(happening[name], value, neutral))

    def change(colors: Tensor) -> Tensor:
        grey = colors.mean(dim=1, keepdim=True)
        rest = colors - grey
        if colors.shape[1] == 3:
            angle = math.pi * amount("hue", 2 * hue - 1)
            across = (rest.roll(1, dims=1) - rest.roll(-1, dims=1)) / math.sqrt(3)
            rest = rest * angle.cos() + across * angle.sin()
        rest = rest * torch.exp2(amount("saturation", saturation))
        grey = (grey + 0.2 * amount("brightness", brightness)) * (
            1 - 2 * amount("luma", (2 * luma).floor())
        )
        return (grey + rest) * torch.exp2(0.5 * amount("contrast", contrast))

    result = of_colors(change, samples)
    changed = torch.stack([happening[name] for name in GROUPS["color"]]).any(dim=0)
    return torch.where(_by_row(changed), result, samples)


def _by_row(values: Tensor) -> Tensor:
    """Make ``(N,)`` fit to images."""
    return values[:, None, None, None]
