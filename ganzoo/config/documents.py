"""Reading configs from YAML, JSON and TOML files, and writing YAML."""

import io
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError, brief

MAX_BYTES = 100_000
"""A larger config file is refused: it is something else, and YAML takes a second for 50,000."""

MAX_VALUES = 10_000
"""A config of more values is refused: none has a hundredth, and each costs time to check."""

MAX_DEPTH = 32
"""One that nests deeper is refused: it could not be written again, or shown."""

MAX_DIGITS = 300
"""A whole number of more is refused: Python does not write thousands, and no float is larger."""


def read(path: Path) -> dict[str, Any]:
    """Read a config file as plain values.

    Args:
        path: A ``.yaml``, ``.yml``, ``.json`` or ``.toml`` file.

    Raises:
        ConfigError: The file is missing, of another kind, too large or malformed.
    """
    # The functions of os.path say no, where methods of a path raise, to what cannot be a path.
    if os.path.isdir(path):
        raise ConfigError(f"{path} is a folder, not a config file; name a .yaml, .json or .toml")
    if not os.path.isfile(path):
        raise ConfigError(f"there is no config file {path}")
    parse = PARSERS.get(path.suffix.lower())
    if parse is None:
        raise ConfigError(
            f"{path} does not have the name of a config file, which ends in {', '.join(PARSERS)}"
        )
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{path} has over {MAX_BYTES:,} bytes: that is not a config file")
    try:
        values = parse(path.read_text(encoding="utf-8-sig"))
        check_values(values)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is malformed: {brief(error, 500)}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold a mapping of sections, not {_kind(values)}")
    return values


def parse_json(text: str) -> Any:
    """Parse JSON that means the same to every reader, and can be written again.

    Raises:
        ValueError: It is malformed, gives a field twice, or has a number without a finite value.
    """
    return json.loads(
        text, parse_constant=_finite, parse_float=_finite, object_pairs_hook=unique_fields
    )


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.30} is not a finite number")
    return number


def unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a mapping of what JSON holds, which no two readers may understand differently.

    Raises:
        ValueError: A field is given twice.
    """
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            raise ValueError(f"{key!r:.60} is given twice")
        fields[key] = value
    return fields


def check_values(values: Any, most: int = MAX_VALUES) -> None:
    """Check what no schema bounds, before anything else walks through the values.

    Raises:
        ValueError: They are too many or too deep in each other, a number has too many digits, a
            key is not a text, or a text cannot be written.
    """
    level, count = [values], 0
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > most:
            raise ValueError(f"it holds over {most:,} values")
        for item in level:
            if isinstance(item, int) and abs(item) >= 10**MAX_DIGITS:
                raise ValueError(f"a number has over {MAX_DIGITS} digits")
            if isinstance(item, dict) and not all(isinstance(key, str) for key in item):
                raise ValueError("a mapping has a key that is not text")
        try:
            "".join(item for item in level if isinstance(item, str)).encode()
        except UnicodeEncodeError:
            raise ValueError("it holds an incomplete Unicode character") from None
        inner = chain.from_iterable(map(_inside, level))
        level = [*islice(inner, most + 1)]  # as one list may be referred to from many places
        if not level:
            return
    raise ValueError(f"it nests over {MAX_DEPTH} levels deep")


def _inside(value: Any) -> Iterable[Any]:
    match getattr(value, "id", None):  # of a node of YAML
        case "mapping":
            return chain.from_iterable(value.value)
        case "sequence":
            return value.value  # type: ignore[no-any-return]
    if isinstance(value, dict):
        return chain(value, value.values())
    return value if isinstance(value, list | tuple | set) else ()


def parse_yaml(text: str) -> Any:
    """Parse YAML 1.2, where ``2e-4`` is a number and ``no`` is a string.

    Raises:
        ValueError: The text is malformed, or stands for too many values.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    try:
        anchors = set()
        depth = 0  # with whose square the time grows
        for event in YAML(typ="safe", pure=True).parse(text):
            anchor = None if isinstance(event, AliasEvent) else getattr(event, "anchor", None)
            if anchor and anchor in anchors:  # for which the library only warns
                raise ValueError(f"the anchor &{anchor} is given twice")
            anchors.add(anchor)
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"it nests over {MAX_DEPTH} levels deep")
        constructor, _ = YAML(typ="safe", pure=True).get_constructor_parser(text)
        node = constructor.composer.get_single_node()
        check_values(node)  # before any of it is made, as a reference may stand for much
        return None if node is None else constructor.construct_document(node)
    except YAMLError as error:
        problem = getattr(error, "problem", None) or str(error)
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise ValueError(f"{problem}{where}") from error
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError) as error:
        # Of the library itself, for a tag or an escape of what it does not expect.
        raise ValueError(f"a value cannot be read ({type(error).__name__})") from error


PARSERS: dict[str, Callable[[str], Any]] = {
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".json": parse_json,
    ".toml": tomllib.loads,
}
"""By the ending of the file's name."""


def dump_yaml(values: dict[str, Any], *, width: int = 100) -> str:
    """Write plain values as YAML: mappings as blocks, lists of other things on one line.

    Args:
        values: What JSON can hold.
        width: Longer lines are broken, where that can be done.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedSeq
    from ruamel.yaml.representer import RoundTripRepresenter

    class Representer(RoundTripRepresenter):
        """One of our own, as adding to the library's would change it for everybody."""

    def null(representer: Representer, _: None) -> Any:
        return representer.represent_scalar("tag:yaml.org,2002:null", "null")

    def text(representer: Representer, value: str) -> Any:
        # The library leaves some texts without the quotes that they need to be read again; and to
        # readers of YAML 1.1, as the Hub's own client, some words and digits are no texts.
        plain = re.fullmatch(r"(?!\.?\d)[\w./~][\w./~-]*", value, re.ASCII)
        switch = re.fullmatch("y|n|yes|no|on|off", value, re.IGNORECASE)
        style = None if plain and not switch else '"'
        return representer.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    def number(representer: Representer, value: float) -> Any:
        node = representer.represent_float(value)
        if re.fullmatch(r"-?\d+e.*", node.value):
            node.value = node.value.replace("e", ".0e")  # which is a text in YAML 1.1 without
        return node

    Representer.add_representer(type(None), null)
    Representer.add_representer(str, text)
    Representer.add_representer(float, number)

    def styled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: styled(item) for key, item in value.items()}
        if isinstance(value, list):
            items = CommentedSeq(map(styled, value))
            if not any(isinstance(item, dict) for item in value):
                items.fa.set_flow_style()
            return items
        return value

    writer = YAML()
    writer.width = width
    writer.Representer = Representer
    stream = io.StringIO()
    writer.dump(styled(values), stream)
    return stream.getvalue()


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else f"the value {str(value)[:40]!r}"
