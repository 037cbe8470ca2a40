"""Scores beside the weights that they are of: in ``config.json`` and the card."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ganzoo.aside import write_text
from ganzoo.errors import RequestError
from ganzoo.weights.card import write_card
from ganzoo.weights.description import CONFIG_FILE, Info, Record, read_info
from ganzoo.weights.locating import weights_folder
from ganzoo.weights.metadata import read_card
from ganzoo.weights.reading import FolderFiles
from ganzoo.weights.reference import Place, Repository, parse
from ganzoo.weights.saving import CARD_FILE

SAME = ("protocol", "seed", "weights")
"""What two records have in common that are of the same measurement."""


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


def add_scores(folder: Path, records: Sequence[Record]) -> Info:
    """Write scores into the ``config.json`` of a weights folder, and nothing else there.

    A record of the same measurement (protocol, seed and weights) is replaced; others stay.

    Returns:
        What the folder tells now.

    Raises:
        ganzoo.errors.WeightsError: Its ``config.json`` will not do; nothing is written.
    """
    info = read_info(FolderFiles(folder))
    kept = [old for old in info.scores if not any(_same(old, new) for new in records)]
    scores = [*kept, *map(dict, records)]
    # Not what was read into `info`, as that may have been brought to a newer format.
    values = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    text = json.dumps({**values, "scores": scores}, indent=2, ensure_ascii=False)
    write_text(folder / CONFIG_FILE, text + "\n")
    return info.model_copy(update={"scores": scores})


def _same(old: Record, new: Record) -> bool:
    return all(old.get(key) == new.get(key) for key in SAME)
