"""The configs of the first-party augmentations."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ganzoo.config import AugmentationConfig, Schedule, Scheduled
from ganzoo.config.models import AsTuple


class NoAugmentationConfig(AugmentationConfig):
    """Nothing to choose."""


class DiffAugmentConfig(AugmentationConfig):
    """Changes that every sample undergoes."""

    policy: Annotated[tuple[Literal["color", "translation", "cutout"], ...], AsTuple] = Field(
        default=("color", "translation", "cutout"),
        description="Which changes, in their order.",
        json_schema_extra={"minItems": 1},
    )

    @field_validator("policy")
    @classmethod
    def _something(cls, policy: tuple[str, ...]) -> tuple[str, ...]:
        if not policy:
            raise ValueError("name one change at least, or choose augmentation=none")
        return policy


class AdaConfig(AugmentationConfig):
    """Changes with a probability `p` each, which rises while the discriminator overfits."""

    target: float = Field(
        default=0.6,
        ge=-1,
        le=1,
        description="p rises while the mean sign of the logits of reals is above this.",
    )
    adapt: int | None = Field(
        default=500_000,
        ge=1,
        le=10**12,
        description="Fewest reals over which p can go from 0 to 1; null for a fixed p.",
    )
    every: int = Field(default=4, ge=1, le=10**12, description="Steps between changes of p.")
    p: Scheduled = Field(
        default=0.0, description="The probability at the start, or, with adapt=null, a schedule."
    )
    blit: bool = Field(
        default=True, description="Mirror, turn by quarters, and shift by whole pixels."
    )
    geometric: bool = Field(
        default=True, description="Scale, rotate, stretch, and shift by parts of a pixel."
    )
    color: bool = Field(
        default=True, description="Brightness, contrast, luma flip, hue and saturation."
    )
    color_factor: float = Field(
        default=1.0, ge=0, le=1, description="The changes of colour happen with this times p."
    )
    filtering: bool = Field(
        default=False, description="Amplify and damp four bands of frequencies."
    )
    noise: bool = Field(default=False, description="Add white noise.")
    cutout: bool = Field(default=False, description="Blank a rectangle of half the sides.")

    @field_validator("p")
    @classmethod
    def _a_probability(cls, p: float | Schedule) -> float | Schedule:
        largest = max(p.start, p.end) if isinstance(p, Schedule) else p
        if largest > 1:
            raise ValueError(f"{largest:g} is not allowed; a probability is at most 1")
        return p

    @model_validator(mode="after")
    def _one_rule_for_p(self) -> Self:
        if isinstance(self.p, Schedule) and self.adapt is not None:
            raise ValueError(
                "p cannot follow both a schedule and the discriminator; set adapt to null, or p to "
                "a number"
            )
        return self
