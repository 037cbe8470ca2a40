"""What an augmentation is, and what it is given."""

from abc import ABC, abstractmethod

from torch import Tensor

from ganzoo.config import AugmentationConfig
from ganzoo.randomness import Draws


class Augmentation(ABC):
    """A random change of each sample before the discriminator sees it.

    It has to be differentiable for the samples twice, as the generator and the gradient penalties
    learn through it, and to treat each sample by itself.

    Attributes:
        config: The augmentation's config.
        state: Small floating-point tensors that it keeps from one step to the next; checkpoints
            keep them too. They are made with the object, and moved to the device of the run.
        every: Steps from one call of `adapt` to the next; 0 for none at all.
    """

    every: int = 0

    def __init__(self, config: AugmentationConfig) -> None:
        self.config = config
        self.state: dict[str, Tensor] = {}

    @abstractmethod
    def __call__(self, samples: Tensor, draws: Draws) -> Tensor:
        """Change samples.

        Args:
            samples: ``(N, *sample_shape)``; images are in [-1, 1].
            draws: Everything random, for N rows, so that a run that goes on sees the same numbers.

        Returns:
            A tensor of the same shape and type.
        """

    def follow(self, samples: int) -> None:  # noqa: B027 - few have a need to
        """Take the strength that a schedule says; called before the batches of each update.

        Args:
            samples: Real samples that the run has seen before this step.
        """

    def adapt(self, sign: Tensor, samples: int) -> None:  # noqa: B027 - few have a need to
        """Change the strength, on the device and in all processes alike.

        Args:
            sign: The mean over all logits that augmented reals got since the last time, of 1 where
                one says real and -1 where it says fake; a scalar.
            samples: How many reals these were.
        """

    def figures(self) -> dict[str, Tensor]:
        """Return scalars on the device that are worth a column of the log, by name."""
        return {}


class Identity(Augmentation):
    """No change."""

    def __call__(self, samples: Tensor, draws: Draws) -> Tensor:
        """Return the samples themselves."""
        return samples
