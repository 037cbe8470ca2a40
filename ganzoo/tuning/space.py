"""The values that a sweep may give to the fields of a config, as they are written."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.config.written import Written
from ganzoo.errors import ConfigError

FORMS = "1e-5..1e-2 for numbers, 32..128 for whole ones, or hinge,non-saturating for a choice"

ALIKE = ("evaluation", "data", "training.steps", "steps")
"""Sections and fields that have to be the same in all trials, so that their scores compare."""

LOG_RATIO = 10
"""Floats whose ends are at least this factor apart are drawn on a logarithmic scale."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, which belong to it.

    Attributes:
        low: The lower end.
        high: The upper end.
        log: Whether equal factors, and not equal differences, are equally likely.
    """

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is of whole numbers."""
        return isinstance(self.low, int)

    def probes(self) -> tuple[Any, ...]:
        """Values that have to be allowed for the rest to be."""
        return (self.low, self.high)

    def __str__(self) -> str:
        return f"{self.low!r}..{self.high!r}"


@dataclass(frozen=True)
class Choice:
    """One of some values.

    Attributes:
        values: Which JSON can hold; as they were written until a plan knows their field.
    """

    values: tuple[Any, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as texts, which is what a study keeps."""
        return tuple(map(label, self.values))

    def probes(self) -> tuple[Any, ...]:
        """Values that have to be allowed."""
        return self.values

    def __str__(self) -> str:
        return ",".join(self.labels)


Dimension = Range | Choice
Space = dict[str, Dimension]


def label(value: Any) -> str:
    """Write a value of a choice."""
    return value if isinstance(value, str) else json.dumps(value)


def parse_dimension(key: str, text: str) -> Dimension:
    """Read the values that a field may have.

    Args:
        key: The field, for the message.
        text: ``a..b`` or ``x,y,z``. Floats are drawn on a logarithmic scale where both are above 0
            and at least a factor of `LOG_RATIO` apart; ints give whole numbers. What stands between
            the commas of a choice, outside of brackets, is as after the = of an override.

    Raises:
        ConfigError: It is neither.
    """
    if found := _RANGE.fullmatch(text):
        return _range(key, text, *found.groups())
    values = [Written(item.strip(), key) for item in _between_commas(text)]
    if len(values) > 1 and not all(values):
        raise _not_a_space(key, text, "there is nothing between two commas")
    if len(values) < 2:
        why = (
            "both ends of a range are numbers"
            if ".." in text
            else "one value leaves nothing to vary"
        )
        raise _not_a_space(key, text, why)
    if len(set(values)) < len(values):
        raise _not_a_space(key, text, "a value is repeated")
    return Choice(tuple(values))


def _between_commas(text: str) -> list[str]:
    """Split a text at its commas, but for those inside brackets."""
    items, depth = [""], 0
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and depth <= 0:
            items.append("")
        else:
            items[-1] += sign
    return items


def _range(key: str, text: str, first: str, second: str) -> Range:
    if _WHOLE.fullmatch(first) and _WHOLE.fullmatch(second):
        low, high, log = int(first), int(second), False
        return _ordered(key, text, Range(low, high, log))
    start, end = float(first), float(second)
    if not (math.isfinite(start) and math.isfinite(end)):
        raise _not_a_space(key, text, "an end is not a finite number")
    return _ordered(key, text, Range(start, end, log=start > 0 and end / start >= LOG_RATIO))


def _ordered(key: str, text: str, made: Range) -> Range:
    if made.low >= made.high:
        raise _not_a_space(key, text, "the lower end comes first")
    return made


def _not_a_space(key: str, text: str, why: str) -> ConfigError:
    return ConfigError(f"--over {key}: {text!r} is not a set of values ({why}); write {FORMS}")


def parse_space(over: Mapping[str, str | Dimension]) -> Space:
    """Read the values of several fields by their keys.

    Raises:
        ConfigError: There is none, or one is not a field that a sweep may vary.
    """
    if not over:
        raise ConfigError(
            "a sweep needs something to vary; give it with --over, for example --over "
            "optimizers.generator.lr=1e-5..1e-2"
        )
    space = {}
    for key, values in over.items():
        if key.partition(".")[0] in ALIKE or key in ALIKE:
            raise ConfigError(
                f"--over {key}: trials that are scored differently, at other steps or on other "
                f"data cannot be compared; set it for all of them with {key}=VALUE"
            )
        space[key] = parse_dimension(key, values) if isinstance(values, str) else values
    return space


def split_over(texts: list[str] | None) -> dict[str, str]:
    """Tell keys from values in what ``--over`` was given.

    Raises:
        ConfigError: One has no key, or a key is given twice.
    """
    found: dict[str, str] = {}
    for text in texts or []:
        key, separator, values = (part.strip() for part in text.partition("="))
        if not separator or not all(key.split(".")):
            raise ConfigError(
                f"--over {text!r} is not of the form KEY.SUB=VALUES, as in "
                "optimizers.generator.lr=1e-5..1e-2"
            )
        if key in found:
            raise ConfigError(f"--over {key} is given twice")
        found[key] = values
    return found
