"""How a generator trades variety for typical samples."""

from dataclasses import dataclass
from typing import Literal

TruncationKind = Literal["none", "resampled", "scaled", "variance", "styles"]
"""What a truncation is applied to; see `Truncation`."""


@dataclass(frozen=True)
class Truncation:
    """How a generator trades variety for typical samples, by a number t.

    All kinds but ``styles`` act on standard normal latents: a generator with uniform ones has none.

    Attributes:
        kind: ``resampled``: each number of a latent is drawn within -t and t. ``scaled``: each is
            drawn within -2 and 2, whatever t is, and then multiplied by t. ``variance``: latents
            are multiplied by t (a standard deviation, although it is called a variance).
            ``styles``: styles are moved towards their mean by the network's ``truncate``.
            ``none``: there is no truncation.
        range: The least and the greatest t, both allowed; ``resampled`` needs more than 0.
        default: The t of samples for which none is asked; None leaves them as they are.

    Sources: ``resampled`` and ``scaled`` are of Brock et al., Large Scale GAN Training for High
    Fidelity Natural Image Synthesis, 2019; ``variance`` of their published code; ``styles`` of
    Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks, 2019.
    """

    kind: TruncationKind = "resampled"
    range: tuple[float, float] = (0.0, 1.0)
    default: float | None = None

    def __post_init__(self) -> None:
        low, high = self.range
        if not low < high or (self.kind not in ("none", "styles") and low < 0):
            raise ValueError(
                f"range is {self.range}; it must be (least, greatest), of which only styles may "
                "be below 0"
            )
        if self.default is not None and (self.kind == "none" or not self.allows(self.default)):
            raise ValueError(f"default is {self.default}; it must be {self.allowed}, or None")

    def allows(self, t: float) -> bool:
        """Report whether t is in range; NaN is not."""
        low, high = self.range
        return low <= t <= high and (t > 0 or self.kind != "resampled")

    @property
    def allowed(self) -> str:
        """The range in words, for messages."""
        if self.kind == "none":
            return "left out"
        low, high = self.range
        if self.kind == "resampled" and low == 0:
            return f"above 0 and at most {high:g}"
        return f"between {low:g} and {high:g}"
