"""Translation of images whose targets are known.

Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2017.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from ganzoo.config import RunConfig
from ganzoo.data.loader import Loader
from ganzoo.hardware import Hardware
from ganzoo.objectives.base import Objective
from ganzoo.objectives.evidence import Shown
from ganzoo.objectives.turns import Phase, Scalars, Turn
from ganzoo.randomness import Draws

PHASES = (Phase("discriminator"), Phase("generator"))


class Paired(Objective):
    """A translator makes targets from sources; the critic sees each beside its source."""

    def __init__(self, config: RunConfig, loader: Loader, hardware: Hardware) -> None:
        super().__init__(config, loader, hardware)
        self.options: Any = config.objective
        self.contest = self.game("discriminator", "generator")
        self.games = (self.contest,)
        # Both phases of a step share one batch, and what was made of it.
        self._made: dict[int, tuple[Shown, Shown]] = {}

    def phases(self, step: int) -> Sequence[Phase]:
        """Return the critic's update, and then the translator's."""
        return PHASES

    def loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """Return the loss of one part of a phase's batch, and figures for the log."""
        turn = self.turn(step, phase, part)
        if phase.name:
            # Made anew, as the networks have moved.
            reals, fakes = self._batch(turn, self.turn(step, PHASES[0], part).draws)
        elif phase.player == "discriminator":
            reals, fakes = self._made[part] = self._batch(turn, turn.draws)
        else:
            reals, fakes = self._made.pop(part)
        if phase.player == "discriminator":
            scale = self.options.discriminator_loss_scale
            return self.contest.critic_loss(turn, reals, fakes, scale=scale)
        needed = reals if self.contest.loss.needs_real else None
        loss, scalars = self.contest.maker_loss(turn, fakes, needed)
        if phase.name:
            return loss, scalars
        distance = F.l1_loss(fakes.samples, reals.samples.to(fakes.samples.dtype))
        scalars["loss/l1"] = distance.detach()
        return loss + self.options.l1_weight * distance, scalars

    def _batch(self, turn: Turn, data: Draws) -> tuple[Shown, Shown]:
        """Return targets, and what the translator makes of their sources."""
        batch = self.loader.batch(turn.samples, data)
        source = batch["source"]
        with self.forward():
            made = self.call("generator", source, draws=turn.draws)
        return Shown(batch["target"], condition=source), Shown(made, condition=source)
