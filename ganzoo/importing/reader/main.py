"""The program that reads one file and prints what it holds as JSON.

Started as ``python -I -S -c "...; main()" FILE``. It prints one object: ``{"refused": "..."}`` with
the end of a sentence, or the file's ``kind``, its ``root`` as
`ganzoo.importing.reader.resolving.Plain`, its ``tensors`` as [type, first byte, shape, strides],
and the ``names`` that unpickling would have imported.
"""

from __future__ import annotations

import json
import mmap
import os
import sys

from ganzoo.importing.reader import bounds
from ganzoo.importing.reader.containers import File
from ganzoo.importing.reader.kinds import kind_of
from ganzoo.importing.reader.values import RefusedError

RECURSION = 20 * bounds.DEPTH
"""Calls in calls: resolving takes a handful for each level, and so does writing JSON."""


def main(path: str) -> None:
    """Print what a file holds, and end the process."""
    sys.setrecursionlimit(RECURSION)
    try:
        answer = _read(path)
    except RefusedError as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {
            "refused": f"reading it takes over {bounds.BYTES // 10**6} MB beyond its own size"
        }
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # what was made is nested as deep as the file asked, and is not taken apart again


def _read(path: str) -> dict[str, object]:
    size = os.stat(path).st_size
    if not size:
        raise RefusedError("it is empty, as the download did not finish; download it again")
    _limit(size)
    with open(path, "rb") as opened:
        data = memoryview(mmap.mmap(opened.fileno(), size, access=mmap.ACCESS_READ))
    kind = kind_of(data)
    file = File(data)
    root = file.read(kind)
    return {"kind": kind, "root": root, "tensors": file.tensors.places(), "names": file.names}


def _limit(size: int) -> None:
    """Limit this process's memory and time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows; the parent still ends it after its time
        return
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.SECONDS, bounds.SECONDS))
    # Of macOS it is not kept, and may be refused.
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (size + bounds.BYTES, size + bounds.BYTES))
