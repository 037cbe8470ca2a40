"""The models of a run's config, and the base classes for what plugins add to it."""

from ganzoo.config.documents import parse_yaml
from ganzoo.config.models import Model, Schedule, Scheduled, timed, value_at
from ganzoo.config.optimizers import (
    AdamConfig,
    AdamWConfig,
    OptimizerConfig,
    RmspropConfig,
    SgdConfig,
)
from ganzoo.config.plugins import (
    ArchitectureConfig,
    AugmentationConfig,
    DataConfig,
    ExtractorConfig,
    LatentConfig,
    LossConfig,
    ObjectiveConfig,
    PenaltyConfig,
    TranslatorConfig,
)
from ganzoo.config.sections import (
    EmaConfig,
    FinetuneConfig,
    LoggingConfig,
    RunConfig,
    TrainingConfig,
)
from ganzoo.config.watching import EvaluationConfig, HealthConfig

__all__ = [
    "AdamConfig",
    "AdamWConfig",
    "ArchitectureConfig",
    "AugmentationConfig",
    "DataConfig",
    "EmaConfig",
    "EvaluationConfig",
    "ExtractorConfig",
    "FinetuneConfig",
    "HealthConfig",
    "LatentConfig",
    "LoggingConfig",
    "LossConfig",
    "Model",
    "ObjectiveConfig",
    "OptimizerConfig",
    "PenaltyConfig",
    "RmspropConfig",
    "RunConfig",
    "Schedule",
    "Scheduled",
    "SgdConfig",
    "TrainingConfig",
    "TranslatorConfig",
    "parse_yaml",
    "timed",
    "value_at",
]
