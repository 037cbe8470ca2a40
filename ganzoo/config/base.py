"""What a fine-tuning run starts from."""

from pydantic import Field

from ganzoo.config.fields import Model, OptionalCadence


class BaseConfig(Model):
    """The weights that a run starts from, and what of them may change.

    `ganzoo.finetune` fills it in, and the run needs the weights only to begin.
    """

    reference: str = Field(
        min_length=1, description="The weights: a folder, architecture.tag, or org/name@commit."
    )
    sha: str = Field(
        pattern="^([0-9a-f]{40}|[0-9a-f]{64})$",
        description="The commit on the Hub, else the SHA-256 of model.safetensors.",
    )
    freeze_discriminator: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many stages of the discriminator to freeze, counted from its input.",
    )
    freeze_generator: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many stages of the generator to freeze, counted from the latents.",
    )
    warm_up: OptionalCadence = Field(
        default=0, description="Steps at the start in which only the discriminator learns."
    )
    allow_partial: bool = Field(
        default=False,
        description="Whether to start from the weights that fit when classes, channels, size "
        "or other values of the architecture differ.",
    )
