"""Values as a command line has them: texts, until the types of their fields tell what they mean."""

import types
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from ganzoo.config.documents import check_values, parse_yaml
from ganzoo.errors import ConfigError, brief


class Written(str):
    """What stands after the ``=`` of an override; as a text it is that, unchanged.

    Attributes:
        key: The field, for messages.
    """

    key: str

    def __new__(cls, text: str, key: str = "") -> "Written":
        """Keep a text, and what it is of."""
        written = super().__new__(cls, text)
        written.key = key
        return written

    @cached_property
    def value(self) -> Any:
        """What the text means as YAML.

        Raises:
            ConfigError: It is malformed.
        """
        try:
            value = parse_yaml(self) if self else ""
            check_values(value)
        except (ValueError, RecursionError) as error:
            problem = brief(error)
            raise ConfigError(f"{self.key}: {str(self)!r:.60} cannot be read: {problem}") from error
        return value


def parse_override(text: str) -> tuple[str, Written]:
    """Split ``key.sub=value``.

    Raises:
        ConfigError: There is no ``=``, or an empty key.
    """
    key, separator, value = text.partition("=")
    key = key.strip()
    if not separator or not all(part.strip() for part in key.split(".")):
        raise ConfigError(f"{text!r} is not of the form key.sub=value, as in training.steps=2000")
    return key, Written(value, key)


def settled(value: Any, *annotations: Any) -> Any:
    """Decide what every written value inside a value is, by the types that may stand there.

    Where a field holds text, or one of some texts, it is the text as it stands, but for ``null``
    where that is allowed; any other is read as YAML. Of a field that is unknown, as it may be one
    of a plugin that is not known yet, it stays as it is.

    Args:
        value: Anything; written values are looked for in mappings.
        *annotations: The types, of which models are looked into.

    Raises:
        ConfigError: A value is malformed.
    """
    kinds = [kind for annotation in annotations for kind in _alternatives(annotation)]
    if isinstance(value, Written) and kinds:
        if all(map(_is_text, kinds)):
            return None if value == "null" and type(None) in kinds else str(value)
        return value.value
    if isinstance(value, Mapping):
        return {key: settled(item, *_inside(kinds, key)) for key, item in value.items()}
    return value


def _is_text(kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return all(isinstance(choice, str) for choice in get_args(kind))
    return kind in (str, type(None))


def _alternatives(annotation: Any) -> list[Any]:
    """The types that an annotation allows, without what is said about them."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _alternatives(parts[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for part in parts for kind in _alternatives(part)]
    return [annotation]


def _inside(kinds: list[Any], key: str) -> Iterator[Any]:
    """The types that may stand at a key of values of some types."""
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                if key in (name, field.alias):
                    yield field.annotation
        elif len(get_args(kind)) == 2:  # a mapping
            yield get_args(kind)[1]
