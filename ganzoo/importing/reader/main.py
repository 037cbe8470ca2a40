"""The program that reads one file and prints what it holds as JSON.

Started as ``python -I -S -c "...; main()" FILE``. It prints one object: ``{"refused": "..."}`` with
the end of a sentence, or the file's ``kind``, its ``root`` as
`ganzoo.importing.reader.resolving.Plain`, its ``tensors`` as [type, first byte, shape, strides],
and the ``names`` that unpickling would have imported.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import sys

if sys.platform != "win32":
    import resource

from ganzoo.importing.reader import bounds
from ganzoo.importing.reader.containers import CheckpointFile
from ganzoo.importing.reader.kinds import container_of
from ganzoo.importing.reader.values import RefusedError

RECURSION = 20 * bounds.DEPTH
"""Calls in calls: resolving takes a handful for each level, and so does writing JSON."""


def main(path: str) -> None:
    """Print what a file holds, and end the process."""
    sys.setrecursionlimit(RECURSION)
    gc.disable()  # millions of values that all stay would be looked through again and again
    try:
        text = json.dumps(_read(path))
    except RefusedError as refused:
        text = _refusal(str(refused))
    except OSError as error:
        text = _refusal(f"it cannot be read ({error.strerror or error})")
    except MemoryError:
        text = _refusal(f"reading it takes over {bounds.BYTES // 10**6} MB beyond its own size")
    sys.stdout.write(text)
    sys.stdout.flush()
    os._exit(0)  # what was made is nested as deep as the file asked, and is not taken apart again


def _refusal(reason: str) -> str:
    return json.dumps({"refused": reason})


def _read(path: str) -> dict[str, object]:
    with open(path, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if not size:
            raise RefusedError("it is empty, as the download did not finish; download it again")
        data = memoryview(mmap.mmap(opened.fileno(), size, access=mmap.ACCESS_READ))
    _limit(size)
    kind = container_of(data)
    file = CheckpointFile(data)
    root = file.read(kind)
    return {"kind": kind, "root": root, "tensors": file.tensors.places(), "names": file.names}


def _limit(size: int) -> None:
    """Limit this process's memory and time, where the system can."""
    if sys.platform == "win32":  # the parent still ends it after its time
        return
    limits = {resource.RLIMIT_CPU: bounds.SECONDS}
    if sys.platform == "linux":  # macOS does not keep it, and may refuse it
        limits[resource.RLIMIT_AS] = size + bounds.BYTES
    for kind, most in limits.items():
        there = resource.getrlimit(kind)[1]
        if there == resource.RLIM_INFINITY or there > most:
            resource.setrlimit(kind, (most, most))
