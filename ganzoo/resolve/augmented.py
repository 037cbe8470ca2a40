"""Which augmentation a run has where none is named, and whether one that is named has a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo import registry
from ganzoo.config import ObjectiveConfig, RunConfig, TrainingConfig
from ganzoo.errors import ConfigError
from ganzoo.spec import AugmentationSpec, LossSpec

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.data.fields import Field

AUTO = "auto"
"""Stands for the name of an augmentation until the data is known."""

FEW = 5_000
"""With fewer images a discriminator knows them by heart after some time."""

SHOWN = 500
"""It takes about so many looks at each. Measured: at 400 augmentation cost quality, at 1,900 it
halved the distance (docs/reference/fine-tuning.md)."""


def chosen(
    values: Mapping[str, Any],
    dataset: Dataset,
    made: Field,
    training: TrainingConfig,
    objective: ObjectiveConfig,
) -> tuple[Mapping[str, Any], list[str]]:
    """Put a name in the place of `AUTO`, by the field of the data that samples are like.

    Raises:
        ConfigError: Fields are given and no augmentation that they belong to.
    """
    if values.get("name") != AUTO:
        return values, []
    strangers = [field for field in values if field != "name"]
    if strangers:
        raise ConfigError(
            f"augmentation.{strangers[0]}: {AUTO} has no fields; name the augmentation that has "
            "this field, for example with augmentation.name=diffaugment"
        )
    if not made.kind.planar or dataset.large or len(dataset) >= FEW:
        return {"name": "none"}, []
    times = times_shown(training, objective, len(dataset))
    if times < SHOWN:
        return {"name": "none"}, [
            f"augmentation is off: the discriminator sees each image only {times:,} times, and "
            f"{SHOWN} would turn it on (augmentation=diffaugment turns it on)"
        ]
    return {"name": "diffaugment"}, [
        f"augmentation is diffaugment: the discriminator sees each image {times:,} times, and "
        "would memorise them (augmentation=none turns it off)"
    ]


def times_shown(training: TrainingConfig, objective: ObjectiveConfig, images: int) -> int:
    """Return how often a discriminator sees each of so many images."""
    samples = training.steps * objective.critic_updates * training.batch_size
    return samples // max(1, images)


def check_augmentation(config: RunConfig, kind: str) -> None:
    """Check that the augmentation has a meaning for the data and for the loss.

    Raises:
        ConfigError: It has none.
    """
    spec = registry.get(AugmentationSpec, config.augmentation.name)
    if kind == "vectors" and not spec.vectors:
        raise ConfigError(
            f"augmentation: {spec.name} is for images, and {config.data.source} holds vectors; "
            "leave it out, or write augmentation=none"
        )
    threshold = registry.get(LossSpec, config.loss.name).threshold_of(config.loss)
    if spec.follows(config.augmentation) and threshold is None:
        raise ConfigError(
            f"augmentation: {spec.name} needs logits that show how many reals are judged real, "
            f"which those of the loss {config.loss.name} do not; fix its strength "
            "(augmentation.adapt=null augmentation.p=0.3), or choose diffaugment or another loss"
        )
