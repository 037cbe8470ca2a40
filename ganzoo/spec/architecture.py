"""The description of an architecture: its networks, and how they are trained by default."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganzoo.about import PLUGIN_API
from ganzoo.spec.imports import Import
from ganzoo.spec.traits import Dotted, Shape, Traits

if TYPE_CHECKING:
    from ganzoo.config import ArchitectureConfig


@dataclass(frozen=True)
class Recipe:
    """How a published method trains: values for the sections of a run's config.

    Each field is a mapping like the section of the same name in ``ganzoo.config.RunConfig``. What
    a recipe leaves out takes the section's default.

    Attributes:
        note: One sentence for the user on where the numbers come from, for a recipe that a preset's
            rule makes.
    """

    objective: Mapping[str, Any] = field(default_factory=dict)
    loss: Mapping[str, Any] = field(default_factory=dict)
    penalties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    optimizers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    ema: Mapping[str, Any] | None = field(default_factory=dict)
    augmentation: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class RecipeFacts:
    """What a rule may look at.

    Attributes:
        architecture: The architecture's values, with the shapes of the data.
        samples: How many samples an epoch has; held-out ones are not counted.
        classes: How many classes the data has; 0 for none.
        batch_size: Real samples in an update.
        batch_given: Whether the user has chosen it.
        steps: Steps of the run; None where the user leaves that to the recipe.
    """

    architecture: Mapping[str, Any]
    samples: int
    classes: int
    batch_size: int
    steps: int | None
    batch_given: bool = False


@dataclass(frozen=True)
class Preset:
    """A named variant of an architecture: config values, and the recipe that goes with them.

    Attributes:
        summary: One line on what it is.
        values: Values of the architecture's config.
        recipe: How it is trained, whatever the data is.
        rule: What depends on the data: a pure function without torch, whose recipe lies over
            `recipe`. It is called when the data has been opened, so that it cannot choose another
            ``data.source``.
    """

    summary: str
    values: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recipe = field(default_factory=Recipe)
    rule: Callable[[RecipeFacts], Recipe] | None = None


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


RoleKind = Literal["generator", "translator", "critic", "other"]

ROLE = re.compile("[a-z][a-z0-9_]*")
RESERVED = ("model", "directions")
"""Names that files of a weights folder have for something else."""


@dataclass(frozen=True)
class Role:
    """One network of an architecture.

    Attributes:
        network: A ``torch.nn.Module`` class taking the config, or its dotted string.
        kind: A ``generator`` makes samples from latents: ``forward(latents, labels=None)`` maps
            ``(N, latent_dim)`` and int64 ``(N,)`` to ``(N, *sample_shape)``. A ``translator`` makes
            images from images: ``forward(images, latents=None, labels=None)``. A ``critic`` scores
            samples: ``forward(samples, labels=None, condition=None)`` returns logits. What an
            ``other`` takes and returns is a matter of the objective. Any of them may take
            ``draws=None``, the `ganzoo.randomness.Draws` of the batch, and may have a method
            ``stages()``, which returns its modules, or lists of modules that belong together,
            from input to output; fine-tuning freezes by it.
        reads: The fields of the data that it is given; ``latents`` is one.
        makes: The fields that it makes.
    """

    network: Dotted | type
    kind: RoleKind
    reads: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()

    @property
    def maker(self) -> bool:
        """Whether it makes what users want: it is averaged, sampled and published."""
        return self.kind in ("generator", "translator")

    @property
    def critic(self) -> bool:
        """Whether it scores samples."""
        return self.kind == "critic"


@dataclass(frozen=True)
class Architecture:
    """Some networks, how they are configured and how they are trained by default.

    Attributes:
        name: The name that configs and the command line use.
        summary: One line on what it is.
        config: The class of its config; the fields beside ``architecture.name``.
        generator: Short for the role ``generator`` in ``networks``, which reads ``latents`` and
            makes ``sample``: a ``torch.nn.Module`` class taking the config, or its dotted string.
        discriminator: Short for the role ``discriminator``, a critic that reads ``sample``.
        networks: All roles by name, where these two are not all there is. The first maker is what
            ``ganzoo.load`` returns.
        objectives: What it can be trained with, the default first. Without any it is for sampling
            only. The two usual roles have ``adversarial``.
        traits: What it can do with a given config.
        presets: Variants by name. An architecture without any gets one called ``default``.
        default_preset: The preset that is meant when none is named; the first where empty.
        pretrained: Weights by tag.
        imports: The layouts of other tools' checkpoints that it can be read from.
        paper: Where the method was published.
        licence: SPDX name of the licence of the plugin's code.
        api: The version of the plugin interface that it was written for.
        migrations: For weights that an earlier major version of the plugin's distribution wrote: by
            that major version, what turns the architecture's values into those of the next one.
    """

    name: str
    summary: str
    config: type[ArchitectureConfig]
    generator: Dotted | type | None = None
    discriminator: Dotted | type | None = None
    networks: Mapping[str, Role] = field(default_factory=dict)
    objectives: tuple[str, ...] = ()
    traits: Callable[[Any], Traits] = lambda config: Traits()
    presets: Mapping[str, Preset] = field(default_factory=dict)
    default_preset: str = ""
    pretrained: Mapping[str, Pretrained] = field(default_factory=dict)
    imports: tuple[Import, ...] = ()
    paper: str = ""
    licence: str = ""
    api: int = PLUGIN_API
    migrations: Mapping[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        short: dict[str, Role] = {}
        if self.generator is not None:
            short["generator"] = Role(self.generator, "generator", ("latents",), ("sample",))
        if self.discriminator is not None:
            short["discriminator"] = Role(self.discriminator, "critic", ("sample",))
        # Both are there where a description was made from another with dataclasses.replace.
        if not (short or self.networks) or (short and self.networks not in ({}, short)):
            raise ValueError(
                f"architecture {self.name!r} needs generator and discriminator, or networks, and "
                "not both"
            )
        networks = dict(self.networks) or short
        for name in networks:
            if not ROLE.fullmatch(name) or name in RESERVED or name.endswith("_raw"):
                raise ValueError(
                    f"role {name!r} is not allowed; a role has small letters, digits and '_', is "
                    f"not {' or '.join(RESERVED)}, and does not end in _raw"
                )
        if not any(role.maker for role in networks.values()):
            raise ValueError(
                f"architecture {self.name!r} has no generator and no translator; give one"
            )
        object.__setattr__(self, "networks", networks)
        if len(short) == 2 and not self.objectives:
            object.__setattr__(self, "objectives", ("adversarial",))
        presets = dict(self.presets) or {"default": Preset("The architecture's own defaults.")}
        default = self.default_preset or next(iter(presets))
        if default not in presets:
            raise ValueError(f"default preset {default!r} is not among {sorted(presets)}")
        object.__setattr__(self, "presets", presets)
        object.__setattr__(self, "default_preset", default)

    @property
    def makers(self) -> tuple[str, ...]:
        """The roles that make samples, the default one first."""
        return tuple(name for name, role in self.networks.items() if role.maker)

    def shape_of(self, name: str, config: Any) -> Shape:
        """Return the shape of a field of the data: what the first translator reads is a source."""
        first = self.networks[self.makers[0]]
        if first.kind == "translator" and name in first.reads:
            shape: Shape = config.source_shape
            return shape
        sample: Shape = config.sample_shape
        return sample

    @property
    def critics(self) -> tuple[str, ...]:
        """The roles that score samples."""
        return tuple(name for name, role in self.networks.items() if role.critic)
