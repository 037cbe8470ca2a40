"""A process that decodes chunks for another: a task comes in, then numbers of chunks.

It is a program of its own, and nothing of the user's main script is imported in it, so that no
script needs a guard. It ends with its input; see `ganzoo.data.cache.decoders` for the other end.
"""

import json
import os
import pickle
import sys

from ganzoo.data.cache.task import Task


def main() -> None:
    """Answer each chunk's number by a line: its bad samples, or what went wrong."""
    # What a dataset prints is no answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    size = requests.readline()
    if not size:
        return  # who started this was interrupted before it could ask
    # All of it before it is looked at, so that what cannot be loaded is not taken for requests.
    message = requests.read(int(size))
    task = fault = None
    try:
        loaded = pickle.loads(message)  # of our own parent, as multiprocessing does it
        assert isinstance(loaded, Task)
        task = loaded
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    try:
        for line in requests:
            answer = {"fault": fault} if task is None else _answer(task, int(line))
            print(json.dumps(answer), file=answers, flush=True)
    except BrokenPipeError:
        os._exit(1)  # who asked is gone, and nobody is to be told


def _answer(task: Task, chunk: int) -> dict[str, object]:
    try:
        return {"bad": task.decode(chunk)}
    except Exception as error:
        return {"fault": f"{type(error).__name__}: {error}"}
