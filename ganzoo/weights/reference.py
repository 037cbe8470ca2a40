"""What a reference to weights names."""

import os
import re
from pathlib import Path

from ganzoo import registry
from ganzoo.errors import PluginError, WeightsError, closest
from ganzoo.weights.info import CONFIG_FILE

RUN_WEIGHTS = "weights"
"""The weights folder inside a run folder."""

RUN_CONFIG = "config.yaml"
"""What makes a folder a run folder."""


def locate(reference: str | Path) -> Path:
    """Find the weights folder that a reference names.

    Args:
        reference: A weights folder or a run folder (``./path``, ``/path``, ``~/path``), or the
            tag of weights that come with an architecture (``architecture.tag``).

    Raises:
        WeightsError: There are no weights, or the reference is of another form.
    """
    text = os.fspath(reference)
    if isinstance(reference, str) and not is_path(text):
        return _bundled(text)
    # The functions of os.path say no, where methods of a path raise, to what cannot be a path.
    folder = Path(os.path.expanduser(text))
    if not os.path.exists(folder):
        raise WeightsError(f"there is no folder {text}")
    for place in (folder, folder / RUN_WEIGHTS):
        if os.path.isfile(place / CONFIG_FILE):
            return place
    if os.path.isfile(folder / RUN_CONFIG):
        raise WeightsError(
            f"the run {text} has no weights yet; train it to its end, or make them from a "
            f"checkpoint with: ganzoo export {text} FOLDER"
        )
    raise WeightsError(f"{text} is no weights folder and no run: it holds no {CONFIG_FILE}")


def is_path(text: str) -> bool:
    """Tell a path from a name: it begins with ``.``, ``/``, ``~`` or a drive letter."""
    return text.startswith((".", "/", "~")) or bool(re.match(r"[A-Za-z]:[\\/]", text))


def _bundled(text: str) -> Path:
    if os.path.isdir(text):
        raise WeightsError(f"{text!r} could be a folder or a name; for the folder write ./{text}")
    if "/" in text:
        raise WeightsError(
            f"{text!r} is not a path, as a path begins with ./, / or ~, and repositories on the "
            "Hugging Face Hub are not loaded by this version of ganzoo"
        )
    name, _, tag = text.rpartition(".")
    spellings = "a folder is written ./folder, and bundled weights architecture.tag"
    if not name:
        raise WeightsError(f"{text!r} names no weights; {spellings}")
    try:
        pretrained = registry.architecture(name).pretrained
    except PluginError as error:
        raise WeightsError(f"{text!r} names no weights ({error}); {spellings}") from error
    if tag not in pretrained:
        raise WeightsError(f"{name} comes with no weights {tag!r}{closest(tag, pretrained)}")
    return pretrained[tag].folder
