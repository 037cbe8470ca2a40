"""The base model of every config, and numbers that may follow a schedule."""

import math
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)


class Model(BaseModel):
    """A strict, frozen model that refuses unknown fields."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


AnyModel = TypeVar("AnyModel", bound=BaseModel)


class Schedule(Model):
    """A number that moves from one value to another while a run sees its samples.

    It is a pure function of the samples seen, so that resuming needs no state of it.
    """

    # What `_nothing_is_a_share_of_zero` checks, for those who read the JSON schema.
    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"schedule": {"const": "exponential"}}},
            "then": {"properties": {key: {"exclusiveMinimum": 0} for key in ("from", "to")}},
        }
    )

    schedule: Literal["linear", "cosine", "exponential"] = Field(
        description="The course between both ends; exponential: the same factor for every sample."
    )
    start: float = Field(alias="from", ge=0, description="The value until `after` samples.")
    end: float = Field(alias="to", ge=0, description="The value from `after` + `over` samples on.")
    after: float = Field(
        default=0.0, ge=0, description="Samples (steps x batch size) before it begins to move."
    )
    over: Annotated[float, Field(gt=0)] | Literal["run"] = Field(
        description="Samples until the end is reached; run: all that the run has left."
    )

    @model_validator(mode="after")
    def _nothing_is_a_share_of_zero(self) -> Self:
        if self.schedule == "exponential" and not (self.start and self.end):
            raise ValueError(
                f"an exponential schedule cannot run from {self.start} to {self.end}; make both "
                "above 0, or choose linear or cosine"
            )
        return self

    def at(self, samples: int) -> float:
        """Return the value after a number of samples; `over` has to be a number (`timed`)."""
        assert self.over != "run"
        moved = samples - self.after
        if moved >= self.over:
            return self.end
        progress = max(0.0, moved) / self.over
        if self.schedule == "exponential":
            # Through the logarithms, as the quotient of both ends may be no finite number.
            low, high = math.log(self.start), math.log(self.end)
            return self.start * math.exp(progress * (high - low))
        if self.schedule == "cosine":
            progress = (1 - math.cos(math.pi * progress)) / 2
        return self.start + (self.end - self.start) * progress


_NUMBER, _SCHEDULE = "(number)", "(schedule)"

UNION_TAGS = frozenset({_NUMBER, _SCHEDULE})
"""What pydantic puts into an error's location for `Scheduled`; no part of a field's path."""

Scheduled = Annotated[
    Annotated[float, Field(ge=0), Tag(_NUMBER)] | Annotated[Schedule, Tag(_SCHEDULE)],
    Discriminator(lambda value: _SCHEDULE if isinstance(value, (dict, Schedule)) else _NUMBER),
]
"""A number, or a mapping that schedules it."""


def value_at(value: float | Schedule, samples: int) -> float:
    """Return a scheduled number's value after a number of samples."""
    return value.at(samples) if isinstance(value, Schedule) else value


def timed(config: AnyModel, samples: int) -> AnyModel:
    """Return a config whose schedules that end with the run have a number in place of ``run``.

    Args:
        config: Any config; its schedules may lie anywhere in it.
        samples: All samples of the run.

    Raises:
        ValueError: A schedule begins where the run has ended.
    """
    result: AnyModel = _timed(config, samples)
    return result


def _timed(value: Any, samples: int) -> Any:
    if isinstance(value, Schedule) and value.over == "run":
        if value.after >= samples:
            raise ValueError(
                f"a schedule that begins after {value.after:g} samples cannot end with the run, "
                f"which has {samples:,}; begin earlier, or train for more steps"
            )
        return value.model_copy(update={"over": samples - value.after})
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        changed = {name: _timed(field, samples) for name, field in fields.items()}
        return value.model_copy(
            update={name: field for name, field in changed.items() if field is not fields[name]}
        )
    if isinstance(value, dict):
        return {key: _timed(item, samples) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_timed(item, samples) for item in value)
    return value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


AsTuple = BeforeValidator(_tuple)
"""Lets a strict tuple be given as the list that YAML and JSON have."""

Side = Annotated[int, Field(ge=1, le=65536)]
"""A side of an image, its channels, or the length of a vector."""

OptionalCadence = Annotated[int, Field(ge=0, le=10**12)]
"""A number of steps between two events; 0 for never."""
