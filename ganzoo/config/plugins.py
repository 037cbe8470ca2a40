"""Base classes for the config of a plugin: the fields that are the same for all of its group."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from ganzoo.config.models import AsTuple, Model, Scheduled, Side


class ArchitectureConfig(Model):
    """The fields of every architecture; a plugin adds its own.

    Attributes:
        name: The architecture.
        preset: The variant whose values and recipe apply.
        sample_shape: ``(channels, height, width)`` of images, or ``(length,)`` of vectors.
        num_classes: Number of classes; 0 for an unconditional network.
    """

    name: str = Field(default="", description="The architecture.")
    preset: str = Field(default="", description="The variant whose values and recipe apply.")
    sample_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 64, 64),
        description="(channels, height, width) of images, or (length,) of vectors; by default "
        "that of the data.",
    )
    num_classes: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Number of classes; 0 for none; by default that of the data.",
    )

    @field_validator("sample_shape")
    @classmethod
    def _image_or_vector(cls, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) not in (1, 3):
            raise ValueError("a shape has 3 numbers (channels, height, width) or 1 (length)")
        return shape


class LatentConfig(ArchitectureConfig):
    """What every architecture with a generator has.

    Attributes:
        latent_dim: Length of a latent.
        latent: How latents are drawn: standard normal, or uniform in [-1, 1].
    """

    latent_dim: int = Field(default=100, ge=1, le=65536, description="Length of a latent.")
    latent: Literal["normal", "uniform"] = Field(
        default="normal",
        description="How latents are drawn: standard normal, or uniform in [-1, 1].",
    )


class TranslatorConfig(ArchitectureConfig):
    """What every architecture with a translator has.

    Attributes:
        source_shape: ``(channels, height, width)`` of the images that are translated.
        use: How images are translated after training: in evaluation mode, or as its authors
            published it, in training mode.
    """

    source_shape: Annotated[tuple[Side, ...], AsTuple] = Field(
        default=(3, 64, 64),
        description="(channels, height, width) of the source images; the data's where left out.",
    )
    use: Literal["published", "eval"] = Field(
        default="eval",
        description="How images are translated after training: as the authors do, with dropout and "
        "the statistics of each image, or in evaluation mode.",
    )

    @field_validator("source_shape")
    @classmethod
    def _image(cls, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) != 3:
            raise ValueError("the shape of an image has 3 numbers (channels, height, width)")
        return shape


class ObjectiveConfig(Model):
    """What every objective has."""

    name: str = Field(default="", description="The objective.")

    @property
    def critic_updates(self) -> int:
        """How many updates of a step show a batch of reals to each critic."""
        return 1

    @property
    def batches(self) -> dict[str, int]:
        """The fields that are numbers of samples, which processes and `accumulate` divide."""
        return {}


class LossConfig(Model):
    """The field of every loss."""

    name: str = Field(default="", description="The loss.")


class PenaltyConfig(Model):
    """The fields of every penalty.

    Attributes:
        name: The penalty; the label that it has in the config where left out.
        on: The player or the role that it regularises; the penalty's own choice where left out.
        weight: Its strength.
        every: It applies at every so many updates of its network, first at update 0; a term is
            then multiplied by `every`, so that its mean strength stays.
        apart: Whether a term is an update of its own, after the player's last one of the step.
    """

    name: str = Field(default="", description="The penalty; its label if left out.")
    on: str = Field(
        default="", description="The player or role that it regularises; the penalty's own choice."
    )
    weight: Scheduled = Field(default=1.0, description="Its strength.")
    every: int = Field(
        default=1,
        ge=1,
        description="Apply the penalty once in this many updates; a term is multiplied by this "
        "number.",
    )
    apart: bool = Field(
        default=False,
        description="Whether the term is an update of its own, after the player's last of a step.",
    )


class AugmentationConfig(Model):
    """The field of every augmentation."""

    name: str = Field(default="", description="The augmentation.")


class ExtractorConfig(Model):
    """The field of every extractor of features."""

    name: str = Field(default="", description="The extractor.")


class DataConfig(Model):
    """The fields of every source of samples.

    Attributes:
        PLACES: The fields that say where on this machine the data is; another place on resume may
            hold the same data.
        source: A dataset's name, the path of a folder, archive, manifest or file of arrays, or a
            dataset repository of the Hub, as ``hf://owner/name``.
        image_size: Side length to which images are resized; None for what suits the architecture.
        flip: Whether each image is mirrored left to right with probability 1/2.
        dequantize: Width of the uniform noise that is added to samples in [-1, 1].
        holdout: Number of samples that are never trained on, so that overfitting shows.
    """

    PLACES: ClassVar[tuple[str, ...]] = ("source",)

    source: str = Field(default="", description="A dataset's name, a path, or hf://owner/name.")
    image_size: int | None = Field(
        default=None,
        ge=1,
        le=65536,
        description="Side length to which images are resized; null for what suits the "
        "architecture.",
    )
    flip: bool = Field(default=False, description="Mirror images at random.")
    dequantize: float = Field(
        default=0.0, ge=0, le=1, description="Width of uniform noise added to samples in [-1, 1]."
    )
    holdout: int = Field(
        default=0,
        ge=0,
        le=10**9,
        description="Number of samples kept out of training, to detect overfitting.",
    )

    @property
    def read_from(self) -> dict[str, str]:
        """What the data is read from, by the field that says so."""
        return {"source": self.source}
