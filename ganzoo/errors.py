"""The errors that ganzoo raises on purpose; each message is one sentence for a person."""

import difflib
from collections.abc import Iterable


class GanzooError(Exception):
    """The work failed; the command line exits with 1.

    Attributes:
        exit_code: Of the command line.
        shared: Whether all processes of a run meet it alike, so that one on each machine tells it.
    """

    exit_code = 1
    shared = False


class RequestError(GanzooError):
    """The request was wrong, and nothing was started; the command line exits with 2."""

    exit_code = 2


class ConfigError(RequestError):
    """A config, or a value in it, is not allowed."""


class PluginError(RequestError):
    """A plugin is unknown, ambiguous or broken."""


class WeightsError(RequestError):
    """A reference names no weights, or the weights do not fit the network that they name."""


class DataError(RequestError):
    """A data source cannot be read."""


class RunError(RequestError):
    """A run folder, or one of its checkpoints, cannot be used as asked."""


class HubError(GanzooError):
    """The Hugging Face Hub could not be asked, or did not do it; what was there stays as it was.

    Attributes:
        status: The HTTP status of its answer; 0 where it gave none.
        unreachable: Whether it could not answer, so that the same may succeed at another time.
    """

    def __init__(self, message: str, *, status: int = 0, unreachable: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.unreachable = unreachable


class HubRequestError(HubError, RequestError):
    """The Hub refused: there is no such repository or revision, or this user may not."""

    exit_code = 2


class TrainingError(GanzooError):
    """Training had to stop, as on a loss that is no longer finite."""


def brief(text: object, most: int = 200) -> str:
    """Quote what may come from a file that is not trusted: one line, of printable characters.

    Args:
        text: What is quoted; an error without words is told by its kind.
        most: How many characters at most.
    """
    line = " ".join(str(text)[: 4 * most].split())[:most]
    if not line and isinstance(text, BaseException):
        line = type(text).__name__
    return line if line.isprintable() else ascii(line)[1:-1]


def closest(name: str, known: Iterable[str]) -> str:
    """Say which known names are meant, for the end of an error message.

    Returns:
        ``"; did you mean 'dcgan'?"`` where a name is close, and in any case what is allowed.
    """
    names = sorted(known)
    spellings = {item.lower(): item for item in names}
    near = name.lower() if len(name) <= 100 else ""  # as the cost grows with the square
    matches = difflib.get_close_matches(near, spellings, n=2)
    hint = " or ".join(repr(spellings[match]) for match in matches)
    hint = f"; did you mean {hint}?" if hint else ""
    return f"{hint} (available: {', '.join(names) or 'none'})"
