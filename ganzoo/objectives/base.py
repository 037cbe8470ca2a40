"""What an objective is: the networks of a run, and what each update of a step minimises.

The trainer knows no network by name. It walks through the phases of a step and updates the player
that each of them names, by the gradients of the loss that the objective returns.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import distribution, registry
from ganzoo.building import build_network
from ganzoo.config import RunConfig, value_at
from ganzoo.data.loader import Loader
from ganzoo.hardware import Hardware
from ganzoo.layers import RunningMean
from ganzoo.objectives.evidence import Shown
from ganzoo.objectives.game import Game
from ganzoo.objectives.turns import Phase, Scalars, Turn
from ganzoo.penalties.base import Penalty
from ganzoo.randomness import Draws, takes_draws
from ganzoo.spec import Architecture, ObjectiveSpec, PenaltySpec

__all__ = [
    "Draws",
    "Game",
    "Hardware",
    "Kept",
    "Loader",
    "Objective",
    "Phase",
    "Scalars",
    "Shown",
    "Turn",
]


@dataclass(frozen=True)
class Kept:
    """Small tensors that checkpoints keep, by name.

    Attributes:
        shared: The same in all processes: of floats the mean over the processes is kept.
        own: A process's own, which are kept for each process.
    """

    shared: dict[str, Tensor] = field(default_factory=dict)
    own: dict[str, Tensor] = field(default_factory=dict)


class Objective(ABC):
    """A step of training; a subclass says which phases it has, and the loss of each.

    Args:
        config: The run's config.
        loader: Supplies the batches.
        hardware: Where the run computes.

    Attributes:
        config: The run's config.
        loader: Supplies the batches.
        hardware: Where the run computes.
        architecture: What the networks are.
        players: The roles that each player updates.
        networks: The raw networks by role. What is not run below is theirs: state and gradients.
        running: The same networks to be called, compiled where the config asks for it.
        games: The contests of its critics; health looks at the first.
    """

    def __init__(self, config: RunConfig, loader: Loader, hardware: Hardware) -> None:
        self.config, self.loader, self.hardware = config, loader, hardware
        self.architecture = registry.get(Architecture, config.architecture.name)
        self.players = registry.get(ObjectiveSpec, config.objective.name).players
        self.networks: dict[str, nn.Module] = {
            role: self._placed(build_network(role, config.architecture, config.training.seed))
            for role in self.architecture.networks
        }
        self.running: dict[str, Any] = dict(self.networks)
        if config.training.compile:
            self.running = {role: torch.compile(net) for role, net in self.networks.items()}
        self._projections: dict[str, Penalty] = {
            label: registry.instantiate("penalties", penalty.name, penalty)
            for label, penalty in config.active_penalties.items()
            if registry.get(PenaltySpec, penalty.name).kind == "projection"
        }
        for penalty in self._projections.values():
            penalty.place(hardware.device)
        self._running_means = [
            module
            for network in self.networks.values()
            for module in network.modules()
            if isinstance(module, RunningMean)
        ]
        self.games: tuple[Game, ...] = ()
        self._takes_draws = {role: takes_draws(net) for role, net in self.networks.items()}

    def game(
        self, critic: str, maker: str, *, reals: int | None = None, joint: bool = False
    ) -> Game:
        """Make the contest of a critic and a maker, with the run's loss, penalties, augmentation.

        Args:
            critic: The role that scores.
            maker: The role that makes what is scored.
            reals: How many reals the critic is shown in a step; one batch where left out.
            joint: Whether reals and fakes are scored as one batch.
        """
        owner = {role: player for player, roles in self.players.items() for role in roles}
        return Game(
            self.config,
            self.hardware,
            networks=self.networks,
            running=self.running,
            critic=critic,
            maker=maker,
            players=(owner[critic], owner[maker]),
            reals=reals or self.config.training.batch_size,
            joint=joint,
        )

    @abstractmethod
    def phases(self, step: int) -> Sequence[Phase]:
        """Return the main phases of a step, in order."""

    def all_phases(self, step: int) -> Sequence[Phase]:
        """Return the phases of a step with those of the penalties that are apart and due."""
        main = self.phases(step)
        labels = {label for game in self.games for label in game.apart}
        if not labels:
            return main
        found: list[Phase] = []
        for number, phase in enumerate(main):
            found.append(phase)
            if all(later.player != phase.player for later in main[number + 1 :]):
                found += [
                    Phase(phase.player, phase.index, label)
                    for label, penalty in self.config.active_penalties.items()
                    if label in labels
                    and penalty.on in (phase.player, *self.players[phase.player])
                    and self._due(step, phase, penalty.every)
                ]
        return found

    def _due(self, step: int, last: Phase, every: int) -> bool:
        """Whether one of a player's updates in a step is an `every`-th."""
        first = self.updates_before(step, Phase(last.player))
        return any(update % every == 0 for update in range(first, first + last.index + 1))

    @abstractmethod
    def loss(self, step: int, phase: Phase, part: int) -> tuple[Tensor, Scalars]:
        """Return the loss of one part of a phase's batch, and figures for the log.

        In a phase with a name a game returns the term of that penalty alone, for the samples that
        it is given then: the same reals as in the main phase, and fakes that are made anew.
        """

    def after_update(self, step: int, phase: Phase) -> None:
        """Apply projections that are due; let penalties and augmentations follow their critics."""
        update = self.updates_before(step, phase)
        for penalty in self._projections.values():
            if update % penalty.config.every == 0:
                weight = value_at(penalty.config.weight, self._seen(step))
                for role in self.players[phase.player]:
                    if penalty.config.on in (phase.player, role):
                        penalty.project(self.networks[role], weight)
        self._move_means()
        for game in self.games:
            game.after_update()
        last = phase == [p for p in self.all_phases(step) if p.player == phase.player][-1]
        for game in self.games:
            if last and game.critic in self.players[phase.player]:
                game.after_step(step)

    def _move_means(self) -> None:
        """Let running means of the networks follow what they were handed in the update."""
        found = [(mean, mean.measured()) for mean in self._running_means]
        measured = [(mean, value) for mean, value in found if value is not None]
        if measured:
            distribution.average(self.hardware.processes, [value for _, value in measured])
        for mean, value in measured:
            mean.move(value)

    def inputs(self, role: str, index: int, purpose: str) -> Mapping[str, Tensor]:
        """Return one batch of what a maker is given, as keywords of its ``forward``.

        Args:
            role: The maker.
            index: Which batch.
            purpose: What it is for, as other numbers are drawn for another.
        """
        place = (self.config.training.seed, purpose, index)
        size = self.config.training.batch_size
        draws = Draws(place, size, device=self.hardware.device, dtype=self.hardware.dtype)
        reads = self.architecture.networks[role].reads
        if self.architecture.networks[role].kind == "translator":
            return {"images": self.loader.batch(index * size, draws)[reads[0]]}
        inputs = {"latents": self.latents(draws)}
        if self.conditional:
            inputs["labels"] = self.loader.draw_labels(draws)
        return inputs

    def state(self) -> Kept:
        """Return what changes in training beside networks, optimizers and averages."""
        kept = {
            f"{label}:{key}": tensor
            for label, penalty in self._projections.items()
            for key, tensor in penalty.state.items()
        }
        for game in self.games:
            kept |= {f"{game.critic}/{name}": tensor for name, tensor in game.state().items()}
        return Kept(shared=kept)

    def load_state(self, kept: Kept) -> None:
        """Take over what `state` returned."""
        for game in self.games:
            prefix = f"{game.critic}/"
            own = {k.removeprefix(prefix): t for k, t in kept.shared.items() if prefix in k}
            game.load_state(own)
        for key, tensor in kept.shared.items():
            label, _, name = key.partition(":")
            if "/" not in key:
                self._projections[label].state[name] = tensor.to(self.hardware.device)

    def call(self, role: str, *inputs: Any, draws: Draws | None = None) -> Any:
        """Call a network, which gets the draws of the batch if it takes them."""
        if draws is not None and self._takes_draws[role]:
            return self.running[role](*inputs, draws=draws.within(role))
        return self.running[role](*inputs)

    def networks_of(self, player: str) -> dict[str, nn.Module]:
        """Return the raw networks that a player updates, by role."""
        return {role: self.networks[role] for role in self.players[player]}

    def makes(self, player: str) -> bool:
        """Whether a player owns a maker."""
        return any(self.architecture.networks[role].maker for role in self.players[player])

    @property
    def conditional(self) -> bool:
        """Whether the networks take class labels."""
        return self.config.architecture.num_classes > 0

    def latents(self, draws: Draws) -> Tensor:
        """Draw a latent for each row."""
        architecture: Any = self.config.architecture
        return draws.latents("latents", architecture.latent_dim, architecture.latent)

    @contextmanager
    def forward(self, *, differentiable: bool = True) -> Iterator[None]:
        """The context of a maker's pass: training's precision, with gradients or without."""
        with torch.set_grad_enabled(differentiable), self.hardware.forward():
            yield

    def turn(self, step: int, phase: Phase, part: int, size: int | None = None) -> Turn:
        """Return one part of a phase's batch.

        Args:
            step: The step.
            phase: The phase.
            part: Which of the `accumulate` parts.
            size: Rows of the global batch; ``training.batch_size`` where left out.
        """
        training, processes = self.config.training, self.hardware.processes
        size = size or training.batch_size
        count = size // (processes.world * training.accumulate)
        first = (processes.rank * training.accumulate + part) * count

        def drawn(phase: Phase) -> Draws:
            place, rows = (training.seed, step, *phase.place), slice(first, first + count)
            return Draws(place, size, rows, self.hardware.device, self.hardware.dtype)

        draws = drawn(phase)
        data = drawn(Phase(phase.player, phase.index)) if phase.name else draws
        return Turn(step, phase, self.updates_before(step, phase), self._seen(step), draws, data)

    def updates_before(self, step: int, phase: Phase) -> int:
        """Count a player's main updates before one of them."""
        per_step = sum(p.player == phase.player for p in self.phases(step))
        return step * per_step + phase.index

    def _seen(self, step: int) -> int:
        return step * self.config.training.batch_size

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
