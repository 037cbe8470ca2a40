"""What tests of training share."""

import json
import subprocess
import sys

import pytest

from tests.imports import ROOT
from tests.training.killing import CONFIG


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    """Trains in processes that are killed; see `tests.training.killing`.

    What it returns begins or resumes a run, kills it before the event `at`, and returns how its
    process ended, and the events where it was not killed.
    """
    folder = tmp_path_factory.mktemp("killer")
    command = [sys.executable, "-m", "tests.training.killing"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:

        def do(run, *, config=CONFIG, at=-1, half=False, resume=False):
            events = folder / "events.json"
            job = {"run": str(run), "config": config, "at": at, "half": half, "resume": resume}
            print(json.dumps({**job, "events": str(events)}), file=process.stdin, flush=True)
            code = int(process.stdout.readline())
            return code, json.loads(events.read_text()) if code == 0 else None

        yield do
        process.stdin.close()
