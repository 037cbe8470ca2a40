"""What an architecture can do, and the words for shapes and couplings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ganzoo.spec.truncation import Truncation

Shape = tuple[int, ...]
"""``(channels, height, width)`` of an image, or ``(length,)`` of a vector."""

Coupling = Literal["none", "groups", "batch"]
"""How a network's output for one sample depends on the rest of its batch."""

Dotted = str
"""``"package.module:Name"``, imported on first use."""


@dataclass(frozen=True)
class Traits:
    """What an architecture can do with one config; answered without torch.

    Attributes:
        sides: Side lengths of the square images that it makes; None for any height and width.
        channels: Numbers of channels that its images may have; None for any.
        images: Whether it makes images ``(C, H, W)``.
        vectors: Whether it makes vectors ``(D,)``.
        labels: Whether its networks take class labels.
        output: ``tanh`` where samples are bounded by [-1, 1] by construction, else ``linear``.
        coupling: How a network's output for one sample depends on the rest of its batch in
            training, by role (batch norm: ``batch``, minibatch standard deviation: ``groups``);
            roles that are left out have none.
        truncation: How its generator makes samples more typical.
        extras: Of a style-based generator, what ``synthesize`` takes beside styles and noise.
        critic_extras: What critics return beside logits, in `Critique.extras`; ``classes`` are the
            logits of an auxiliary classifier ``(N, num_classes)``.
    """

    sides: tuple[int, ...] | None = None
    channels: tuple[int, ...] | None = None
    images: bool = True
    vectors: bool = False
    labels: bool = False
    output: Literal["tanh", "linear"] = "tanh"
    coupling: Mapping[str, Coupling] = field(default_factory=dict)
    truncation: Truncation = field(default_factory=Truncation)
    extras: tuple[str, ...] = ()
    critic_extras: tuple[str, ...] = ()

    def allows(self, shape: Shape) -> bool:
        """Tell whether samples of this shape can be made."""
        if len(shape) == 1:
            return self.vectors
        channels, height, width = shape
        return (
            self.images
            and (self.channels is None or channels in self.channels)
            and (self.sides is None or (height == width and height in self.sides))
        )

    def fit(self, shape: Shape) -> Shape | None:
        """Find the shape nearest to that of the data (28x28 to 32x32), or None for no way."""
        if self.allows(shape):
            return shape
        if len(shape) == 1 or not self.images or self.sides is None:
            return None
        side = min(self.sides, key=lambda s: (abs(s - max(shape[1:])), -s))
        fitted = (shape[0], side, side)
        return fitted if self.allows(fitted) else None

    @property
    def shapes(self) -> str:
        """The allowed shapes in words, for messages and listings."""
        parts = []
        if self.images:
            sides = "any height and width"
            if self.sides is not None:
                sides = "square, of side " + ", ".join(map(str, self.sides))
            channels = "any number" if self.channels is None else _ranges(self.channels)
            parts.append(f"images ({sides}; channels: {channels})")
        if self.vectors:
            parts.append("vectors of any length")
        return " or ".join(parts)


def _ranges(numbers: tuple[int, ...]) -> str:
    low, high = min(numbers), max(numbers)
    if len(numbers) > 2 and numbers == tuple(range(low, high + 1)):
        return f"{low} to {high}"
    return " or ".join(map(str, numbers))
