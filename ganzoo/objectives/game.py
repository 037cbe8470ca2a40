"""The contest of one critic with one maker: all that any objective has of it.

An objective that has a game gets losses, penalties, augmentation, precision and what health looks
at, whatever its networks are.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from ganzoo import distribution, registry
from ganzoo.config import RunConfig, value_at
from ganzoo.hardware import Hardware
from ganzoo.health.witness import Witness
from ganzoo.layers import unmeasured
from ganzoo.losses.base import Critique, Loss, as_critique
from ganzoo.objectives.augmenting import Augmenting
from ganzoo.objectives.evidence import Shown, joined
from ganzoo.objectives.turns import Phase, Scalars, Turn
from ganzoo.penalties.base import Context, Penalty
from ganzoo.randomness import isolated, seed_for
from ganzoo.spec import PenaltySpec


class Game:
    """One critic against one maker, with the run's loss, penalties and augmentation.

    Args:
        config: The run's config.
        hardware: Where the run computes.
        networks: The raw networks by role.
        running: The same networks to be called.
        critic: The role that scores.
        maker: The role that makes what is scored.
        players: Who updates the critic, and who updates the maker.
        reals: How many reals the critic is shown in a step.
        joint: Whether reals and fakes are scored as one batch.

    Attributes:
        loss: What both minimise.
        penalties: The terms of these two networks, by label.
        apart: The labels of those that are updates of their own.
        witness: What has to be shown every judgement, while there is one.
    """

    def __init__(
        self,
        config: RunConfig,
        hardware: Hardware,
        *,
        networks: Mapping[str, nn.Module],
        running: Mapping[str, Any],
        critic: str,
        maker: str,
        players: tuple[str, str],
        reals: int,
        joint: bool = False,
    ) -> None:
        self.config, self.hardware = config, hardware
        self.networks, self.running = networks, running
        self.critic, self.maker, self.players, self.joint = critic, maker, players, joint
        self.loss: Loss = registry.instantiate("losses", config.loss.name, config.loss)
        self.augment = Augmenting(config, hardware, reals)
        terms = {
            label: penalty
            for label, penalty in config.active_penalties.items()
            if registry.get(PenaltySpec, penalty.name).kind == "term"
        }
        self.penalties: dict[str, Penalty] = {
            label: registry.instantiate("penalties", penalty.name, penalty)
            for label, penalty in terms.items()
            if penalty.on in (critic, maker, *players)
        }
        for penalty in self.penalties.values():
            penalty.place(hardware.device)
        self.apart = {label for label, p in self.penalties.items() if p.config.apart}
        self._unshared, self._unlike = self._why_unshared(), self._why_unlike()
        self.witness: Witness | None = None
        self._whole: dict[tuple[int, Phase], Tensor] = {}

    def _why_unshared(self) -> str:
        """Say why penalties cannot look at the critiques of a main update; empty if they can."""
        if self.config.training.compile:
            return "training.compile is on, and compiled networks are differentiated once only"
        return self._why_other_critiques()

    def _why_unlike(self) -> str:
        """Say why penalties cannot compare with critiques of a main update; empty if they can."""
        if self._draws:
            return "its dropout has to be the same in both passes that are compared"
        return self._why_other_critiques()

    def _why_other_critiques(self) -> str:
        """Say why a main update's critiques are not those of a penalty; empty if they are."""
        if self.hardware.precision == "bf16" and self.config.training.penalty_precision != "bf16":
            return "the run computes in bf16, and training.penalty_precision is fp32"
        return "reals and fakes are scored as one batch" if self.joint else ""

    @property
    def notes(self) -> list[str]:
        """What a user should know, as sentences."""
        differentiating, comparing = [], []
        for label, penalty in self.penalties.items():
            if penalty.looks_at and not penalty.config.apart:
                if penalty.compares and self._unlike:
                    comparing.append(f"penalties.{label}")
                elif penalty.differentiates and self._unshared:
                    differentiating.append(f"penalties.{label}")
        return [
            f"{' and '.join(names)} {'needs' if len(names) == 1 else 'need'} {what}: {why}"
            for names, what, why in (
                (differentiating, f"a pass of the {self.critic} of its own", self._unshared),
                (comparing, f"a second pass of the {self.critic}", self._unlike),
            )
            if names
        ]

    def critique(self, shown: Shown) -> Critique:
        """Score samples as they are, in training precision."""
        with self.hardware.forward():
            output = self._called(self.running[self.critic], shown)
        return as_critique(output, shown.labels)

    def judge(self, turn: Turn, reals: Shown, fakes: Shown) -> tuple[Critique, Critique]:
        """Score augmented reals and fakes, apart or as one batch."""
        reals = self._augmented(reals, turn, "reals")
        fakes = self._augmented(fakes, turn, "fakes")
        if self.joint:
            return self.critique(joined(reals, fakes)).split(len(reals.samples))
        # In one context, so that autocast converts the weights once for both passes.
        with self.hardware.forward():
            return self.critique(reals), self.critique(fakes)

    def score(self, turn: Turn, shown: Shown, purpose: str) -> Critique:
        """Score augmented samples.

        Args:
            turn: The part of the update.
            shown: What is scored.
            purpose: Tells the random numbers of the augmentation from those of other samples of
                the update: ``reals``, ``fakes``, or a name of an objective's own.
        """
        return self.critique(self._augmented(shown, turn, purpose))

    def critic_loss(
        self,
        turn: Turn,
        reals: Shown,
        fakes: Shown,
        *,
        scale: float = 1.0,
        classes: Tensor | None = None,
    ) -> tuple[Tensor, Scalars]:
        """Return the critic's loss with all of its penalties, and figures for the log.

        Args:
            turn: The part of the critic's update.
            reals: Real samples.
            fakes: Made ones; nothing is differentiated for what made them.
            scale: Factor on the loss, without penalties.
            classes: The classes of the reals, int64 ``(N,)``, where the critic is not shown them.
        """
        self.augment.follow(turn.samples)
        on, fakes = (self.players[0], self.critic), fakes.detached()
        if turn.phase.name:
            return self._term(turn, on, self._context(turn, self.critic, reals, fakes))
        due = self._due(turn, on)
        differentiated = {
            kind
            for label in due
            for kind in self._shared(self.penalties[label])
            if self.penalties[label].differentiates
        }
        if "reals" in differentiated:
            reals = reals.differentiable()
        if "fakes" in differentiated:
            fakes = fakes.differentiable()
        real, fake = self.judge(turn, reals, fakes)
        self.augment.judged(real)
        if self.witness is not None:
            labels = reals.labels if classes is None else classes
            self.witness.judged(reals.samples, labels, fakes.samples, real, fake)
        loss = self.loss.discriminator(real, fake)
        scalars = {
            f"loss/{self.players[0]}": loss.detach(),
            f"real/{self.critic}": self.loss.verdict(real).detach(),
            f"fake/{self.critic}": self.loss.verdict(fake).detach(),
            **self.augment.figures(),
        }
        context = dataclasses.replace(
            self._context(turn, self.critic, reals, fakes), real=real, fake=fake
        )
        return scale * loss + self._terms(turn, due, context, scalars), scalars

    def maker_loss(
        self,
        turn: Turn,
        fakes: Shown,
        reals: Shown | None = None,
        *,
        others: Callable[[], Iterable[tuple[Turn, Shown]]] = tuple,
    ) -> tuple[Tensor, Scalars]:
        """Return the maker's loss with all of its penalties, and figures for the log.

        Args:
            turn: The part of the maker's update.
            fakes: What it made, differentiable.
            reals: Real samples, which a loss with ``needs_real`` asks for.
            others: Returns the other parts of an update apart, with what was made in them.
        """
        self.augment.follow(turn.samples)
        on = (self.players[1], self.maker)
        if turn.phase.name:
            context = self._context(turn, self.maker, reals, fakes)
            whole = functools.partial(self._over_batch, turn, others)
            return self._term(turn, on, dataclasses.replace(context, over_batch=whole))
        real = None
        if reals is not None:
            with torch.no_grad():
                real = self.score(turn, reals, "reals")
        fake = self.score(turn, fakes, "fakes")
        loss = self.loss.generator(fake, real)
        scalars = {f"loss/{self.players[1]}": loss.detach()}
        context = self._context(turn, self.maker, reals, fakes)
        return loss + self._terms(turn, self._due(turn, on), context, scalars), scalars

    def after_update(self) -> None:
        """Let penalties that keep running means move them, after any update."""
        average = functools.partial(distribution.average, self.hardware.processes)
        for penalty in self.penalties.values():
            penalty.settle(average)

    def after_step(self, step: int) -> None:
        """Let the augmentation follow the critic, after the critic's last update of a step."""
        self.augment.after_step(step)

    def state(self) -> dict[str, Tensor]:
        """Return the tensors of the penalties and of the augmentation, by name."""
        return self.augment.state() | {
            f"{label}:{key}": tensor
            for label, penalty in self.penalties.items()
            for key, tensor in penalty.state.items()
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""
        self.augment.load_state(tensors)
        for key, tensor in tensors.items():
            label, _, name = key.partition(":")
            if name:
                self.penalties[label].state[name] = tensor.to(self.hardware.device)

    def _penalty_precision(self) -> AbstractContextManager[object]:
        if self.config.training.penalty_precision == "bf16":
            return self.hardware.forward()
        return nullcontext()

    def _penalty_critique(
        self, samples: Tensor, labels: Tensor | None, condition: Tensor | None = None
    ) -> Critique:
        """Score samples for a penalty: uncompiled, as it is differentiated twice."""
        return self._exactly(self.networks[self.critic], Shown(samples, labels, condition))

    def _exactly(self, network: Any, shown: Shown) -> Critique:
        """Score samples in the precision of penalties."""
        if self.config.training.penalty_precision != "bf16":
            shown = dataclasses.replace(shown, samples=shown.samples.to(self.hardware.dtype))
        with self._penalty_precision():
            return as_critique(self._called(network, shown), shown.labels)

    def _again(self, turn: Turn, context: Context, kind: str, samples: Tensor) -> Critique:
        """Score samples in place of an update's reals or fakes, with the same random numbers."""
        labels, condition = context.fake_labels, context.fake_condition
        if kind == "reals":
            labels, condition = context.real_labels, context.real_condition
        shown = self._augmented(Shown(samples, labels, condition), turn, kind)
        if not self._draws:
            return self._exactly(self.running[self.critic], shown)
        first, _, _ = turn.draws.rows.indices(turn.draws.size)
        seed = seed_for(*turn.draws.place, f"network at {kind}", first)
        with isolated(self.hardware.device, seed):
            return self._exactly(self.running[self.critic], shown)

    @functools.cached_property
    def _draws(self) -> bool:
        """Whether the critic draws random numbers itself."""
        layers = self.networks[self.critic].modules()
        return any(isinstance(layer, _DropoutNd) and layer.p for layer in layers)

    @staticmethod
    def _called(network: Any, shown: Shown) -> Any:
        if shown.condition is None:
            return network(shown.samples, shown.labels)
        return network(shown.samples, shown.labels, shown.condition)

    def _augmented(self, shown: Shown, turn: Turn, purpose: str) -> Shown:
        samples, condition = self.augment.both(shown.samples, shown.condition, turn.draws, purpose)
        return dataclasses.replace(shown, samples=samples, condition=condition)

    def _due(self, turn: Turn, on: tuple[str, str]) -> list[str]:
        """Return the labels of the penalties that a main update adds to its loss."""
        return [
            label
            for label, penalty in self.penalties.items()
            if label not in self.apart
            and penalty.config.on in on
            and turn.update % penalty.config.every == 0
        ]

    def _shared(self, penalty: Penalty) -> tuple[str, ...]:
        """Return of which samples a penalty looks at the main update's own critiques."""
        alone = self._unlike if penalty.compares else penalty.differentiates and self._unshared
        return () if alone else penalty.looks_at

    def _context(self, turn: Turn, role: str, reals: Shown | None, fakes: Shown) -> Context:
        return Context(
            critic=self._penalty_critique,
            network=self.networks[role],
            networks=self.networks,
            reals=None if reals is None else reals.samples,
            fakes=fakes.samples,
            latents=fakes.latents,
            real_labels=None if reals is None else reals.labels,
            fake_labels=fakes.labels,
            random=turn.draws,
            step=turn.step,
            samples=turn.samples,
            real_condition=None if reals is None else reals.condition,
            fake_condition=fakes.condition,
            precision=self._penalty_precision,
        )

    def _over_batch(
        self,
        turn: Turn,
        others: Callable[[], Iterable[tuple[Turn, Shown]]],
        own: Tensor,
        again: Callable[[Context], Tensor],
    ) -> Tensor:
        """Return the mean of a scalar over the parts of an update, which its first part finds."""
        place = (turn.step, turn.phase)
        if place not in self._whole:
            contexts = (self._context(t, self.maker, None, fakes) for t, fakes in others())
            with unmeasured(self.networks[self.maker]):  # which those parts will do themselves
                values = [own.detach(), *(again(context).detach() for context in contexts)]
            mean = torch.stack(values).mean()
            distribution.average(self.hardware.processes, [mean])
            self._whole = {place: mean}
        return self._whole[place]

    def _terms(
        self, turn: Turn, labels: Iterable[str], context: Context, scalars: Scalars
    ) -> Tensor | float:
        """Add up the terms of some penalties, and put each into the log's figures."""
        total: Tensor | float = 0.0
        for label in labels:
            penalty = self.penalties[label]
            critic = self.augment.critic(self._penalty_critique, turn.draws, label)
            shared = self._shared(penalty)
            own = dataclasses.replace(
                context,
                critic=critic,
                real=context.real if "reals" in shared else None,
                fake=context.fake if "fakes" in shared else None,
                again=functools.partial(self._again, turn, context),
            )
            term = penalty.term(own)
            scalars[f"penalty/{label}"] = term.detach()
            weight = value_at(penalty.config.weight, turn.samples)
            total = total + weight * penalty.config.every * term
        return total

    def _term(self, turn: Turn, on: tuple[str, str], context: Context) -> tuple[Tensor, Scalars]:
        """Return the term of a penalty that is apart; 0 where it is another game's."""
        label, scalars = turn.phase.name, Scalars()
        mine = label in self.apart and self.penalties[label].config.on in on
        total = self._terms(turn, [label] if mine else [], context, scalars)
        return torch.as_tensor(total, device=self.hardware.device), scalars
