"""What a terminal is shown."""

import unicodedata


def printable(text: object, *, lines: bool = False) -> str:
    """Write what could command a terminal as escapes: control characters, directions of writing."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if _harmless(c) or (lines and c == "\n") else ascii(c)[1:-1] for c in text)


def _harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"  # blanks of all kinds
