"""What a fine-tuning run starts from."""

from pydantic import Field

from ganzoo.config.fields import Model, OptionalCadence


class BaseConfig(Model):
    """The weights that a run starts from, and which of them stay as they are.

    `ganzoo.finetune` fills this in. The run needs the weights only to start.
    """

    reference: str = Field(
        min_length=1, description="The weights: a folder, architecture.tag, or org/name@commit."
    )
    sha: str = Field(
        pattern="^([0-9a-f]{40}|[0-9a-f]{64})$",
        description="The commit on the Hub, or else the SHA-256 of model.safetensors.",
    )
    freeze_discriminator: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="The number of stages of the discriminator to freeze, from its input on.",
    )
    freeze_generator: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="The number of stages of the generator to freeze, from the latents on.",
    )
    warm_up: OptionalCadence = Field(
        default=0, description="Steps at the start in which only the discriminator learns."
    )
    allow_partial: bool = Field(
        default=False,
        description="Whether to start from the weights that fit if classes, channels, size "
        "or other values of the architecture differ.",
    )
