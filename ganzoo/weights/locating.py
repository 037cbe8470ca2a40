"""Where weights lie on this machine: weights folders, runs, and those that come with plugins."""

import os
from pathlib import Path

from ganzoo import registry
from ganzoo.errors import PluginError, WeightsError, closest
from ganzoo.spec import Architecture, Pretrained
from ganzoo.weights.description import CONFIG_FILE
from ganzoo.weights.reading import check_inside

RUN_WEIGHTS = "weights"
"""The weights folder inside a run folder."""

RUN_CONFIG = "config.yaml"
"""What makes a folder a run folder."""


def weights_folder(path: str | Path) -> Path:
    """Find the weights folder that a path means: itself, or that of a run.

    Raises:
        WeightsError: There are no weights, or those of a run are a link that leads out of it.
    """
    text = os.fspath(path)
    # The functions of os.path say no, where methods of a path raise, to what cannot be a path.
    folder = Path(os.path.expanduser(text))
    if not os.path.exists(folder):
        raise WeightsError(f"there is no folder {text}")
    for place in (folder, folder / RUN_WEIGHTS):
        if os.path.isfile(place / CONFIG_FILE):
            if place != folder:
                check_inside(folder, RUN_WEIGHTS)
            return place
    if os.path.isfile(folder / RUN_CONFIG):
        raise WeightsError(
            f"the run {text} has no weights yet; train it to its end, or make them from a "
            f"checkpoint with: ganzoo export {text} FOLDER"
        )
    raise WeightsError(f"{text} is neither a weights folder nor a run: it has no {CONFIG_FILE}")


def run_of(path: str | Path) -> Path | None:
    """Find the run that a path is, or whose weights it is; None where there is none."""
    folder = Path(os.path.expanduser(os.fspath(path))).absolute()
    known = (f for f in (folder, folder.parent) if (f / RUN_WEIGHTS / CONFIG_FILE).is_file())
    return next((f for f in known if (f / RUN_CONFIG).is_file()), None)


def pretrained(architecture: str, tag: str) -> Pretrained:
    """Find weights that come with an architecture.

    Raises:
        WeightsError: There is no such architecture, or it has no such tag.
    """
    try:
        known = registry.get(Architecture, architecture).pretrained
    except PluginError as error:
        raise WeightsError(
            f"'{architecture}.{tag}' does not name weights ({error}); a folder is written "
            "./folder, weights that come with an architecture architecture.tag, and a repository "
            "on the Hugging Face Hub org/name"
        ) from error
    if tag not in known:
        raise WeightsError(f"{architecture} has no weights named {tag!r}{closest(tag, known)}")
    return known[tag]
