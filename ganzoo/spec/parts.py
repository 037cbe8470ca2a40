"""The descriptions of what an architecture is combined with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ganzoo.about import PLUGIN_API
from ganzoo.spec.traits import Coupling, Dotted

if TYPE_CHECKING:
    from ganzoo.config import (
        AugmentationConfig,
        DataConfig,
        ExtractorConfig,
        LossConfig,
        ObjectiveConfig,
        PenaltyConfig,
    )


@dataclass(frozen=True)
class ObjectiveSpec:
    """What a step of training is: which networks are updated, in which order, for which loss.

    Attributes:
        name: The name that configs use.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.objectives.base.Objective`` subclass, or its dotted string.
        players: For each player the roles that one optimizer updates. Call the one that owns the
            makers ``generator`` and the one that owns the critics ``discriminator`` whatever they
            hold, so that recipes and warm-up are the same everywhere.
        fields: The fields of the data that it reads.
        coupling: How the loss of a sample depends on the rest of its batch, beyond what its
            networks do.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
    """

    name: str
    summary: str
    config: type[ObjectiveConfig]
    factory: Dotted | type
    players: Mapping[str, tuple[str, ...]]
    fields: tuple[str, ...] = ("sample", "label")
    coupling: Coupling = "none"
    paper: str = ""
    api: int = PLUGIN_API

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are updated, in the order of the players."""
        return tuple(role for roles in self.players.values() for role in roles)

    def player_of(self, role: str) -> str:
        """Return the player that updates a role."""
        return next(player for player, roles in self.players.items() if role in roles)


@dataclass(frozen=True)
class LossSpec:
    """What a critic and a maker minimise.

    Attributes:
        name: The name that configs use.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.losses.base.Loss`` subclass taking the config, or its dotted string.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
        threshold: The logit above which a sample counts as judged real: 0 where its sigmoid is a
            probability; None where logits have a meaning only beside each other. A function of the
            config where it depends on that.
        critic_extras: What it reads of a critique beside logits; by `Traits.critic_extras`, only
            architectures whose critics return that are trained with it.
    """

    name: str
    summary: str
    config: type[LossConfig]
    factory: Dotted | type
    paper: str = ""
    api: int = PLUGIN_API
    threshold: float | Callable[[Any], float | None] | None = 0.0
    critic_extras: tuple[str, ...] = ()

    def threshold_of(self, config: LossConfig) -> float | None:
        """Return the threshold of a loss with this config."""
        return self.threshold(config) if callable(self.threshold) else self.threshold


@dataclass(frozen=True)
class PenaltySpec:
    """A regulariser.

    Attributes:
        name: The name that configs use.
        summary: One line on what it is.
        config: The class of its config.
        factory: A ``ganzoo.penalties.base.Penalty`` subclass taking the config, or its dotted
            string.
        on: The player or the role that it regularises, where a config does not say.
        of: The kind of network that it has a meaning for.
        kind: A ``term`` is added to the loss; a ``projection`` is applied after the optimizer.
        forbids_coupling: Couplings of a critic under which it has no meaning.
        needs_styles: Whether it has a meaning for style-based generators only.
        paper: Where it was published.
        api: The version of the plugin interface that it was written for.
    """

    name: str
    summary: str
    config: type[PenaltyConfig]
    factory: Dotted | type
    on: str = "discriminator"
    of: Literal["critic", "maker", "any"] = "any"
    kind: Literal["term", "projection"] = "term"
    forbids_coupling: tuple[Coupling, ...] = ()
    needs_styles: bool = False
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
