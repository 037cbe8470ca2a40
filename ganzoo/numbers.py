"""Numbers that a caller gives: of any type that holds one, and of no other."""

import operator
from collections.abc import Callable
from typing import Any, TypeVar

from ganzoo.errors import RequestError

N = TypeVar("N")


def whole_of(value: Any) -> int | None:
    """Return an integer of any type as one of Python's; None for all else, bools included."""
    return _converted(operator.index, value)


def whole_number(name: str, value: object, least: int = 1, most: int | None = None) -> int:
    """Return an integer of any type, within bounds, as one of Python's; else raise RequestError."""
    number = whole_of(value)
    if number is None or number < least or (most is not None and number > most):
        allowed = f"of at least {least}" if most is None else f"between {least} and {most}"
        shown = repr(value) if number is None else str(number)
        raise RequestError(f"{name} is {shown:.100}; it must be a whole number {allowed}")
    return number


def number_of(value: Any) -> float | None:
    """Return a number of any type as a float; None for all else, texts and bools included."""
    return None if isinstance(value, (str, bytes)) else _converted(float, value)


def _converted(convert: Callable[[Any], N], value: Any) -> N | None:
    """Convert one number; None for bools, arrays, and what is not a number."""
    kind = str(getattr(value, "dtype", ""))
    if isinstance(value, bool) or "bool" in kind or getattr(value, "ndim", 0) != 0:
        return None
    try:
        return convert(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last of meta tensors
        return None
