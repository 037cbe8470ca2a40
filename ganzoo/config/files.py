"""Reading configs from YAML, JSON and TOML files and from ``key.sub=value``, and writing YAML."""

import io
import json
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError

MAX_BYTES = 1_000_000
"""A larger config file is refused: it is something else."""


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
            f"{path} is no config file by its name; such a file ends in {', '.join(PARSERS)}"
        )
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{path} has over {MAX_BYTES:,} bytes: that is no config file")
    try:
        values = parse(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is malformed: {_one_line(error)}") from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f"{path} must hold a mapping of sections, not {_kind(values)}")
    return values


def parse_yaml(text: str) -> Any:
    """Parse YAML 1.2, where ``2e-4`` is a number and ``no`` is a string.

    Raises:
        ValueError: The text is malformed.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
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
    ".json": json.loads,
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


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``key.sub=value`` and read the value as YAML.

    Raises:
        ConfigError: There is no ``=``, an empty key, or the value is malformed.
    """
    key, separator, value = text.partition("=")
    if not separator or not all(part.strip() for part in key.split(".")):
        raise ConfigError(f"{text!r} is not of the form key.sub=value, as in training.steps=2000")
    try:
        return key.strip(), parse_yaml(value) if value else ""
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{key}: {value!r} cannot be read: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping with keys that are no text"
    return "a list" if isinstance(value, list) else f"the value {str(value)[:40]!r}"
