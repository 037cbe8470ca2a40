"""The default objective: one generator against one discriminator."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ganzoo.config import RunConfig
from ganzoo.data.loader import Loader
from ganzoo.hardware import Hardware
from ganzoo.objectives.base import Objective
from ganzoo.objectives.evidence import Shown
from ganzoo.objectives.turns import Phase, Scalars, Turn


class Adversarial(Objective):
    """The game of a generator and a discriminator, with any loss and any penalties."""

    def __init__(self, config: RunConfig, loader: Loader, hardware: Hardware) -> None:
        super().__init__(config, loader, hardware)
        options: Any = config.objective
        self.options, self._batch = options, config.training.batch_size
        self._generator_batch: int = options.generator_batch or self._batch
        self.contest = self.game(
            "discriminator",
            "generator",
            reals=options.critic_updates * self._batch,
            joint=options.passes == "joint",
        )
        self.games = (self.contest,)
        fresh_reals = self._generator_batch if self.contest.loss.needs_real else 0
        self._reals_per_step = options.discriminator_steps * self._batch + fresh_reals
        updates = [Phase("discriminator", i) for i in range(options.discriminator_steps)]
        generator = Phase("generator")
        first = options.first == "generator"
        self._phases = [generator, *updates] if first else [*updates, generator]
        # The one discriminator phase whose fakes the generator phase shares, if any.
        shared = 0 if first else options.discriminator_steps - 1
        self._shared = shared if options.fakes == "reused" else None
        self._kept: dict[int, Shown] = {}
        self._kept_at = -1

    def phases(self, step: int) -> Sequence[Phase]:
        """Return the updates of a step: all of the discriminator's, and one of the generator."""
        return self._phases

    def loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """Return the loss of one part of a phase's batch, and figures for the log."""
        if step != self._kept_at:  # as a phase that was passed over leaves its share
            self._kept.clear()
            self._kept_at = step
        if phase.player == "generator" and phase.name:
            return self._generator_term(step, phase, part)
        if phase.player == "generator":
            return self._generator_loss(self.turn(step, phase, part, self._generator_batch), part)
        return self._discriminator_loss(self.turn(step, phase, part), part)

    def _discriminator_loss(self, turn: Turn, part: int) -> tuple[Tensor, Scalars]:
        position = turn.step * self._reals_per_step + turn.phase.index * self._batch
        batch = self.loader.batch(position, turn.data)
        reals = Shown(batch["sample"], batch["label"] if self.conditional else None)
        scale = self.options.discriminator_loss_scale
        fakes = self._fakes_to_judge(turn, part, reals.labels)
        return self.contest.critic_loss(turn, reals, fakes, scale=scale, classes=batch["label"])

    def _generator_loss(self, turn: Turn, part: int) -> tuple[Tensor, Scalars]:
        reals = None
        if self.contest.loss.needs_real:
            position = (turn.step + 1) * self._reals_per_step - self._generator_batch
            batch = self.loader.batch(position, turn.draws)
            reals = Shown(batch["sample"], batch["label"] if self.conditional else None)
        kept = self._kept.pop(part, None)
        real_labels = None if reals is None else reals.labels
        fakes = kept or self._generate(turn, real_labels, differentiable=True)
        if self._shared is not None and kept is None:
            self._kept[part] = fakes
        return self.contest.maker_loss(turn, fakes, reals)

    def _generator_term(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """The term of a penalty on the generator that is apart."""

        def made(part: int) -> tuple[Turn, Shown]:
            turn = self.turn(step, phase, part, self._generator_batch)
            return turn, self._generate(turn, None, differentiable=True)

        parts = range(self.config.training.accumulate)
        return self.contest.maker_loss(
            *made(part), others=lambda: (made(other) for other in parts if other != part)
        )

    def _fakes_to_judge(self, turn: Turn, part: int, real_labels: Tensor | None) -> Shown:
        """Take the generator phase's fakes where they are shared, else make some."""
        shared = turn.phase.index == self._shared and not turn.phase.name
        if shared and part in self._kept:
            return self._kept.pop(part)
        fakes = self._generate(turn, real_labels, differentiable=shared)
        if shared:
            self._kept[part] = fakes
        return fakes

    def _generate(self, turn: Turn, real_labels: Tensor | None, *, differentiable: bool) -> Shown:
        shown = self._latents(turn, real_labels)
        penalty = self.contest.penalties.get(turn.phase.name)
        if penalty is not None and not penalty.needs_fakes:
            return shown
        with self.forward(differentiable=differentiable):
            samples = self.call("generator", shown.latents, shown.labels, draws=turn.draws)
        return dataclasses.replace(shown, samples=samples)

    def _latents(self, turn: Turn, real_labels: Tensor | None) -> Shown:
        """Draw what samples are made from, and make none yet."""
        labels, draws = None, turn.draws
        if self.conditional and self.options.fake_labels == "drawn":
            labels = draws.integers("labels", self.config.architecture.num_classes)
        elif self.conditional:
            labels = self.loader.draw_labels(draws) if real_labels is None else real_labels
        latents = self.latents(draws)
        none = latents.new_empty(0, *self.config.architecture.sample_shape)
        return Shown(none, labels, latents=latents)
