"""What stands in for the other plugins while one is checked: small networks and random samples."""

import math
from typing import Annotated, Any

import numpy as np
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from ganzoo.config import DataConfig, LatentConfig
from ganzoo.config.models import AsTuple, Side
from ganzoo.data.base import Dataset, Item
from ganzoo.spec import Architecture, DatasetSpec, Traits

CLASSES = 3
"""Classes of the random samples and of conditional networks, where no others are asked for."""

WIDTH = 16
LATENT = 6


class StandInGenerator(nn.Module):
    """A perceptron with one hidden layer."""

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        self.shape, self.classes = config.sample_shape, config.num_classes
        self.hidden = nn.Linear(config.latent_dim + self.classes, WIDTH)
        self.output = nn.Linear(WIDTH, math.prod(self.shape))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate samples."""
        hidden = F.softplus(self.hidden(_labelled(latents, labels, self.classes)))
        samples: Tensor = self.output(hidden).tanh()
        return samples.reshape(-1, *self.shape)


class StandInDiscriminator(nn.Module):
    """A perceptron with one hidden layer, and second derivatives everywhere."""

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        self.classes = config.num_classes
        self.hidden = nn.Linear(math.prod(config.sample_shape) + self.classes, WIDTH)
        self.output = nn.Linear(WIDTH, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return logits."""
        hidden = F.softplus(self.hidden(_labelled(samples.flatten(1), labels, self.classes)))
        logits: Tensor = self.output(hidden)
        return logits.squeeze(1)


def _labelled(rows: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    if labels is None:
        return rows
    one_hot = F.one_hot(labels, classes).to(rows.dtype)
    return F.pad(rows, (0, classes)) + F.pad(one_hot, (rows.shape[1], 0))


PERCEPTRONS = Architecture(
    name="conformance-perceptrons",
    summary="Small networks that stand in while other plugins are checked.",
    config=LatentConfig,
    generator=StandInGenerator,
    discriminator=StandInDiscriminator,
    traits=lambda config: Traits(vectors=True, labels=True),
)


class SamplesConfig(DataConfig):
    """The shape and the classes of random samples."""

    shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(1, 8, 8), description="The shape of a sample."
    )
    classes: int = Field(default=CLASSES, ge=1, description="The number of classes.")


class Samples(Dataset):
    """A few random samples of any shape, in classes."""

    def __init__(self, config: SamplesConfig) -> None:
        self.shape = config.shape
        self.class_names = tuple(f"class {number}" for number in range(config.classes))
        source = np.random.default_rng(0)
        self._items: list[Any]
        if len(self.shape) == 3:
            size = (32, *self.shape[1:], self.shape[0])
            self._items = list(source.integers(0, 256, size).astype(np.uint8))
        else:
            # What kind of samples it has follows from the config, for this dataset alone.
            self.kind = "vectors"
            self._items = list(source.standard_normal((32, *self.shape)).astype(np.float32))
            self.shift, self.scale = (0.0,) * self.shape[0], (1.0,) * self.shape[0]

    def __len__(self) -> int:
        return len(self._items)

    def read(self, index: int) -> Item:
        """Return one sample."""
        return Item(self._items[index], index % len(self.class_names))

    @property
    def fingerprint(self) -> str:
        """Shape and classes, which determine every sample."""
        return f"conformance-{self.shape}-{len(self.class_names)}"


SAMPLES = DatasetSpec(
    name="conformance-samples",
    summary="Random samples that stand in while other plugins are checked.",
    config=SamplesConfig,
    factory=Samples,
)


def small_run(**sections: Any) -> dict[str, Any]:
    """Return the config of one small training step, with sections of one's own."""
    architecture = {"name": PERCEPTRONS.name, "latent_dim": LATENT, "sample_shape": [1, 8, 8]}
    return {
        "architecture": architecture,
        "data": {"source": SAMPLES.name, "shape": [1, 8, 8]},
        **sections,
    }
