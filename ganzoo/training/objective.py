"""The default objective: one generator against one discriminator.

An objective knows the networks of a family, in which phases a step updates them, and the loss of
each phase. The trainer knows nothing of that: it walks through the phases and updates what they
name. Families with other networks or phases bring an objective of their own.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.building import build
from ganzoo.config import RunConfig, value_at
from ganzoo.data.loader import Loader
from ganzoo.losses.base import Critique, Loss, as_critique
from ganzoo.penalties.base import Context, Penalty
from ganzoo.randomness import Draws
from ganzoo.training.augmenting import Augmenting
from ganzoo.training.hardware import Hardware
from ganzoo.training.witness import Witness


@dataclass(frozen=True)
class Phase:
    """One update of one network.

    Attributes:
        role: The network that is updated.
        index: Which of the updates of this network in the step, from 0.
    """

    role: str
    index: int


Scalars = dict[str, Tensor]


class Objective(Protocol):
    """What the trainer needs of a family of networks.

    Attributes:
        networks: The raw networks by role, in a fixed order.
        averaged: The role whose moving average is kept and sampled.
        state: Small tensors that checkpoints keep.
        witness: What has to be shown every judgement of the discriminator, while there is one.
    """

    networks: Mapping[str, nn.Module]
    averaged: str
    witness: Witness | None

    def __init__(self, config: RunConfig, loader: Loader, hardware: Hardware) -> None: ...

    def phases(self) -> Sequence[Phase]:
        """Return the phases of one step, in order."""

    def loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """Return the loss of one part of a phase's batch, and scalars to be logged."""

    def after_update(self, step: int, phase: Phase) -> None:
        """Do what follows an optimizer's step."""

    def latents(self, index: int, purpose: str) -> tuple[Tensor, Tensor | None]:
        """Draw one batch of what the averaged network samples from, as training does."""

    def state(self) -> dict[str, Tensor]:
        """Return small tensors that checkpoints keep, by name."""

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""


@dataclass
class _Fakes:
    samples: Tensor
    latents: Tensor
    labels: Tensor | None


class Adversarial:
    """The game of a generator and a discriminator, with any loss and any penalties."""

    averaged = "generator"

    def __init__(self, config: RunConfig, loader: Loader, hardware: Hardware) -> None:
        self.config, self.loader, self.hardware = config, loader, hardware
        self.networks: dict[str, nn.Module] = {
            role: self._placed(build(role, config.architecture, config.training.seed))
            for role in ("generator", "discriminator")
        }
        self._run: dict[str, Any] = dict(self.networks)
        if config.training.compile:
            self._run = {role: torch.compile(net) for role, net in self.networks.items()}
        self.loss_function: Loss = registry.instantiate("losses", config.loss.name, config.loss)
        self.augment = Augmenting(config, hardware)
        self.penalties: dict[str, Penalty] = {
            name: registry.instantiate("penalties", name, penalty)
            for name, penalty in config.active_penalties.items()
        }
        specs = {name: registry.penalty(name) for name in self.penalties}
        self._terms, self._projections = (
            {
                role: [n for n, s in specs.items() if (s.network, s.kind) == (role, kind)]
                for role in self.networks
            }
            for kind in ("term", "projection")
        )
        training = config.training
        self._batch = training.batch_size
        self._generator_batch = training.generator_batch or training.batch_size
        fresh_reals = self._generator_batch if self.loss_function.needs_real else 0
        self._reals_per_step = training.discriminator_steps * self._batch + fresh_reals
        # The one discriminator phase whose fakes the generator phase shares, if any.
        shared = 0 if training.first == "generator" else training.discriminator_steps - 1
        self._shared = shared if training.fakes == "reused" else None
        self._kept: dict[int, _Fakes] = {}
        self._kept_at = -1
        self.witness: Witness | None = None

    def phases(self) -> Sequence[Phase]:
        """Return the updates of one step: all of the discriminator's, then the generator's."""
        updates = [
            Phase("discriminator", i) for i in range(self.config.training.discriminator_steps)
        ]
        generator = Phase("generator", 0)
        if self.config.training.first == "generator":
            return [generator, *updates]
        return [*updates, generator]

    def loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """Return the loss of one part of a phase's batch, and scalars to be logged."""
        if step != self._kept_at:  # as a phase that was passed over leaves its share
            self._kept.clear()
            self._kept_at = step
        if phase.role == "generator":
            return self._generator_loss(step, phase, part)
        return self._discriminator_loss(step, phase, part)

    def after_update(self, step: int, phase: Phase) -> None:
        """Apply the projections that are due, and let the augmentation follow the discriminator."""
        update = self._update(step, phase)
        for name in self._projections[phase.role]:
            penalty = self.penalties[name]
            if update % penalty.config.every == 0:
                weight = value_at(penalty.config.weight, step * self._batch)
                penalty.project(self.networks[phase.role], weight)
        last = self.config.training.discriminator_steps - 1
        if phase == Phase("discriminator", last):
            self.augment.after_step(step)

    def latents(self, index: int, purpose: str) -> tuple[Tensor, Tensor | None]:
        """Draw a batch of latents, and labels as often as the data has them."""
        place = (self.config.training.seed, purpose, index)
        draws = Draws(place, self._batch, device=self.hardware.device, dtype=self.hardware.dtype)
        labels = self.loader.draw_labels(draws) if self._conditional else None
        return self._draw_latents(draws), labels

    def state(self) -> dict[str, Tensor]:
        """Return the tensors of the penalties and of the augmentation."""
        return self.augment.state() | {
            f"{name}:{key}": tensor
            for name, penalty in self.penalties.items()
            for key, tensor in penalty.state.items()
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over the tensors of the penalties and of the augmentation."""
        self.augment.load_state(tensors)
        for key, tensor in tensors.items():
            name, _, field = key.partition(":")
            if field:
                self.penalties[name].state[field] = tensor.to(self.hardware.device)

    def critic(self, samples: Tensor, labels: Tensor | None) -> Critique:
        """Score samples, augmented ones as a rule, in training precision."""
        with self.hardware.forward():
            output = self._run["discriminator"](samples, labels)
        return as_critique(output, labels)

    def penalty_critic(self, samples: Tensor, labels: Tensor | None) -> Critique:
        """Score samples for a penalty: uncompiled, as it is differentiated twice."""
        network = self.networks["discriminator"]
        if self.config.training.penalty_precision == "bf16":
            with self.hardware.forward():
                return as_critique(network(samples, labels), labels)
        return as_critique(network(samples.to(self.hardware.dtype), labels), labels)

    def _discriminator_loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        draws = self._phase_draws(step, phase, part, self._batch)
        position = step * self._reals_per_step + phase.index * self._batch
        reals = self.loader.batch(position, draws)
        labels = reals["label"] if self._conditional else None
        fakes = self._fakes_to_judge(phase, part, draws, labels)
        samples = fakes.samples.detach()
        real, fake = self._judge(
            self.augment(reals["sample"], draws, "reals"),
            labels,
            self.augment(samples, draws, "fakes"),
            fakes.labels,
        )
        self.augment.judged(real)
        if self.witness is not None:
            self.witness.judged(reals["sample"], reals["label"], samples, real, fake)
        loss = self.loss_function.discriminator(real, fake)
        scalars = {
            "loss/discriminator": loss.detach(),
            "d_real": self.loss_function.verdict(real).detach(),
            "d_fake": self.loss_function.verdict(fake).detach(),
            **self.augment.figures(),
        }
        total = self.config.training.discriminator_loss_scale * loss
        judged = _Fakes(samples, fakes.latents, fakes.labels)
        context = self._context(step, draws, judged, reals["sample"], labels)
        return self._with_penalties(total, phase, context, scalars), scalars

    def _generator_loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        draws = self._phase_draws(step, phase, part, self._generator_batch)
        kept = self._kept.pop(part, None)
        fakes = kept or self._generate(draws, None, differentiable=True)
        if self._shared is not None and kept is None:
            self._kept[part] = fakes
        real, reals, labels = None, None, None
        if self.loss_function.needs_real:
            position = (step + 1) * self._reals_per_step - self._generator_batch
            batch = self.loader.batch(position, draws)
            reals, labels = batch["sample"], batch["label"] if self._conditional else None
            with torch.no_grad():
                real = self.critic(self.augment(reals, draws, "reals"), labels)
        fake = self.critic(self.augment(fakes.samples, draws, "fakes"), fakes.labels)
        loss = self.loss_function.generator(fake, real)
        scalars = {"loss/generator": loss.detach()}
        context = self._context(step, draws, fakes, reals, labels)
        return self._with_penalties(loss, phase, context, scalars), scalars

    def _context(
        self, step: int, draws: Draws, fakes: _Fakes, reals: Tensor | None, labels: Tensor | None
    ) -> Context:
        return Context(
            critic=self.penalty_critic,
            networks=self.networks,
            reals=reals,
            fakes=fakes.samples,
            latents=fakes.latents,
            real_labels=labels,
            fake_labels=fakes.labels,
            random=draws,
            step=step,
        )

    def _with_penalties(
        self, loss: Tensor, phase: Phase, context: Context, scalars: Scalars
    ) -> Tensor:
        update = self._update(context.step, phase)
        for name in self._terms[phase.role]:
            penalty = self.penalties[name]
            if update % penalty.config.every:
                continue
            weight = value_at(penalty.config.weight, context.step * self._batch)
            critic = self.augment.critic(self.penalty_critic, context.random, name)
            term = penalty.term(dataclasses.replace(context, critic=critic))
            scalars[f"penalty/{name}"] = term.detach()
            loss = loss + weight * penalty.config.every * term
        return loss

    def _judge(
        self, reals: Tensor, labels: Tensor | None, fakes: Tensor, fake_labels: Tensor | None
    ) -> tuple[Critique, Critique]:
        if self.config.training.passes == "joint":
            both = None
            if labels is not None and fake_labels is not None:
                both = torch.cat([labels, fake_labels])
            joint = self.critic(torch.cat([reals, fakes.to(reals.dtype)]), both)
            return joint.split(len(reals))
        # In one context, so that autocast converts the weights once for both passes.
        with self.hardware.forward():
            return self.critic(reals, labels), self.critic(fakes, fake_labels)

    def _fakes_to_judge(
        self, phase: Phase, part: int, draws: Draws, real_labels: Tensor | None
    ) -> _Fakes:
        """Take the generator phase's fakes where they are shared, else make some."""
        shared = phase.index == self._shared
        if shared and part in self._kept:
            return self._kept.pop(part)
        fakes = self._generate(draws, real_labels, differentiable=shared)
        if shared:
            self._kept[part] = fakes
        return fakes

    def _generate(
        self, draws: Draws, real_labels: Tensor | None, *, differentiable: bool
    ) -> _Fakes:
        labels = None
        if self._conditional and self.config.training.fake_labels == "drawn":
            labels = draws.integers("labels", self.config.architecture.num_classes)
        elif self._conditional:
            labels = self.loader.draw_labels(draws) if real_labels is None else real_labels
        latents = self._draw_latents(draws)
        with torch.set_grad_enabled(differentiable), self.hardware.forward():
            samples = self._run["generator"](latents, labels)
        return _Fakes(samples, latents, labels)

    def _draw_latents(self, draws: Draws) -> Tensor:
        architecture = self.config.architecture
        return draws.latents("latents", architecture.latent_dim, architecture.latent)

    def _phase_draws(self, step: int, phase: Phase, part: int, size: int) -> Draws:
        hardware, parts = self.hardware, self.config.training.accumulate
        count = size // (hardware.processes.world * parts)
        first = (hardware.processes.rank * parts + part) * count
        return Draws(
            (self.config.training.seed, step, phase.role, phase.index),
            size,
            slice(first, first + count),
            hardware.device,
            hardware.dtype,
        )

    def _update(self, step: int, phase: Phase) -> int:
        """Count this network's updates before this one."""
        per_step = self.config.training.discriminator_steps if phase.role == "discriminator" else 1
        return step * per_step + phase.index

    def _placed(self, network: nn.Module) -> nn.Module:
        device, dtype = self.hardware.device, self.hardware.dtype
        # Module.to would make complex buffers real.
        network._apply(  # type: ignore[no-untyped-call]
            lambda t: t.to(device, dtype if t.is_floating_point() else t.dtype)
        )
        network.train()
        if self.config.training.channels_last:
            network = network.to(memory_format=torch.channels_last)
        return network

    @property
    def _conditional(self) -> bool:
        return self.config.architecture.num_classes > 0
