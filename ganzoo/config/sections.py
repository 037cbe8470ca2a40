"""The config of a run."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SerializeAsAny, model_validator

from ganzoo.config.models import Model, OptionalCadence, Scheduled, timed
from ganzoo.config.optimizers import OptimizerConfig
from ganzoo.config.plugins import (
    ArchitectureConfig,
    AugmentationConfig,
    DataConfig,
    LossConfig,
    ObjectiveConfig,
    PenaltyConfig,
)
from ganzoo.config.watching import EvaluationConfig, HealthConfig

Count = Annotated[int, Field(ge=1, le=10**12)]
DEVICES = "^(auto|cpu|mps|cuda(:[0-9]{1,3})?)$"


def _device(name: str) -> str:
    if not re.match(DEVICES, name):
        raise ValueError(f"{name!r} is not allowed; it must be auto, cpu, cuda, cuda:N or mps")
    return name


class TrainingConfig(Model):
    """How long and with what arithmetic a run trains; a step is all updates of the objective."""

    steps: Count = Field(default=20_000, description="Steps; each holds all updates of a turn.")
    batch_size: Count = Field(default=64, description="Real samples in an update.")
    accumulate: Count = Field(default=1, description="Parts into which each batch is split.")
    precision: Literal["auto", "fp32", "bf16", "fp64"] = Field(
        default="auto", description="Arithmetic; auto is bf16 where the device has it natively."
    )
    penalty_precision: Literal["fp32", "bf16"] = Field(
        default="fp32", description="Arithmetic of the penalties."
    )
    channels_last: bool = Field(
        default=True, description="Keep convolutions in the channels-last memory layout."
    )
    device: Annotated[str, AfterValidator(_device)] = Field(
        default="auto",
        description="auto, cpu, cuda, cuda:N or mps.",
        json_schema_extra={"pattern": DEVICES},
    )
    compile: bool = Field(default=False, description="Compile the networks with torch.compile.")
    deterministic: bool = Field(
        default=False, description="Ask for deterministic kernels (slower on GPUs)."
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="The seed of everything random.")
    checkpoint_every: OptionalCadence = Field(
        default=1000, description="Steps between checkpoints; 0 for one at the end only."
    )
    keep_checkpoints: Count = Field(default=3, description="How many checkpoints are kept.")
    sample_every: OptionalCadence = Field(
        default=250, description="Steps between sample grids; 0 for one at the end only."
    )


class EmaConfig(Model):
    """The exponential moving average of the generator's weights."""

    half_life: Scheduled = Field(
        default=10_000.0, description="Samples after which a weight's influence has halved."
    )
    ramp_up: float | None = Field(
        default=0.05,
        gt=0,
        description="The half-life is at most this share of the samples seen; null for no ramp.",
    )
    start: int = Field(
        default=0,
        ge=0,
        le=10**12,
        description="Samples until which the average is the weights themselves.",
    )


class LoggingConfig(Model):
    """What a run logs while it trains."""

    every: Count = Field(default=50, description="Steps between rows of log.jsonl.")
    tensorboard: bool = Field(default=False, description="Write TensorBoard events as well.")


class FinetuneConfig(Model):
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
    freeze: dict[str, Annotated[int, Field(ge=0, le=1000)]] = Field(
        default_factory=dict,
        description="By role, the number of stages to freeze, from the network's input on.",
    )
    warm_up: OptionalCadence = Field(
        default=0, description="Steps at the start in which only the discriminator learns."
    )
    allow_partial: bool = Field(
        default=False,
        description="Whether to start from the weights that fit if classes, channels, size "
        "or other values of the architecture differ.",
    )


class RunConfig(Model):
    """Everything that determines a run.

    The sections `architecture`, `objective`, `loss`, `penalties`, `data` and `augmentation` hold
    the configs of the plugins that they name; `ganzoo.resolve` makes a RunConfig from files and
    overrides.
    """

    architecture: SerializeAsAny[ArchitectureConfig]
    objective: SerializeAsAny[ObjectiveConfig]
    loss: SerializeAsAny[LossConfig]
    penalties: dict[str, SerializeAsAny[PenaltyConfig] | None] = Field(
        default_factory=dict, description="By name; null removes one that the recipe has."
    )
    optimizers: dict[str, OptimizerConfig] = Field(
        default_factory=dict, description="By player, as the objective names them."
    )
    data: SerializeAsAny[DataConfig]
    augmentation: SerializeAsAny[AugmentationConfig]
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    ema: EmaConfig | None = Field(default_factory=EmaConfig)
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig)
    health: HealthConfig = Field(default_factory=HealthConfig)
    logging: LoggingConfig = Field(default_factory=LoggingConfig)
    finetune: FinetuneConfig | None = Field(
        default=None, description="The weights that are fine-tuned; null to train from scratch."
    )

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        parts = self.training.accumulate
        for name, batch in self.batches.items():
            if batch % parts:
                raise ValueError(
                    f"{name} {batch} does not divide by training.accumulate {parts}; change one of "
                    "them"
                )
        return self

    @model_validator(mode="after")
    def _schedules_begin_in_the_run(self) -> Self:
        timed(self, self.samples)
        return self

    @property
    def samples(self) -> int:
        """All samples of the run."""
        return self.training.steps * self.training.batch_size

    @property
    def batches(self) -> dict[str, int]:
        """Every number of samples that processes and `accumulate` divide, by field."""
        others = self.objective.batches
        return {
            "training.batch_size": self.training.batch_size,
            **{f"objective.{name}": batch for name, batch in others.items()},
        }

    @property
    def warm_up(self) -> int:
        """How many steps the discriminator learns alone at first."""
        return 0 if self.finetune is None else self.finetune.warm_up

    @property
    def active_penalties(self) -> dict[str, PenaltyConfig]:
        """The penalties that apply."""
        return {name: config for name, config in self.penalties.items() if config is not None}
