"""Starting trainings in several processes, as torchrun does."""

import json
import os
import subprocess
import sys

from tests.imports import ROOT


def torchrun(processes, *arguments, **agent):
    """Start a command in several processes on this machine, and return the launcher."""
    options = {"nproc-per-node": processes, **{key.replace("_", "-"): agent[key] for key in agent}}
    if "nnodes" not in agent:
        options["standalone"] = None
    command = [sys.executable, "-m", "torch.distributed.run"]
    command += [
        f"--{key}" if value is None else f"--{key}={value}" for key, value in options.items()
    ]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process, seconds=600):
    """Wait for a launcher, and return what it wrote on standard output and error."""
    try:
        return process.communicate(timeout=seconds)
    finally:
        process.kill()


def do(folder, processes, jobs):
    """Do jobs in several processes at once."""
    file = folder / f"jobs-{processes}.json"
    file.write_text(json.dumps(jobs))
    process = torchrun(processes, "-m", "tests.training.several", file)
    _, errors = finished(process)
    assert process.returncode == 0, errors
    return errors
