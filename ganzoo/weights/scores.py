"""Records of scores in ``config.json``: what they say, and adding to them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.weights.description import CONFIG_FILE, Info, read_info
from ganzoo.weights.files import write_text
from ganzoo.weights.reading import FolderFiles

Record = Mapping[str, Any]

SAME = ("protocol", "seed", "weights")
"""What two records have in common that are of the same measurement."""


def flat_record(record: Record) -> dict[str, Any]:
    """Lay the fields of a record's protocol beside its others; one without stays as it is.

    Records come from files that are not trusted, so that any field may be missing or odd.
    """
    protocol = record.get("protocol")
    if not isinstance(protocol, Mapping):
        return dict(record)
    return {**protocol, **{key: value for key, value in record.items() if key != "protocol"}}


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
