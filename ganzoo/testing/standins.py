"""What stands in for the other plugins while one is checked: small networks and random samples."""

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.config import (
    ArchitectureConfig,
    DataConfig,
    LatentConfig,
    PenaltyConfig,
    TranslatorConfig,
)
from ganzoo.config.models import AsTuple, Side
from ganzoo.data.base import Dataset, Item
from ganzoo.data.composite import Composite
from ganzoo.losses.base import Critique
from ganzoo.penalties.base import Context, Penalty
from ganzoo.randomness import Draws
from ganzoo.spec import (
    Architecture,
    DatasetSpec,
    ObjectiveSpec,
    PenaltySpec,
    Role,
    Spec,
    Traits,
    Truncation,
)

CLASSES = 3
"""Classes of the random samples and of conditional networks, where no others are asked for."""

WIDTH = 16
LATENT = 6

FIELDS = "conformance-fields"
"""The name of random samples of several fields."""


class StandInConfig(LatentConfig):
    """What the critic of the perceptrons returns beside logits."""

    extras: Annotated[tuple[str, ...], AsTuple] = Field(
        default=(), description="Names of what the critic returns, as large as its classes."
    )


class StandInGenerator(nn.Module):
    """A perceptron whose hidden layer is its only style."""

    def __init__(self, config: LatentConfig) -> None:
        super().__init__()
        self.shape, self.classes = config.sample_shape, config.num_classes
        self.hidden = nn.Linear(config.latent_dim + self.classes, WIDTH)
        self.output = nn.Linear(WIDTH, math.prod(self.shape))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate samples."""
        return self.synthesize(self.map(latents, labels))

    def map(
        self, latents: Tensor, labels: Tensor | None = None, *, draws: Draws | None = None
    ) -> Tensor:
        """Map latents to styles ``(N, 1, WIDTH)`` and mix none."""
        return F.softplus(self.hidden(_labelled(latents, labels, self.classes)))[:, None]

    def synthesize(self, styles: Tensor, *, noise: Any = "const") -> Tensor:
        """Make samples of styles, without noise."""
        samples: Tensor = self.output(styles[:, 0]).tanh()
        return samples.reshape(-1, *self.shape)

    def noises(self) -> dict[str, Tensor]:
        """Return no noise."""
        return {}


class StandInDiscriminator(nn.Module):
    """A perceptron with one hidden layer, and second derivatives everywhere."""

    def __init__(self, config: StandInConfig) -> None:
        super().__init__()
        self.classes = config.num_classes
        self.extras = nn.ModuleDict(
            {name: nn.Linear(WIDTH, self.classes) for name in config.extras}
        )
        self.hidden = nn.Linear(math.prod(config.sample_shape) + self.classes, WIDTH)
        self.output = nn.Linear(WIDTH, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor | Critique:
        """Return logits, with extras where there are any."""
        hidden = F.softplus(self.hidden(_labelled(samples.flatten(1), labels, self.classes)))
        logits: Tensor = self.output(hidden).squeeze(1)
        if not self.extras:
            return logits
        extras = {name: layer(hidden) for name, layer in self.extras.items()}
        return Critique((logits,), extras=extras)


def _labelled(rows: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    if labels is None:
        return rows
    one_hot = F.one_hot(labels, classes).to(rows.dtype)
    return F.pad(rows, (0, classes)) + F.pad(one_hot, (rows.shape[1], 0))


PERCEPTRONS = Architecture(
    name="conformance-perceptrons",
    summary="Small networks that stand in while other plugins are checked.",
    config=StandInConfig,
    generator=StandInGenerator,
    discriminator=StandInDiscriminator,
    traits=lambda config: Traits(
        vectors=True,
        labels=True,
        truncation=Truncation("styles"),
        critic_extras=config.extras,
    ),
)


class StandInTranslator(nn.Module):
    """Convolutions from the channels of a field to those of another."""

    def __init__(self, config: TranslatorConfig, *, reads: str, makes: str, spec: Any) -> None:
        super().__init__()
        channels = [spec().shape_of(field, config)[0] for field in (reads, makes)]
        self.hidden = nn.Conv2d(channels[0], WIDTH, 3, padding=1)
        self.output = nn.Conv2d(WIDTH, channels[1], 3, padding=1)

    def forward(
        self, images: Tensor, latents: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """Translate images."""
        made: Tensor = self.output(F.softplus(self.hidden(images))).tanh()
        return made


class StandInCritic(nn.Module):
    """Convolutions that score each place of an image, beside a condition if it reads one."""

    def __init__(self, config: TranslatorConfig, *, reads: tuple[str, ...], spec: Any) -> None:
        super().__init__()
        channels = sum(spec().shape_of(field, config)[0] for field in reads)
        self.hidden = nn.Conv2d(channels, WIDTH, 3, padding=1)
        self.output = nn.Conv2d(WIDTH, 1, 3, padding=1)

    def forward(
        self, samples: Tensor, labels: Tensor | None = None, condition: Tensor | None = None
    ) -> Tensor:
        """Return logits ``(N, 1, H, W)``."""
        seen = samples if condition is None else torch.cat([samples, condition], dim=1)
        logits: Tensor = self.output(F.softplus(self.hidden(seen)))
        return logits


def translating(objective: str, roles: Mapping[str, Role]) -> Architecture:
    """Return small networks with the roles of an architecture of translators and critics."""

    def spec() -> Architecture:
        return architecture

    def network(role: Role) -> Any:
        if role.kind == "critic":
            return functools.partial(StandInCritic, reads=role.reads, spec=spec)
        return functools.partial(
            StandInTranslator, reads=role.reads[0], makes=role.makes[0], spec=spec
        )

    networks = {
        name: dataclasses.replace(role, network=network(role)) for name, role in roles.items()
    }
    architecture = Architecture(
        name="conformance-convolutions",
        summary="Small networks that stand in while an objective is checked.",
        config=TranslatorConfig,
        networks=networks,
        objectives=(objective,),
    )
    return architecture


class SamplesConfig(DataConfig):
    """The shape and the classes of random samples."""

    shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(1, 8, 8), description="The shape of a sample."
    )
    classes: int = Field(default=CLASSES, ge=1, description="The number of classes.")


class Samples(Dataset):
    """A few random samples of any shape, in classes."""

    def __init__(self, config: SamplesConfig, seed: int = 0) -> None:
        self.shape, self._seed = config.shape, seed
        self.class_names = tuple(f"class {number}" for number in range(config.classes))
        source = np.random.default_rng(seed)
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
        return f"conformance-{self.shape}-{len(self.class_names)}-{self._seed}"


SAMPLES = DatasetSpec(
    name="conformance-samples",
    summary="Random samples that stand in while other plugins are checked.",
    config=SamplesConfig,
    factory=Samples,
)


class FieldsConfig(DataConfig):
    """The shapes of the fields."""

    # A recipe may set fields of the data that it is meant for.
    model_config = ConfigDict(extra="ignore")

    shapes: dict[str, list[int]] = Field(
        default_factory=dict, description="The shape of each field."
    )


class Fields(Composite):
    """A few random samples of several fields, which belong together."""

    def __init__(self, config: FieldsConfig) -> None:
        parts = {
            name: Samples(SamplesConfig(shape=tuple(shape)), seed)
            for seed, (name, shape) in enumerate(config.shapes.items())
        }
        super().__init__({"all": parts})


def fields_of(names: Iterable[str]) -> DatasetSpec:
    """Describe random samples with these fields."""
    return DatasetSpec(
        name=FIELDS,
        summary="Random samples of several fields that stand in while other plugins are checked.",
        config=FieldsConfig,
        factory=Fields,
        fields=tuple(names),
    )


def data_of(
    fields: Iterable[str], spec: Architecture, config: ArchitectureConfig
) -> dict[str, Any]:
    """Return the section ``data`` of random samples with the fields that an objective reads."""
    names = [name for name in fields if name != "label"]
    if names == ["sample"]:
        shape = list(config.sample_shape)
        classes = config.num_classes or CLASSES
        return {"source": SAMPLES.name, "shape": shape, "classes": classes}
    shapes = {name: list(spec.shape_of(name, config)) for name in names}
    return {"source": FIELDS, "image_size": None, "shapes": shapes}


def architecture_run(spec: Architecture, config: ArchitectureConfig) -> dict[str, Any]:
    """Return the config of one small training step of an architecture."""
    objective = registry.get(ObjectiveSpec, spec.objectives[0])
    data = data_of(objective.fields, spec, config)
    return small_run(architecture=config.model_dump(mode="json"), data=data)


def data_beside(spec: Spec) -> list[Spec]:
    """Return the random data that a plugin is trained on, where it is of several fields."""
    names: tuple[str, ...] = ()
    if isinstance(spec, Architecture) and spec.objectives:
        names = registry.get(ObjectiveSpec, spec.objectives[0]).fields
    elif isinstance(spec, ObjectiveSpec):
        names = spec.fields
    names = tuple(name for name in names if name != "label")
    return [fields_of(names)] if names not in ((), ("sample",)) else []


class Size(Penalty):
    """The mean square of the fakes, whoever it is a penalty on."""

    def term(self, context: Context) -> Tensor:
        """Return it, before its weight."""
        return context.fakes.square().mean()


SIZE = PenaltySpec(
    name="conformance-size",
    summary="A penalty that stands in while an objective is checked.",
    config=PenaltyConfig,
    factory=Size,
)


def small_run(**sections: Any) -> dict[str, Any]:
    """Return the config of one small training step, with sections of one's own."""
    architecture = {"name": PERCEPTRONS.name, "latent_dim": LATENT, "sample_shape": [1, 8, 8]}
    return {
        "architecture": architecture,
        "data": {"source": SAMPLES.name, "shape": [1, 8, 8]},
        **sections,
    }
