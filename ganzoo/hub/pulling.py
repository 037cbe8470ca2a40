"""Bringing weights from the Hub into a folder of one's own."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ganzoo.aside import aside, folder_aside
from ganzoo.errors import GanzooError, RequestError
from ganzoo.hub.loading import open_weights
from ganzoo.weights.description import CONFIG_FILE, MAX_CONFIG_BYTES, read_info
from ganzoo.weights.metadata import MAX_CARD_BYTES
from ganzoo.weights.saving import (
    CARD_FILE,
    MODEL_FILE,
    RECIPE_FILE,
    SHEET_FILE,
    network_files,
)
from ganzoo.weights.strict import load_network

BESIDE = {CARD_FILE: MAX_CARD_BYTES, SHEET_FILE: 50_000_000, RECIPE_FILE: MAX_CONFIG_BYTES}
"""What lies beside the weights, and how many bytes of each are taken at most."""


def pull(
    reference: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> Path:
    """Copy weights into a folder: config, networks, card, samples and recipe.

    Only the files of a weights folder are fetched, and each network has to load strictly before
    anything is written.

    Args:
        reference: As that of `load_generator`.
        folder: The weights folder to make.
        token: Of the Hub's user; None for the one that is logged in, False for none.
        cache_dir: Where files of the Hub are kept; its client's own cache where left out.
        local_files_only: Ask nothing of the Hub: what is in the cache has to do.

    Returns:
        The folder.

    Raises:
        RequestError: The folder holds something already.
        GanzooError: It cannot be written.
        ganzoo.errors.WeightsError: There are no such weights, or they do not fit.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """
    target = Path(folder).expanduser()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise RequestError(f"{folder} already exists; give a new folder for the weights")
    store = open_weights(reference, token, cache_dir, local_files_only=local_files_only)
    info, present = read_info(store), store.sizes()
    files = network_files(info.architecture.name)
    for name, file in files.items():
        if file in present or file == MODEL_FILE:
            load_network(store, name, info)
    limits = {CONFIG_FILE: MAX_CONFIG_BYTES, **BESIDE}
    paths = {
        name: store.fetch(name, largest=limits.get(name, present[name]))
        for name in (CONFIG_FILE, *files.values(), *BESIDE)
        if name in present
    }
    store.remember()
    try:
        _fill(target, paths)
    except OSError as error:
        raise GanzooError(
            f"{reference} could not be copied to {folder}: {error.strerror}; free some space, or "
            "give a folder that can be written"
        ) from error
    return target


def _fill(target: Path, paths: Mapping[str, Path]) -> None:
    """Copy files into a folder, so that one of that name is a whole weights folder or none."""
    if not target.exists():
        with folder_aside(target) as new:
            for name, path in paths.items():
                shutil.copyfile(path, new / name)
        return
    # An empty folder may be one that is mounted, or where a shell stands: it has to stay.
    try:
        for name in reversed(list(paths)):  # config.json last, which makes it a weights folder
            with aside(target / name) as file:
                shutil.copyfile(paths[name], file)
    except BaseException:
        for name in paths:
            (target / name).unlink(missing_ok=True)
        raise
