"""How a run is watched: scores and health."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from ganzoo.config.models import AsTuple, Model, OptionalCadence

Metric = Literal[
    "fid",
    "kid",
    "is",
    "precision",
    "recall",
    "density",
    "coverage",
    "classes",
    "divergence",
    "modes",
    "quality",
    "mae",
    "psnr",
]
METRICS: tuple[str, ...] = get_args(Metric)
"""Every metric of `ganzoo.evaluation`."""

POINT_METRICS: tuple[str, ...] = ("modes", "quality", "divergence")
"""Those of points, which are counted at the centres of a mixture."""

PAIR_METRICS: tuple[str, ...] = ("mae", "psnr")
"""Those of translations whose targets are known."""

IMAGE_METRICS = tuple(name for name in METRICS if name not in ("modes", "quality", *PAIR_METRICS))
"""Those of images, which are of their features."""

LEAST_REALS = {"fid": 2, "kid": 2, "precision": 6, "recall": 6, "density": 6, "coverage": 6}
LEAST_FAKES = {
    "fid": 2,
    "kid": 2,
    "is": 10,
    "precision": 4,
    "recall": 4,
    "density": 4,
    "coverage": 4,
}
"""The fewest samples that a metric has a value for; 1 where it is not there."""


class EvaluationConfig(Model):
    """How the generator is scored while it trains.

    What is scored is the averaged generator, against all of the data.
    """

    every: OptionalCadence = Field(
        default=0, description="Steps between evaluations; 0 for none, not even at the end."
    )
    metrics: Annotated[tuple[Metric, ...], AsTuple] = Field(
        default=("fid",),
        description="The metrics to compute; for points, by default modes, quality and divergence, "
        "and for pairs mae and psnr.",
        json_schema_extra={"minItems": 1},
    )
    best: Metric | None = Field(
        default=None,
        description="The metric that decides which weights are best; null for the first one.",
    )
    extractor: str | None = Field(
        default=None, description="The extractor of features; null for the one that suits the data."
    )
    fakes: Annotated[int, Field(ge=2, le=10**7)] = Field(
        default=5_000, description="The number of samples to score."
    )

    @model_validator(mode="after")
    def _best_is_computed(self) -> Self:
        if not self.metrics:
            raise ValueError("metrics is empty; name one, or set every to 0 for no evaluation")
        if self.best is not None and self.best not in self.metrics:
            raise ValueError(
                f"best {self.best} is not among metrics ({', '.join(self.metrics)}); add it there"
            )
        return self

    @property
    def best_metric(self) -> str:
        """The metric by which the best weights are kept."""
        return self.best or self.metrics[0]


class HealthConfig(Model):
    """How a run is monitored for the usual failures of GANs."""

    every: OptionalCadence = Field(
        default=250,
        description="Steps between looks; 0 for none; by default at most a sixth of the run.",
    )
    samples: Annotated[int, Field(ge=32, le=4096)] = Field(
        default=256, description="The number of reals, and of fakes, that each look compares."
    )
