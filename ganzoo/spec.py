"""Descriptions of plugins, free of torch: what the registry lists and a config is checked against.

An entry point names one of these objects. Everything that needs torch stands in it as a dotted
string (``"package.module:Name"``), which is imported only when something is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganzoo.about import PLUGIN_API

if TYPE_CHECKING:
    from ganzoo.config import (
        ArchitectureConfig,
        AugmentationConfig,
        DataConfig,
        ExtractorConfig,
        LossConfig,
        PenaltyConfig,
    )

Shape = tuple[int, ...]
"""``(channels, height, width)`` of an image, or ``(length,)`` of a vector."""

Coupling = Literal["none", "groups", "batch"]
"""How a network's output for one sample depends on the rest of its batch."""

Dotted = str
"""``"package.module:Name"``, imported on first use."""


@dataclass(frozen=True)
class Traits:
    """What an architecture can do with one config; answered without torch.

    Attributes:
        sides: Side lengths of the square images that it makes; None for any height and width.
        channels: Numbers of channels that its images may have; None for any.
        images: Whether it makes images ``(C, H, W)``.
        vectors: Whether it makes vectors ``(D,)``.
        labels: Whether its networks take class labels.
        output: ``tanh`` where samples are bounded by [-1, 1] by construction, else ``linear``.
        generator_coupling: How samples of one generator batch depend on each other in training.
        discriminator_coupling: The same for the discriminator's logits (batch norm: ``batch``,
            minibatch standard deviation: ``groups``).
    """

    sides: tuple[int, ...] | None = None
    channels: tuple[int, ...] | None = None
    images: bool = True
    vectors: bool = False
    labels: bool = False
    output: Literal["tanh", "linear"] = "tanh"
    generator_coupling: Coupling = "none"
    discriminator_coupling: Coupling = "none"

    def allows(self, shape: Shape) -> bool:
        """Tell whether samples of this shape can be made."""
        if len(shape) == 1:
            return self.vectors
        channels, height, width = shape
        return (
            self.images
            and (self.channels is None or channels in self.channels)
            and (self.sides is None or (height == width and height in self.sides))
        )

    def fit(self, shape: Shape) -> Shape | None:
        """Find the shape nearest to that of the data (28x28 to 32x32), or None for no way."""
        if self.allows(shape):
            return shape
        if len(shape) == 1 or not self.images or self.sides is None:
            return None
        side = min(self.sides, key=lambda s: (abs(s - max(shape[1:])), -s))
        fitted = (shape[0], side, side)
        return fitted if self.allows(fitted) else None

    @property
    def shapes(self) -> str:
        """The allowed shapes in words, for messages and listings."""
        parts = []
        if self.images:
            sides = "any height and width"
            if self.sides is not None:
                sides = "square, of side " + ", ".join(map(str, self.sides))
            channels = "any number" if self.channels is None else _ranges(self.channels)
            parts.append(f"images ({sides}; channels: {channels})")
        if self.vectors:
            parts.append("vectors of any length")
        return " or ".join(parts)


def _ranges(numbers: tuple[int, ...]) -> str:
    low, high = min(numbers), max(numbers)
    if len(numbers) > 2 and numbers == tuple(range(low, high + 1)):
        return f"{low} to {high}"
    return " or ".join(map(str, numbers))


@dataclass(frozen=True)
class Recipe:
    """How a published method trains: values for the sections of a run's config.

    Each field is a mapping like the section of the same name in ``ganzoo.config.RunConfig``. What
    a recipe leaves out takes the section's default.
    """

    loss: Mapping[str, Any] = field(default_factory=dict)
    penalties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    optimizers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    ema: Mapping[str, Any] | None = field(default_factory=dict)
    augmentation: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Preset:
    """A named variant of an architecture: config values, and the recipe that goes with them."""

    summary: str
    values: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recipe = field(default_factory=Recipe)


@dataclass(frozen=True)
class Pretrained:
    """Weights that come with an architecture: inside its package, or at a commit on the Hub.

    Attributes:
        summary: What the weights make, in one line.
        folder: The weights folder inside the package.
        repository: Instead of a folder, ``org/name@commit`` on the Hugging Face Hub, with the
            commit in full, so that what the tag names does not change.
    """

    summary: str
    folder: Path | None = None
    repository: str = ""

    def __post_init__(self) -> None:
        if (self.folder is None) != bool(self.repository):
            raise ValueError("pretrained weights are in a folder or a repository: give one of them")
        if self.repository and not re.fullmatch(
            r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+@[0-9a-f]{40}", self.repository
        ):
            raise ValueError(
                f"repository is {self.repository!r}; it must be org/name@commit, with the commit "
                "in full (40 digits)"
            )


@dataclass(frozen=True)
class Architecture:
    """A pair of networks, how they are configured and how they are trained by default.

    Attributes:
        name: The name that configs and the command line use.
        summary: One line on what it is.
        config: The class of its config; the fields beside ``architecture.name``.
        generator: A ``torch.nn.Module`` class taking the config, or its dotted string. Its
            ``forward(latents, labels=None)`` maps ``(N, latent_dim)`` and int64 ``(N,)`` to
            ``(N, *sample_shape)``.
        discriminator: Likewise; ``forward(samples, labels=None)`` returns logits. Both networks may
            have a method ``stages()``, which returns their modules, or lists of modules that
            belong together, from input to output; fine-tuning freezes by it.
        traits: What it can do with a given config.
        presets: Variants by name. An architecture without any gets one called ``default``.
        default_preset: The preset that is meant when none is named; the first where empty.
        pretrained: Weights by tag.
        paper: Where the method was published.
        licence: SPDX name of the licence of the plugin's code.
        objective: Dotted string of a training objective with phases and networks of its own; None
            for the game of one generator and one discriminator.
        api: The version of the plugin interface that it was written for.
        migrations: For weights that an earlier major version of the plugin's distribution wrote: by
            that major version, what turns the architecture's values into those of the next one.
    """

    name: str
    summary: str
    config: type[ArchitectureConfig]
    generator: Dotted | type
    discriminator: Dotted | type
    traits: Callable[[Any], Traits] = lambda config: Traits()
    presets: Mapping[str, Preset] = field(default_factory=dict)
    default_preset: str = ""
    pretrained: Mapping[str, Pretrained] = field(default_factory=dict)
    paper: str = ""
    licence: str = ""
    objective: Dotted | None = None
    api: int = PLUGIN_API
    migrations: Mapping[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        presets = dict(self.presets) or {"default": Preset("The architecture's own defaults.")}
        default = self.default_preset or next(iter(presets))
        if default not in presets:
            raise ValueError(f"default preset {default!r} is not among {sorted(presets)}")
        object.__setattr__(self, "presets", presets)
        object.__setattr__(self, "default_preset", default)


@dataclass(frozen=True)
class LossSpec:
    """A loss of both players.

    Attributes:
        name: The name that configs use.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.losses.base.Loss`` subclass taking the config, or its dotted string.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
        threshold: The logit above which a sample counts as judged real: 0 where its sigmoid is a
            probability; None where logits have a meaning only beside each other.
    """

    name: str
    summary: str
    config: type[LossConfig]
    factory: Dotted | type
    paper: str = ""
    api: int = PLUGIN_API
    threshold: float | None = 0.0


@dataclass(frozen=True)
class PenaltySpec:
    """A regulariser of one network.

    Attributes:
        name: The name that configs use.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.penalties.base.Penalty`` subclass taking the config, or its dotted
            string.
        network: The role of the network that it regularises.
        kind: A ``term`` is added to the loss; a ``projection`` is applied after the optimizer.
        forbids_coupling: Couplings of the discriminator under which it has no meaning.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
    """

    name: str
    summary: str
    config: type[PenaltyConfig]
    factory: Dotted | type
    network: str = "discriminator"
    kind: Literal["term", "projection"] = "term"
    forbids_coupling: tuple[Coupling, ...] = ()
    paper: str = ""
    api: int = PLUGIN_API


@dataclass(frozen=True)
class AugmentationSpec:
    """A random change of every sample on its way to the discriminator.

    Attributes:
        name: The name that configs use.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.augmentation.base.Augmentation`` subclass taking the config, or its
            dotted string.
        vectors: Whether it has a meaning for vectors as well as for images.
        follows: Whether, with a given config, it follows what the discriminator says of reals, and
            needs a loss that has a `threshold`.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
    """

    name: str
    summary: str
    config: type[AugmentationConfig]
    factory: Dotted | type
    vectors: bool = False
    follows: Callable[[Any], bool] = lambda config: False
    paper: str = ""
    api: int = PLUGIN_API


@dataclass(frozen=True)
class DatasetSpec:
    """A source of samples.

    Attributes:
        name: The name that ``data.source`` uses.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.data.base.Dataset`` subclass taking the config, or its dotted string;
            it must not need torch.
        licence: Licence of the data, as its source gives it.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
        extractor: What turns its images into features for scores, where none is named.
        fields: What objectives can read of it; ``label``, where there are classes, is not named.
    """

    name: str
    summary: str
    config: type[DataConfig]
    factory: Dotted | type
    licence: str = ""
    paper: str = ""
    api: int = PLUGIN_API
    extractor: str = "inception"
    fields: tuple[str, ...] = ("sample",)


@dataclass(frozen=True)
class ExtractorSpec:
    """What turns images into the features that scores are computed from.

    Attributes:
        name: The name that evaluations use, and that their scores carry.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.evaluation.extractor.Extractor`` subclass taking the config, or its
            dotted string.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
    """

    name: str
    summary: str
    config: type[ExtractorConfig]
    factory: Dotted | type
    paper: str = ""
    api: int = PLUGIN_API


Spec = Architecture | LossSpec | PenaltySpec | AugmentationSpec | DatasetSpec | ExtractorSpec
"""Any plugin's description."""
