"""``data cache``: what ganzoo keeps on disk, and taking it away."""

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.common import AsJson, echo

if TYPE_CHECKING:
    from ganzoo.data.cache.entries import Entry

SECONDS_OF_A_DAY = 86_400


def cache(
    evict: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Remove an entry by its name, or the start of it."),
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option(metavar="DAYS", min=0, help="Remove entries unused for this long."),
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Remove entries that were never finished.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove everything that ganzoo can make again.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--verify", help="Check all digests, and remove damaged entries.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the cache, check it, or remove entries.

    Entries that a running process uses stay. Downloads and files of your own, such as those in
    torchvision/ and extractors/, are removed only by name.
    """
    from ganzoo.data.cache import cache_folder
    from ganzoo.data.cache.entries import entries, entry_named, verify
    from ganzoo.data.progress import size_text
    from ganzoo.errors import RequestError

    if sum((bool(evict), older_than is not None, unfinished, everything, check)) > 1:
        raise RequestError(
            "give only one of --evict, --older-than, --unfinished, --all and --verify"
        )
    taking = bool(evict) or older_than is not None or unfinished or everything or check
    if check:
        count, faults = verify()
        echo(f"{count:,} checked, {len(faults):,} damaged", err=True)
        for entry, cause in faults.items():
            echo(f"{entry.name} is damaged: {cause}", err=True)
        chosen = _taken_away(list(faults), keep_used=True)
    elif evict:
        chosen = _taken_away(
            list({found.name: found for found in map(entry_named, evict)}.values())
        )
    elif taking:
        since = time.time() - (older_than or 0) * SECONDS_OF_A_DAY
        candidates = [
            entry
            for entry in entries()
            if entry.made_again
            and (entry.state == "unfinished" or not unfinished)
            and (older_than is None or entry.used < since)
        ]
        chosen = _taken_away(candidates, keep_used=True)
    else:
        chosen = entries()
    size = sum(entry.size for entry in chosen)
    if as_json:
        values = {"folder": str(cache_folder()), "evicted": taking, "size": size}
        echo(json.dumps({**values, "entries": [_values(e) for e in chosen]}, indent=2), lines=True)
        return
    width = max((len(entry.name) for entry in chosen), default=0)
    for entry in chosen:
        day = f"{datetime.fromtimestamp(entry.used):%Y-%m-%d}"
        line = f"{entry.name:{width}}  {size_text(entry.size):>9}  {day}  {entry.what}"
        echo(line.rstrip())
    did = "removed from" if taking else "in"
    echo(f"{size_text(size)} {did} {cache_folder()}", err=True)


def _taken_away(chosen: "list[Entry]", keep_used: bool = False) -> "list[Entry]":
    """Evict entries, and return those that were; one in use is an error, or stays with a note."""
    from ganzoo.data.cache.entries import evict
    from ganzoo.errors import RequestError

    gone = []
    for entry in chosen:
        try:
            evict(entry)
        except RequestError as error:
            if not keep_used:
                raise
            echo(f"note: {error}", err=True)
            continue
        gone.append(entry)
    return gone


def _values(entry: "Entry") -> dict[str, Any]:
    used = datetime.fromtimestamp(entry.used).astimezone().isoformat(timespec="seconds")
    return {
        **{key: getattr(entry, key) for key in ("name", "what", "state", "size", "made_again")},
        "last_used": used,
    }
