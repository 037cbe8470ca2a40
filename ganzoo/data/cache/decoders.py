"""Decoding in several processes."""

import json
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable

from ganzoo.data.cache.task import Bad, Task
from ganzoo.errors import GanzooError

MOST = 8
"""Processes; more of them wait for the disk."""


class NoHelpError(Exception):
    """Other processes cannot do this work; this one may, or tells better what is wrong."""


def default_processes() -> int:
    """Return how many processes may decode: the cores that this one may use, within reason."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MOST)


def decode_in(
    processes: int, task: Task, chunks: Iterable[int], held: int | None
) -> Generator[tuple[int, Bad], None, None]:
    """Decode chunks in several processes, and yield each with its bad samples when it is done.

    They inherit the file `held` with its lock, which is then held until they end even if this
    process is killed.

    Raises:
        NoHelpError: They cannot be started, the dataset cannot be sent to them, or decoding
            raises something.
        GanzooError: A process was killed.
    """
    try:
        message = pickle.dumps(task)
    except Exception as error:
        raise NoHelpError(f"{type(error).__name__}: {error}") from error
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for chunk in chunks:
        waiting.put(chunk)
    left = waiting.qsize()
    answers: queue.SimpleQueue[tuple[int, Bad] | Exception] = queue.SimpleQueue()
    workers: list[subprocess.Popen[bytes]] = []
    threads = []
    try:
        for _ in range(min(processes, left)):
            try:
                workers.append(_start(held))
            except OSError as error:
                raise NoHelpError(f"they cannot be started: {error.strerror}") from error
            arguments = (workers[-1], message, waiting, answers)
            threads.append(threading.Thread(target=_serve, args=arguments, daemon=True))
            threads[-1].start()
        while left:
            answer = answers.get()
            if isinstance(answer, Exception):
                raise answer
            yield answer
            left -= 1
    finally:
        for worker in workers:
            worker.kill()
        for thread in threads:
            if thread.is_alive():  # else it has ended, or an interrupt came while it was started
                thread.join()


def _start(held: int | None) -> "subprocess.Popen[bytes]":
    # The modules that this process finds are found there too, and no others.
    program = (
        f"import sys; sys.path[:] = {sys.path!r}; from ganzoo.data.cache.worker import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=() if held is None else (held,),
        # An interrupt from the terminal is for this process alone, which then ends them.
        start_new_session=True,
    )


def _serve(
    worker: "subprocess.Popen[bytes]",
    message: bytes,
    waiting: "queue.SimpleQueue[int]",
    answers: "queue.SimpleQueue[tuple[int, Bad] | Exception]",
) -> None:
    """Give one process the task, and chunks as long as there are any; see it end."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        with worker, worker.stdin as requests:
            requests.write(b"%d\n" % len(message) + message)
            while True:
                try:
                    chunk = waiting.get_nowait()
                except queue.Empty:
                    return
                requests.write(b"%d\n" % chunk)
                requests.flush()
                line = worker.stdout.readline()
                if not line.endswith(b"\n"):
                    break
                answer = json.loads(line)
                if "fault" in answer:
                    answers.put(NoHelpError(answer["fault"]))
                    return
                answers.put((chunk, [(index, cause) for index, cause in answer["bad"]]))
    except OSError:
        pass  # it has closed its end
    code = worker.wait()
    end = f"signal {-code}" if code < 0 else f"exit code {code}"
    answers.put(
        GanzooError(
            f"a process that decodes samples ended ({end}), as happens when memory is short; "
            "what is decoded is kept: free some memory and run this again"
        )
    )
