"""Loads one hostile repository after another, and tells what came of each: run by the tests.

In a process of its own, as the most memory that it ever had is of interest. Reads from standard
input the cache, the ports, and the repositories; writes a line of JSON for each call.
"""

import json
import re
import sys
from pathlib import Path

import torch

from ganzoo import registry
from ganzoo.errors import GanzooError
from ganzoo.hub.loading import load_pair, pretrained_info
from ganzoo.hub.pulling import pull
from ganzoo.spec import Architecture
from tests.hub.watch import WATCH


def peak() -> int:
    """The most memory that this process had, in bytes.

    Not by the module resource, which counts the process that started this one until then.
    """
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def call(id: str, way: str, cache: Path, folder: Path) -> str:
    """Return the error, or nothing."""
    try:
        if way == "load_pair":
            load_pair(id, cache_dir=cache)
        elif way == "pretrained_info":
            pretrained_info(id, cache_dir=cache)
        else:
            pull(id, folder / id.replace("/", "-"), cache_dir=cache)
    except GanzooError as error:
        return str(error)
    except BaseException as error:
        return f"UNEXPECTED {type(error).__name__}: {error}"
    return ""


def main() -> None:
    asked = json.load(sys.stdin)
    cache, folder = Path(asked["cache"]), Path(asked["folder"])
    for name in registry.names("architectures"):
        for role in registry.get(Architecture, name).networks.values():
            registry.import_target(role.network)
    for way in asked["ways"]:
        call(asked["good"], way, cache, folder)
    torch.load = sys.exit
    print(json.dumps({"peak": peak()}))
    for id in asked["ids"]:
        for way in asked["ways"]:
            with WATCH.on((cache, folder), tuple(asked["ports"])):
                error = call(id, way, cache, folder)
            told = {"id": id, "way": way, "error": error, "seen": WATCH.seen}
            print(json.dumps(told | {"peak": peak()}), flush=True)


if __name__ == "__main__":
    main()
