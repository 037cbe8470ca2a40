"""One config of an architecture, and its networks: what its checks look at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.building import build_network
from ganzoo.config import ArchitectureConfig
from ganzoo.losses.base import Critique, as_critique
from ganzoo.randomness import Draws, isolated
from ganzoo.spec import Architecture, Role, Shape, Traits
from ganzoo.testing import shared
from ganzoo.testing.check import Case, NotApplicable
from ganzoo.testing.standins import architecture_run

Inputs = list[Tensor | None]
"""What a network is called with, in the order of its ``forward``."""


@dataclass(frozen=True)
class ArchitectureCase(Case):
    """One config of an architecture, and its networks."""

    spec: Architecture
    config: ArchitectureConfig

    @property
    def traits(self) -> Traits:
        """What the spec says of this config."""
        return self.spec.traits(self.config)

    @property
    def roles(self) -> list[str]:
        """The roles that can be called: all but those that say nothing of what they read."""
        return [name for name, role in self.spec.networks.items() if role.reads]

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the roles of some kinds; NotApplicable where there are none."""
        found = [name for name, role in self.spec.networks.items() if role.kind in kinds]
        if not found:
            raise NotApplicable(f"none of its networks is a {' or '.join(kinds)}")
        return found

    def network(self, role: str, seed: int = 1) -> nn.Module:
        """Build a network, in evaluation mode."""
        return build_network(role, self.config, seed).eval()

    def perturbed(self, role: str, seed: int = 1, factor: float = 1.0) -> nn.Module:
        """Build a network and move all of its parameters at random."""
        return shared.perturb(self.network(role), seed, factor)

    def shape(self, field: str) -> Shape:
        """Return the shape of one row of a field."""
        config: Any = self.config
        if field == "latents":
            return (config.latent_dim,)
        return () if field == "label" else self.spec.shape_of(field, config)

    def inputs(self, role: str, n: int = shared.BATCH, seed: int = 0) -> Inputs:
        """Draw what a network takes: what it reads, and labels where it has classes."""
        draws, config = Draws(("conformance", seed), n), self.config
        labels = torch.arange(n) % config.num_classes if config.num_classes else None

        def given(place: int, field: str) -> Tensor | None:
            if field == "latents":
                latent: Any = config
                return draws.latents("latents", latent.latent_dim, latent.latent)
            if field == "label":
                return labels
            # The first has the plain name, as samples of every kind of network are drawn alike.
            name = "samples" if not place else f"samples {field}"
            return draws.uniform(name, *self.shape(field)) * 2 - 1

        read = [given(*item) for item in enumerate(self._role(role).reads)]
        match self._role(role).kind:
            case "generator":
                return [read[0], labels]
            case "translator":
                return [read[0], None, labels]
            case "critic":
                return [read[0], labels, *read[1:]]
        return read

    def place_of_labels(self, role: str) -> int | None:
        """Return where labels are among the inputs of a network, if it takes any."""
        found = self._role(role)
        if found.kind == "other":
            return found.reads.index("label") if "label" in found.reads else None
        return 2 if found.kind == "translator" else 1

    def outputs(self, role: str, network: nn.Module, inputs: Inputs) -> list[Tensor]:
        """Return every tensor that comes of one pass, which is seeded inside."""
        with isolated(torch.device("cpu"), 0):
            output = network(*inputs)
        match self._role(role).kind:
            case "critic":
                critique = as_critique(output, inputs[1])
                return [*critique.logits, *critique.extras.values()]
            case "other":
                return list(tensors_of(output))
        return [output]

    def run(self) -> dict[str, Any]:
        """Return the config of a small run of this architecture."""
        if not self.spec.objectives:
            raise NotApplicable("it names no objective, so it is for sampling only")
        return architecture_run(self.spec, self.config)

    def _role(self, role: str) -> Role:
        return self.spec.networks[role]


def tensors_of(value: Any) -> Iterator[Tensor]:
    """Find the tensors in what a network returned."""
    if isinstance(value, Critique):
        value = (value.logits, value.extras)
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors_of(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors_of(part)
