"""Trainings of translators, written down plainly once more: data, dropout, pools and Adam.

Of ganzoo this uses `seed_for` alone, which tells where in a run a random number is drawn.
"""

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo.randomness import seed_for
from tests.networks.plain_translators import Net, State

Place = tuple[int | str, ...]

PREFIXES = ("discriminator", "generator", "a_to_b", "b_to_a")


def uniform(place: Place, *shape: int) -> Tensor:
    """Draw what a place in a run has, in [0, 1)."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed_for(*place)))


def whole(place: Place, high: int, count: int) -> list[int]:
    """Draw whole numbers below `high`."""
    source = torch.Generator().manual_seed(seed_for(*place))
    return torch.randint(high, (count,), generator=source).tolist()


class Images:
    """Images of one group, which are cropped and mirrored together.

    Args:
        group: The group's name.
        fields: Each a uint8 array ``(N, H, W, C)``.
        seed: The run's.
        side: What they are cropped to.
    """

    def __init__(self, group: str, fields: list[np.ndarray], seed: int, side: int) -> None:
        self.group, self.fields, self.seed, self.side = group, fields, seed, side

    def _number(self, position: int) -> int:
        count = len(self.fields[0])
        epoch, offset = divmod(position, count)
        source = torch.Generator()
        source.manual_seed(seed_for(seed_for(self.seed, "order", self.group), "order", epoch))
        return torch.randperm(count, generator=source)[offset].item()

    def batch(self, step: int, player: str, size: int) -> list[Tensor]:
        """Return float64 images ``(size, C, side, side)`` in [-1, 1], for each field."""
        place = (self.seed, step, player, 0)
        corners = uniform((*place, f"crop {self.group}"), size, 2).double().tolist()
        mirrored = uniform((*place, f"flip {self.group}"), size, 1, 1, 1).flatten() < 0.5
        free = self.fields[0].shape[1] - self.side + 1
        batch: list[list[Tensor]] = [[] for _ in self.fields]
        for row, (down, across) in enumerate(corners):
            top, left = int(down * free), int(across * free)
            for field, into in zip(self.fields, batch, strict=True):
                image = field[self._number(step * size + row)]
                image = image[top : top + self.side, left : left + self.side]
                if mirrored[row]:
                    image = image[:, ::-1]
                into.append(torch.tensor(image.transpose(2, 0, 1) / 127.5 - 1))
        return [torch.stack(rows) for rows in batch]


class Dropping(Net):
    """A network in training mode, whose dropout is drawn at a place in a run."""

    def __init__(self, state: State, norm: str, rate: float, place: Place, layers: str) -> None:
        super().__init__(state, norm, training=True)
        self.rate, self.place, self.layers = rate, place, iter(layers)

    def drop(self, maps: Tensor) -> Tensor:
        """Drop at the next layer."""
        chance = uniform((*self.place, f"dropout {next(self.layers)}"), *maps.shape)
        return maps * (chance >= self.rate) / (1 - self.rate)


class Pool:
    """Earlier fakes, in a list."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: list[Tensor] = []
        self.told: list[str] = []

    def shown(self, fakes: Tensor, place: Place) -> Tensor:
        """Show of each fake itself, or an older one that it replaces."""
        swaps = uniform((*place, "pool exchange"), len(fakes))
        slots = whole((*place, "pool slot"), self.size, len(fakes))
        rows = []
        for fake, swap, slot in zip(fakes, swaps, slots, strict=True):
            if len(self.kept) < self.size:
                self.told.append("kept")
                self.kept.append(fake)
            elif swap < 0.5:
                self.told.append("exchanged")
                self.kept[slot], fake = fake, self.kept[slot]
            else:
                self.told.append("passed")
            rows.append(fake)
        return torch.stack(rows)


class Adam:
    """Adam, by the formulas of its paper (Kingma and Ba, 2015, algorithm 1)."""

    def __init__(self, *states: State, betas: tuple[float, float] = (0.5, 0.999)) -> None:
        self.trained = [t for state in states for t in state.values() if t.requires_grad]
        self.first = [torch.zeros_like(t) for t in self.trained]
        self.second = [torch.zeros_like(t) for t in self.trained]
        self.betas, self.updates = betas, 0

    def minimise(self, loss: Tensor, rate: float) -> None:
        """Do one update."""
        gradients = torch.autograd.grad(loss, self.trained)
        self.updates += 1
        one, two = self.betas
        with torch.no_grad():
            for weight, m, v, g in zip(
                self.trained, self.first, self.second, gradients, strict=True
            ):
                m.copy_(one * m + (1 - one) * g)
                v.copy_(two * v + (1 - two) * g * g)
                mean, square = m / (1 - one**self.updates), v / (1 - two**self.updates)
                weight -= rate * mean / (square.sqrt() + 1e-8)


def states_of(trainer) -> dict[str, State]:
    """Copy the networks of a run: what is trained, and the rest."""
    return {
        role: {
            name: tensor.detach().clone().requires_grad_(tensor.requires_grad)
            for name, tensor in network.state_dict(keep_vars=True).items()
        }
        for role, network in trainer.objective.networks.items()
    }


def differences(trainer, states: dict[str, State]) -> Iterator[tuple[str, float]]:
    """Tell how far each weight of a run is from that of a plain writing."""
    for role, state in states.items():
        for name, weight in trainer.objective.networks[role].named_parameters():
            yield f"{role}.{name}", (weight - state[name]).abs().max().item()


def write(folder, images: np.ndarray) -> str:
    """Write images, each into a file of its own, and return the folder."""
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number}.png")
    return str(folder)
