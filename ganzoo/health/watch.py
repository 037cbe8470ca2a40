"""Looks at a run's health: what is measured, and when.

A look compares the samples and logits that training itself has made in the last steps before a row
of the log, so that it costs one small pass of the generator and, with held-out reals, three of the
discriminator. Its scalars stay on the device, and are fetched with the row's other figures.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo.config import RunConfig
from ganzoo.data.loader import Loader
from ganzoo.hardware import Hardware
from ganzoo.health import signals
from ganzoo.health.witness import Witness, by_sample
from ganzoo.losses.base import as_critique
from ganzoo.networks.base import evaluating
from ganzoo.randomness import isolated, seed_for

if TYPE_CHECKING:
    from ganzoo.objectives.base import Objective
    from ganzoo.objectives.turns import Scalars

PREFIX = "health/"

FIXED = 64
"""Samples of the same latents whose movement is followed."""

FEWEST = 32
"""Reals, and fakes, that are compared at least."""

COORDINATES = 100_000
"""Parameters of the generator, evenly spread over all, whose way is followed."""


class Watch:
    """Decides when to look, and computes the signals of a look, of `count` reals and fakes."""

    def __init__(
        self,
        config: RunConfig,
        objective: Objective,
        loader: Loader,
        hardware: Hardware,
        classes: int,
    ) -> None:
        self.config, self.objective = config, objective
        self.loader, self.hardware = loader, hardware
        samples = config.health.samples
        # Of a small set a part: as many draws as it has images would hold copies by chance.
        self.count = min(samples, max(FEWEST, len(loader.trained_on) // 4))
        # With fewer reals of each, most classes would be missing by chance.
        self.classes = classes if classes * 16 <= self.count else 0
        seen = config.training.batch_size * config.objective.critic_updates
        self._steps = math.ceil(samples / (seen // hardware.processes.world))
        self.witness: Witness | None = None
        self._before: Tensor | None = None
        self._places: list[Tensor] = []

    def begin(self, step: int) -> Witness | None:
        """Return what the step from here on has to be shown to, if to anything."""
        if not self.objective.games or not self._watched(step):
            return None
        self.witness = self.witness or Witness()
        return self.witness

    def _watched(self, step: int) -> bool:
        """Whether a step is looked at: the first ones of a run, and the last ones before a look.

        It follows from the step alone, so that a run that goes on looks when it would have.
        """
        every, row = self.config.health.every, self.config.logging.every
        if not every:
            return False
        if step < row:
            return step < self._steps  # what the networks begin with
        begun, steps = step // row * row, self.config.training.steps
        end = min(begun + row, steps)
        return (end // every > begun // every or end == steps) and step >= end - self._steps

    @torch.no_grad()
    def look(self) -> Scalars:
        """Compute the signals of what was witnessed since the last look; nothing where none is."""
        witness, self.witness = self.witness, None
        if witness is None:
            return {}
        found: Scalars = {
            f"gradient/{role}": torch.stack(norms).mean() for role, norms in witness.norms.items()
        }
        if witness.reals:
            reals, fakes = torch.cat(witness.reals), torch.cat(witness.fakes)
            count = min(len(reals), len(fakes), self.count)
            reals, fakes = reals[-count:], fakes[-count:]
            found |= signals.compare(reals, fakes)
            if self.classes:
                labels = torch.cat(witness.labels)[-count:]
                found["classes"] = signals.classes_covered(reals, labels, fakes, self.classes)
            real, fake = (torch.cat(logits) for logits in witness.logits.values())
            found["separation"] = signals.separation(real, fake)
            found["margin"] = real.mean() - fake.mean()
            found |= self._of_fixed_latents(reals)
        place = self._place()
        self._places = [*self._places[-2:], place]
        if len(self._places) == 3:
            found["straightness"] = signals.straightness(self._places)
        return {f"{PREFIX}{name}": value for name, value in found.items()}

    def _of_fixed_latents(self, reals: Tensor) -> Scalars:
        """Follow samples of the same latents, and judge held-out reals beside them."""
        found: Scalars = {}
        networks, game = self.objective.networks, self.objective.games[0]
        inputs = self.objective.inputs(game.maker, 0, "health")
        inputs = {name: tensor[:FIXED] for name, tensor in inputs.items()}
        labels, device = inputs.get("labels"), self.hardware.device
        with isolated(device, seed_for("health")), self.hardware.forward():
            with evaluating(networks[game.maker]) as maker:
                samples = maker(**inputs)
            now = signals.flattened(samples)
            if self._before is not None:
                found["drift"] = signals.drift(self._before, now, reals)
            self._before = now
            reads = self.objective.architecture.networks[game.critic].reads
            # What samples are scored beside is not at hand for others than those of training.
            if len(reads) == 1 and len(self.loader.group_of(reads[0]).held_out):
                with evaluating(networks[game.critic]) as critic:
                    found |= self._held_out(critic, reads[0], samples, labels)
        return found

    def _held_out(
        self, critic: nn.Module, field: str, fakes: Tensor, labels: Tensor | None
    ) -> Scalars:
        """Judge held-out reals beside some that are trained on, and fakes."""
        count, group = self.config.health.samples, self.loader.group_of(field)
        verdicts = []
        # Evenly spread over the data, which may be in the order of its classes.
        stride = max(1, len(group.trained_on) // count)
        some = group.trained_on[::stride][:count]
        for rows in (some, group.held_out[:count]):
            reals = self.loader.gather(rows, group.name)
            given = None if labels is None else reals["label"]
            verdicts.append(by_sample(as_critique(critic(reals[field], given), given)))
        verdicts.append(by_sample(as_critique(critic(fakes, labels), labels)))
        seen, held_out, fake = verdicts
        return {
            "overfit": signals.overfit(seen, held_out, fake),
            "recognition": signals.separation(seen, held_out),
        }

    def _place(self) -> Tensor:
        """Where the generator is: some of its parameters, `(COORDINATES,)` at most."""
        parameters = [*self.objective.networks[self.objective.games[0].maker].parameters()]
        stride = math.ceil(sum(p.numel() for p in parameters) / COORDINATES)
        return torch.cat([p.detach().flatten()[::stride].float() for p in parameters])
