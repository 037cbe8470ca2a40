"""Small chunks, and programs that decode."""

import json
import os
import subprocess
import sys

import pytest

from ganzoo.data.cache import making, task
from tests.imports import ROOT


@pytest.fixture
def small_chunks(monkeypatch):
    """Decode eight samples at once, and enter each chunk into the journal."""
    monkeypatch.setattr(task, "CHUNK_ROWS", 8)
    monkeypatch.setattr(making, "SECONDS_BETWEEN_ENTRIES", 0.0)


@pytest.fixture
def start():
    """Start decoding `Noise` in a process of its own."""
    running = []

    def run(values, processes=1, cache=None, **more):
        environment = {**os.environ, **({} if cache is None else {"GANZOO_CACHE": str(cache)})}
        arguments = ["-m", "tests.data.cache.noise", json.dumps(values), str(processes)]
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()
