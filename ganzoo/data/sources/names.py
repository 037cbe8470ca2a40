"""Names of files: which are pictures', and how a person is shown one."""

from ganzoo.data.decoding import EXTENSIONS

PASSED_OVER = "__MACOSX"
"""The folder into which macOS puts what it alone understands."""


def is_picture(name: str) -> bool:
    """Tell whether a path, with ``/`` between its parts, is that of a picture that counts.

    Hidden files and folders, whose names begin with a dot, are passed over.
    """
    *folders, file = name.split("/")
    stem, dot, ending = file.rpartition(".")
    hidden = any(part == PASSED_OVER or part.startswith(".") for part in (*folders, file))
    return bool(stem) and f"{dot}{ending}".lower() in EXTENSIONS and not hidden


def printable(name: str) -> str:
    """Write what is no text in a name, as a byte that no encoding explains, as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
