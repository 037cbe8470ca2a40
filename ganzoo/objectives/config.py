"""The configs of the first-party objectives."""

from typing import Literal, Self

from pydantic import Field, model_validator

from ganzoo.config import ObjectiveConfig
from ganzoo.config.sections import Count


class AdversarialConfig(ObjectiveConfig):
    """The order of a step's updates, and what each of them is given."""

    generator_batch: Count | None = Field(
        default=None, description="Fakes of a generator update; training.batch_size if null."
    )
    discriminator_steps: Count = Field(default=1, description="Discriminator updates of a step.")
    first: Literal["discriminator", "generator"] = Field(
        default="discriminator", description="The network that a step updates first."
    )
    passes: Literal["separate", "joint"] = Field(
        default="separate",
        description="Whether the discriminator scores reals and fakes apart or as one batch.",
    )
    fakes: Literal["fresh", "reused"] = Field(
        default="fresh",
        description="Whether both updates have fakes of their own, or share one batch.",
    )
    fake_labels: Literal["reals", "drawn"] = Field(
        default="reals",
        description="Labels of fakes: those of the reals that they are judged beside, or else of "
        "real samples; or drawn uniformly.",
    )
    discriminator_loss_scale: float = Field(
        default=1.0, gt=0, description="Factor on the discriminator's loss, without penalties."
    )

    @property
    def critic_updates(self) -> int:
        """The updates of the discriminator in a step."""
        return self.discriminator_steps

    @property
    def batches(self) -> dict[str, int]:
        """The batch of the generator, where it has one of its own."""
        return {} if self.generator_batch is None else {"generator_batch": self.generator_batch}

    @model_validator(mode="after")
    def _one_batch(self) -> Self:
        if self.fakes == "reused" and self.generator_batch is not None:
            raise ValueError(
                f"generator_batch is {self.generator_batch}, and both updates share one batch when "
                "fakes are reused; leave generator_batch out, or set fakes to fresh"
            )
        return self


class PairedConfig(ObjectiveConfig):
    """The weights of the losses of a translation with known targets."""

    l1_weight: float = Field(
        default=100.0, ge=0, description="Factor on the mean absolute distance from the target."
    )
    discriminator_loss_scale: float = Field(
        default=0.5, gt=0, description="Factor on the discriminator's loss, without penalties."
    )


class CycleConfig(ObjectiveConfig):
    """The weights of the losses of a translation without pairs."""

    cycle_weight_a: float = Field(
        default=10.0, ge=0, description="Factor on the distance of a from a -> b -> a."
    )
    cycle_weight_b: float = Field(
        default=10.0, ge=0, description="Factor on the distance of b from b -> a -> b."
    )
    identity_weight: float = Field(
        default=0.5,
        ge=0,
        description="Factor on the distance of an image from what the translator into its own "
        "domain makes of it, times the cycle's weight; 0 for none.",
    )
    pool_size: int = Field(
        default=50, ge=0, le=10_000, description="Earlier fakes that each critic may see again."
    )
    discriminator_loss_scale: float = Field(
        default=0.5, gt=0, description="Factor on the discriminators' loss, without penalties."
    )
