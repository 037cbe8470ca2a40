"""The metadata at the head of a card: YAML between two lines of ``---``."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from ganzoo.config.documents import dump_yaml, parse_yaml
from ganzoo.errors import WeightsError, brief
from ganzoo.weights.reading import WeightsFiles
from ganzoo.weights.saving import CARD_FILE

MAX_CARD_BYTES = 1_000_000
MAX_METADATA_CHARACTERS = 50_000

_HEAD = re.compile(
    r"\A\ufeff?\s*---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)


def read_card(store: WeightsFiles) -> str:
    """Read the text of a card; empty where there is none.

    Raises:
        WeightsError: It is too large, or no text.
        ganzoo.errors.HubError: It could not be fetched.
    """
    if CARD_FILE not in store.sizes(whole=False):
        return ""
    path = store.fetch(CARD_FILE, largest=MAX_CARD_BYTES)
    try:
        return path.read_bytes().decode()  # and not as text, so that its line ends stay
    except ValueError as error:
        raise WeightsError(f"{store.label(CARD_FILE)} is not UTF-8 text") from error


def split(card: str, label: str) -> tuple[dict[str, Any], str]:
    """Split a card into its metadata and its text.

    Returns:
        Values that JSON can hold, and the text below them.

    Raises:
        WeightsError: The metadata is no mapping, malformed, too long, or cannot be written again.
    """
    match = _HEAD.match(card)
    if match is None:
        return {}, card.removeprefix("\ufeff")
    try:
        if len(match[1]) > MAX_METADATA_CHARACTERS:
            raise ValueError(f"it is longer than {MAX_METADATA_CHARACTERS:,} characters")
        values = parse_yaml(match[1])
        values = {} if values is None else _plain(values)
        json.dumps(values, ensure_ascii=False).encode()  # a ValueError if it cannot be written
        if isinstance(values, dict):
            return values, card[match.end() :]
        problem = "is not a mapping of fields"
    except (ValueError, RecursionError) as error:
        problem = f"is malformed: {brief(error)}"
    raise WeightsError(f"the metadata at the head of {label} {problem}; correct it there")


def join_card(metadata: Mapping[str, Any], text: str) -> str:
    """Write a card of metadata and text."""
    # Unbroken, as not all readers join a text in the same way that is broken beside an escape.
    return f"---\n{dump_yaml(dict(metadata), width=MAX_CARD_BYTES)}---\n{text}"


def _plain(value: Any) -> Any:
    """Turn dates and the like into text, so that what is shown is what JSON can hold.

    Raises:
        ValueError: Two fields have the same name.
    """
    if isinstance(value, Mapping):
        fields = {str(key): _plain(item) for key, item in value.items()}
        if len(fields) != len(value):
            raise ValueError("two fields have the same name")
        return fields
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    plain = value is None or isinstance(value, int)
    return value if plain or (isinstance(value, float) and math.isfinite(value)) else str(value)
