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
        description="How many stages of the discriminator, from its input on, stay as they are.",
    )
    freeze_generator: int = Field(
        default=0, ge=0, le=1000, description="The same for the generator, from the latents on."
    )
    warm_up: OptionalCadence = Field(
        default=0, description="First steps, in which the discriminator alone learns."
    )
    allow_partial: bool = Field(
        default=False,
        description="Whether weights may be taken in part, where classes, channels, size or other "
        "values of the architecture are changed.",
    )
