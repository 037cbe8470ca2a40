"""A run's augmentation: between all samples and the discriminator, whichever loss or penalty asks.

What is random in it belongs to a position in the run, as everything else that is drawn (see
`ganzoo.randomness`): reals, fakes and each pass of a penalty have numbers of their own.
"""

import itertools
from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo import distribution, registry
from ganzoo.augmentation.base import Augmentation
from ganzoo.config import RunConfig
from ganzoo.hardware import Hardware
from ganzoo.losses.base import Critique
from ganzoo.penalties.base import Critic
from ganzoo.randomness import Draws
from ganzoo.spec import LossSpec

OWN, JUDGED = "augmentation/", "judged/"
"""Before what is kept of the augmentation and of the reals; no plugin has a / in its name."""


class Augmenting:
    """Augments samples, and lets the augmentation follow what is said of the reals.

    Args:
        config: The run's config.
        hardware: Where the run computes.
        reals: How many reals are judged in a step.
    """

    def __init__(self, config: RunConfig, hardware: Hardware, reals: int) -> None:
        self.hardware, self._reals = hardware, reals
        name = config.augmentation.name
        self.augmentation: Augmentation = registry.instantiate(
            "augmentations", name, config.augmentation
        )
        self.threshold = registry.get(LossSpec, config.loss.name).threshold_of(config.loss) or 0.0
        # Sums over all processes as this one guesses them, so that their means over the processes
        # are the sums. They are whole numbers, which float32 adds exactly.
        self._judged = {name: torch.zeros(()) for name in ("signs", "logits", "sign")}
        self.load_state(self.state())

    def __call__(self, samples: Tensor, draws: Draws, purpose: str) -> Tensor:
        """Augment one batch of a phase, of any length; `purpose` tells it from others."""
        parts = [
            self.augmentation(part, draws.within(f"augmented {purpose} {number}", len(part)))
            for number, part in enumerate(torch.split(samples, len(draws)))
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def both(
        self, samples: Tensor, condition: Tensor | None, draws: Draws, purpose: str
    ) -> tuple[Tensor, Tensor | None]:
        """Augment samples, and by the same numbers the images that they stand beside."""
        if condition is not None and condition.dim() == samples.dim() == 4:
            condition = self(condition, draws, purpose)
        return self(samples, draws, purpose), condition

    def critic(self, critic: Critic, draws: Draws, purpose: str) -> Critic:
        """Put the augmentation before a critic; each of its calls gets numbers of its own."""
        calls = itertools.count()

        def augmented(
            samples: Tensor, labels: Tensor | None, condition: Tensor | None = None
        ) -> Critique:
            samples, condition = self.both(samples, condition, draws, f"{purpose} {next(calls)}")
            return critic(samples, labels, condition)

        return augmented

    def follow(self, samples: int) -> None:
        """Tell the augmentation how many reals the run has seen."""
        self.augmentation.follow(samples)

    def judged(self, real: Critique) -> None:
        """Take in what was said of augmented reals."""
        if not self.augmentation.every:
            return
        world = self.hardware.processes.world
        for logits in real.logits:
            signs = (logits.detach() - self.threshold).sign().sum().float()
            self._judged["signs"] = self._judged["signs"] + world * signs
            self._judged["logits"] = self._judged["logits"] + world * logits.numel()

    def after_step(self, step: int) -> None:
        """Let the augmentation adapt where it is time, after a step's last batch of reals."""
        every = self.augmentation.every
        if not every or (step + 1) % every:
            return
        distribution.average(self.hardware.processes, self._judged.values())
        sign = self._judged["signs"] / self._judged["logits"]
        self.augmentation.adapt(sign, every * self._reals)
        none = torch.zeros_like(sign)
        self._judged = {"signs": none, "logits": none.clone(), "sign": sign}

    def figures(self) -> dict[str, Tensor]:
        """Return what the log is told: the augmentation's figures, and the last mean sign."""
        figures = self.augmentation.figures()
        if self.augmentation.every:
            figures = {**figures, "sign": self._judged["sign"]}
        return {f"{OWN}{name}": value for name, value in figures.items()}

    def state(self) -> dict[str, Tensor]:
        """Return the tensors that checkpoints keep."""
        kept = {f"{OWN}{name}": value for name, value in self.augmentation.state.items()}
        if self.augmentation.every:
            kept |= {f"{JUDGED}{name}": value for name, value in self._judged.items()}
        return kept

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over those of what `state` returned, and pass over all others."""
        for key, tensor in tensors.items():
            for prefix, place in ((OWN, self.augmentation.state), (JUDGED, self._judged)):
                if key.startswith(prefix):
                    place[key.removeprefix(prefix)] = tensor.to(self.hardware.device)
