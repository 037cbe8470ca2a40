"""The game of three networks."""

from collections.abc import Sequence

from torch import Tensor

from ganzoo.config import RunConfig
from ganzoo.losses.base import Critique
from ganzoo.objectives.base import Hardware, Loader, Objective, Phase, Scalars, Shown, Turn

PHASES = (Phase("discriminator"), Phase("generator"))


class Bidirectional(Objective):
    """The generator and the encoder, one player, fool a critic of samples with latents."""

    def __init__(self, config: RunConfig, loader: Loader, hardware: Hardware) -> None:
        super().__init__(config, loader, hardware)
        self.contest = self.game("discriminator", "generator")
        self.games = (self.contest,)

    def phases(self, step: int) -> Sequence[Phase]:
        """Return the critic's update, and then that of its opponents."""
        return PHASES

    def loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """Return the loss of one part of a phase's batch, and figures for the log."""
        turn = self.turn(step, phase, part)
        reals, fakes = self._both(turn)
        if phase.player == "discriminator":
            return self.contest.critic_loss(turn, reals.detached(), fakes)
        loss, scalars = self.contest.maker_loss(turn, fakes)
        if phase.name:  # the term of a penalty, alone
            return loss, scalars
        # The encoder wants what it infers to be taken for a generated pair.
        real = self.contest.score(turn, reals, "reals")
        fooled = Critique(tuple(-logits for logits in real.logits))
        inferred = self.contest.loss.generator(fooled, None)
        scalars["loss/encoder"] = inferred.detach()
        return loss + inferred, scalars

    def _both(self, turn: Turn) -> tuple[Shown, Shown]:
        makes = turn.phase.player == "generator"
        # Both updates of a step see reals of their own.
        position = (2 * turn.step + makes) * self.config.training.batch_size
        samples = self.loader.batch(position, turn.data)["sample"]
        latents = self.latents(turn.draws)
        with self.forward(differentiable=makes):
            inferred = self.call("encoder", samples)
            made = self.call("generator", latents)
        return Shown(samples, condition=inferred), Shown(made, condition=latents, latents=latents)
