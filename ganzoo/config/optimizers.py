"""The optimizers that a run may name."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ganzoo.config.models import AsTuple, Model, Schedule, Scheduled


def _ends(value: float | Schedule) -> tuple[float, float]:
    """The least and the largest value that a number takes."""
    ends = (value.start, value.end) if isinstance(value, Schedule) else (value, value)
    return min(ends), max(ends)


def _below_one(value: float | Schedule) -> float | Schedule:
    _, largest = _ends(value)
    if largest >= 1:
        raise ValueError(f"{largest} is not allowed; a decay must be below 1")
    return value


Decay = Annotated[Scheduled, AfterValidator(_below_one)]


class _OptimizerConfig(Model):
    name: str
    lr: Scheduled = Field(description="Learning rate.")
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay.")


class AdamConfig(_OptimizerConfig):
    """Adam (Kingma and Ba, 2015)."""

    name: Literal["adam"] = "adam"
    lr: Scheduled = Field(default=2e-4, description="Learning rate.")
    betas: Annotated[tuple[Decay, Decay], AsTuple] = Field(
        default=(0.5, 0.999), description="Decay of the running means of gradient and square."
    )
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator.")


class AdamWConfig(AdamConfig):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    weight_decay: float = Field(default=0.01, ge=0, description="Weight decay.")


class RmspropConfig(_OptimizerConfig):
    """RMSprop (Tieleman and Hinton, 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    lr: Scheduled = Field(default=5e-5, description="Learning rate.")
    alpha: float = Field(default=0.99, ge=0, lt=1, description="Decay of the mean square.")
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator.")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="Momentum.")


class SgdConfig(_OptimizerConfig):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    lr: Scheduled = Field(default=0.1, description="Learning rate.")
    momentum: Decay = Field(default=0.0, description="Momentum.")
    nesterov: bool = Field(default=False, description="Whether momentum looks ahead.")

    @model_validator(mode="after")
    def _looks_ahead_along_something(self) -> Self:
        if self.nesterov and not _ends(self.momentum)[0]:
            raise ValueError("nesterov needs momentum; set momentum above 0, or nesterov to false")
        return self


OptimizerConfig = Annotated[
    AdamConfig | AdamWConfig | RmspropConfig | SgdConfig, Field(discriminator="name")
]
"""Any optimizer's config, told apart by ``name``."""

OPTIMIZERS: dict[str, type[AdamConfig] | type[RmspropConfig] | type[SgdConfig]] = {
    "adam": AdamConfig,
    "adamw": AdamWConfig,
    "rmsprop": RmspropConfig,
    "sgd": SgdConfig,
}
