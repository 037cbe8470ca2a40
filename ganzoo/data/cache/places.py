"""Where decoded data lies, and the names of what is in there."""

import os
from pathlib import Path

CACHE_VARIABLE = "GANZOO_CACHE"
"""Environment variable: where decoded data is kept."""

STORES = "data"
"""The sub-folder of stores."""

UNFINISHED = ".unfinished"
"""What the name of a store ends with until all is decoded."""

LOCK = ".lock"
"""What the name of the file ends with that is locked while a store is made."""

SAMPLES, LABELS, META, JOURNAL = "samples.npy", "labels.npy", "meta.json", "journal.jsonl"


def cache_folder() -> Path:
    """Return where decoded data is kept: $GANZOO_CACHE, else the user's cache folder."""
    if place := os.environ.get(CACHE_VARIABLE):
        return Path(place).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "ganzoo"
