"""Translation between two sets of images that have no pairs.

Source: Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks,
2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo.config import RunConfig
from ganzoo.data.loader import Loader
from ganzoo.hardware import Hardware
from ganzoo.objectives.base import Kept, Objective
from ganzoo.objectives.evidence import Shown
from ganzoo.objectives.game import Game
from ganzoo.objectives.pool import Pool
from ganzoo.objectives.turns import Phase, Scalars, Turn

PHASES = (Phase("generator"), Phase("discriminator"))


@dataclass
class _Side:
    """One direction: images of `source` become images of `target`."""

    source: str
    target: str
    maker: str
    back: str
    weight: float
    game: Game
    pool: Pool


class Cycle(Objective):
    """Two translators, each of which undoes the other; a critic for each set of images."""

    def __init__(self, config: RunConfig, loader: Loader, hardware: Hardware) -> None:
        super().__init__(config, loader, hardware)
        options: Any = config.objective
        self.options = options
        self._sides = [
            _Side(*names, weight, self.game(f"discriminator_{names[1]}", names[2]), Pool(size))
            for names, weight, size in (
                (("a", "b", "a_to_b", "b_to_a"), options.cycle_weight_a, options.pool_size),
                (("b", "a", "b_to_a", "a_to_b"), options.cycle_weight_b, options.pool_size),
            )
        ]
        self.games = tuple(side.game for side in self._sides)
        # Both phases of a step share one batch, and what was made of it.
        self._made: dict[int, tuple[dict[str, Tensor], dict[str, Tensor]]] = {}
        self._made_at = -1

    def phases(self, step: int) -> Sequence[Phase]:
        """Return the update of both translators, and then that of both critics."""
        return PHASES

    def loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """Return the loss of one part of a phase's batch, and figures for the log."""
        if step != self._made_at:
            self._made.clear()
            self._made_at = step
        turn = self.turn(step, phase, part)
        if phase.name:
            # Made anew, as the networks have moved.
            batch, made = self._batch(step, part, turn)
            if phase.player == "generator":
                return self._penalties(turn, made)
            return self._discriminator_loss(turn, batch, made)
        if phase.player == "generator":
            batch, made = self._made[part] = self._batch(step, part, turn)
            return self._generator_loss(turn, batch, made)
        # The translators do not learn in a warm-up.
        kept = self._made.pop(part, None)
        batch, made = kept or self._batch(step, part, self.turn(step, PHASES[0], part))
        return self._discriminator_loss(turn, batch, made)

    def state(self) -> Kept:
        """Add the pools, which are each process's own."""
        own = {
            f"{side.game.critic}/{name}": tensor
            for side in self._sides
            for name, tensor in side.pool.state().items()
        }
        return Kept(super().state().shared, own)

    def load_state(self, kept: Kept) -> None:
        """Take over what `state` returned."""
        super().load_state(kept)
        for side in self._sides:
            prefix = f"{side.game.critic}/"
            own = {k.removeprefix(prefix): t for k, t in kept.own.items() if k.startswith(prefix)}
            side.pool.load_state(own, self.hardware.device)

    def _generator_loss(
        self, turn: Turn, batch: dict[str, Tensor], made: dict[str, Tensor]
    ) -> tuple[Tensor, Scalars]:
        losses, scalars = [], Scalars()
        identity = self.options.identity_weight
        for side in self._sides:
            reals = Shown(batch[side.target]) if side.game.loss.needs_real else None
            own = _turn_of(side, turn)
            loss, figures = side.game.maker_loss(own, Shown(made[side.maker]), reals)
            with self.forward():
                again = self.call(side.back, made[side.maker], draws=turn.draws.within("cycle"))
            cycle = F.l1_loss(again, batch[side.source].to(again.dtype))
            figures["loss/cycle"] = cycle.detach()
            loss = loss + side.weight * cycle
            if identity:
                with self.forward():
                    same = self.call(side.back, batch[side.source], draws=turn.draws.within("same"))
                distance = F.l1_loss(same, batch[side.source].to(same.dtype))
                figures["loss/identity"] = distance.detach()
                loss = loss + side.weight * identity * distance
            losses.append(loss)
            scalars = _added(scalars, figures)
        return torch.stack(losses).sum(), scalars

    def _discriminator_loss(
        self, turn: Turn, batch: dict[str, Tensor], made: dict[str, Tensor]
    ) -> tuple[Tensor, Scalars]:
        losses, scalars = [], Scalars()
        for side in self._sides:
            own = _turn_of(side, turn)
            fakes = made[side.maker].detach()
            if not turn.phase.name:
                fakes = side.pool.shown(fakes, own.draws)
            scale = self.options.discriminator_loss_scale
            loss, figures = side.game.critic_loss(
                own, Shown(batch[side.target]), Shown(fakes), scale=scale
            )
            losses.append(loss)
            scalars = _added(scalars, figures)
        return torch.stack(losses).sum(), scalars

    def _penalties(self, turn: Turn, made: dict[str, Tensor]) -> tuple[Tensor, Scalars]:
        """Return what the translators' penalties that are apart add up to."""
        losses, scalars = [], Scalars()
        for side in self._sides:
            loss, figures = side.game.maker_loss(_turn_of(side, turn), Shown(made[side.maker]))
            losses.append(loss)
            scalars = _added(scalars, figures)
        return torch.stack(losses).sum(), scalars

    def _batch(
        self, step: int, part: int, turn: Turn
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return images of both sets, and by role what the translators make of them."""
        batch = self.loader.batch(turn.samples, self.turn(step, PHASES[0], part).draws)
        with self.forward():
            made = {
                side.maker: self.call(side.maker, batch[side.source], draws=turn.draws)
                for side in self._sides
            }
        return batch, made


def _turn_of(side: _Side, turn: Turn) -> Turn:
    """Give a critic random numbers of its own, so that both are not augmented alike."""
    return replace(turn, draws=turn.draws.within(side.game.critic))


def _added(scalars: Scalars, others: Scalars) -> Scalars:
    """Add up figures of the same name: those of a player are of all its networks."""
    return scalars | {
        name: scalars[name] + value if name in scalars else value for name, value in others.items()
    }
