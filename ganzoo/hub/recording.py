"""Keeping scores with the weights that they are of."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganzoo.errors import RequestError
from ganzoo.hub.card import write_card
from ganzoo.hub.metadata import read_card
from ganzoo.hub.reference import Place, Repository, parse
from ganzoo.weights.files import write_text
from ganzoo.weights.locating import weights_folder
from ganzoo.weights.reading import FolderFiles
from ganzoo.weights.saving import CARD_FILE
from ganzoo.weights.scores import Record, add_scores


def own_folder(reference: str | os.PathLike[str]) -> Path:
    """Find the weights folder that scores can be written into.

    Raises:
        RequestError: It names weights that are not in a folder of the user's own.
        ganzoo.errors.WeightsError: There are no such weights.
    """
    place = parse(reference)
    if isinstance(place, Place):
        return weights_folder(place.path)
    if isinstance(place, Repository):
        raise RequestError(
            f"scores are saved into a local folder, and {place} is on the Hub; pull it first: "
            f"ganzoo pull {place} ./{place.name.rpartition('/')[2]}"
        )
    raise RequestError(
        f"scores are saved into a local folder, and {reference} comes with ganzoo; give a "
        "weights folder or a run"
    )


def save_scores(folder: Path, records: Sequence[Record]) -> None:
    """Write scores into the config.json and the card of a weights folder.

    Raises:
        ganzoo.errors.WeightsError: The folder's config.json or card cannot be read.
    """
    store = FolderFiles(folder)
    there = store.sizes()
    existing = read_card(store) if CARD_FILE in there else ""
    info = add_scores(folder, records)
    write_text(folder / CARD_FILE, write_card(info, "./folder", there, existing=existing))
