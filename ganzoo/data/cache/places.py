"""Where decoded data lies, and the names of what is in there."""

import os
import shutil
from pathlib import Path

from ganzoo.errors import DataError

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


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def check_place(folder: Path) -> None:
    """Refuse a sub-folder of the cache that is elsewhere."""
    if leads_out(folder):
        raise DataError(
            f"{folder} is a link that leads out of the data cache; remove it, or set "
            f"{CACHE_VARIABLE} to the folder where the cache is to be"
        )


def leads_out(path: Path) -> bool:
    """Return whether a path in the cache is a link, or below one, that leads out of the cache."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(cache_folder()))
