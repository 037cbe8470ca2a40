"""Trains in forked children that end themselves at a file event; tests start it as a process.

The parent imports everything and never trains, so that a child begins in no time. It reads jobs,
one JSON object a line, and answers each with the events that the child met.
"""

import json
import os
import signal
import sys
from pathlib import Path

CONFIG = {
    "architecture": {
        "name": "vanilla",
        "generator_widths": [8],
        "discriminator_widths": [8],
    },
    "data": {"source": "ring8", "samples": 64},
    "training": {
        "steps": 6,
        "batch_size": 8,
        "checkpoint_every": 2,
        "keep_checkpoints": 2,
        "sample_every": 3,
    },
    "evaluation": {"every": 3, "fakes": 64},
    "health": {"every": 0},
    "logging": {"every": 1},
}
KINDS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "ctypes.dlsym", "open"}


def contents(run: Path) -> dict[str, bytes]:
    """Return every file of a run, without the speeds in its log."""
    files = {str(p.relative_to(run)): p.read_bytes() for p in run.rglob("*") if p.is_file()}
    rows = [json.loads(line) for line in files.pop("log.jsonl").splitlines()]
    for row in rows:
        row.pop("steps_per_second", None)
    return {**files, "log.jsonl": json.dumps(rows).encode()}


class Witness:
    """Numbers the events that change files of a run, and kills this process at one of them.

    Args:
        run: The run folder.
        at: The event before which the process is killed; -1 for none.
        half: Whether the file that was opened last is left as a kill in the middle of writing it
            would: with half of what was added.
    """

    def __init__(self, run: str, at: int, half: bool) -> None:
        self.run, self.at, self.half = run, at, half
        self.events: list[str] = []
        self.opened: tuple[str, int] | None = None
        self.inside = False

    def __call__(self, event: str, args: tuple) -> None:
        if self.inside or event not in KINDS:
            return
        self.inside = True
        try:
            self._see(event, args)
        finally:
            self.inside = False

    def _see(self, event: str, args: tuple) -> None:
        if event == "ctypes.dlsym":
            path = self.run if args[1] == "renameat2" else ""
        else:
            path = args[0] if isinstance(args[0], str | bytes | os.PathLike) else ""
        path = os.fspath(path)
        if not str(path).startswith(self.run):
            return
        writes = event != "open" or args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not writes:
            return
        if len(self.events) == self.at:
            if self.half and self.opened is not None and os.path.exists(self.opened[0]):
                file, before = self.opened
                os.truncate(file, before + (os.path.getsize(file) - before) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        self.opened = None
        if event == "open":
            appends = args[2] & os.O_APPEND
            size = os.path.getsize(path) if appends and os.path.exists(path) else 0
            self.opened = (path, size)
        self.events.append(f"{event} {path[len(self.run) :]}")


def work(job: dict) -> None:
    from ganzoo.training.trainer import Trainer

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    witness = Witness(job["run"], job["at"], job["half"])
    sys.addaudithook(witness)
    trainer = Trainer.resume(job["run"]) if job["resume"] else Trainer(job["config"], job["run"])
    trainer.fit()
    Path(job["events"]).write_text(json.dumps(witness.events))


def main() -> None:
    import torch

    import ganzoo.training.session  # noqa: F401

    torch.set_num_threads(1)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(job)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
