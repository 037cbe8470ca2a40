"""A machine that others use too: one note before training, and none on an idle machine."""

import os

import pytest
import torch

import ganzoo
from ganzoo import hardware

ROWS = {
    # load of a minute, running now, cores, of which usable, threads: threads to take
    "another run on two cores": (2.1, 3, 2, 2, 2, 1),
    "one other process on two cores": (0.9, 2, 2, 2, 2, 1),
    "one thread": (2.1, 3, 2, 2, 1, None),
    "idle": (0.2, 1, 2, 2, 2, None),
    "idle, with fewer cores for this process": (0.2, 1, 8, 1, 8, None),
    "idle, after a run that has just ended": (2.0, 1, 2, 2, 2, None),
    "a peak on an idle machine": (0.2, 9, 2, 2, 2, None),
    "a large machine": (3.0, 4, 64, 64, 32, None),
    "a large machine, a part of it": (30.0, 31, 64, 4, 4, None),
    "a large machine that is full": (60.0, 61, 64, 64, 32, 4),
    "a system that does not say what runs now": (2.1, None, 2, 2, 2, 1),
    "a system that says nothing": (None, None, 2, 2, 2, None),
}


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Sets what the system tells."""

    def load(mean, running, cores, usable, threads):
        if mean is None:
            monkeypatch.delattr(os, "getloadavg")
        else:
            monkeypatch.setattr(os, "getloadavg", lambda: (mean, 0.0, 0.0))
        if running is not None:
            (tmp_path / "loadavg").write_text(f"{mean} 0.00 0.00 {running}/345 6789\n")
        monkeypatch.setattr(hardware, "LOAD_FILE", tmp_path / "loadavg")
        monkeypatch.setattr(os, "cpu_count", lambda: cores)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(usable)), raising=False)
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)

    return load


@pytest.mark.parametrize("row", ROWS)
def test_a_busy_machine_is_noted_with_the_threads_to_take(row, machine):
    *facts, fewer = ROWS[row]
    machine(*facts)
    notes = hardware.busy_note(torch.device("cpu"))
    assert len(notes) == (fewer is not None)
    assert all(f"OMP_NUM_THREADS={fewer} may be much faster" in note for note in notes)
    assert hardware.busy_note(torch.device("cuda")) == []


def test_a_run_begins_with_the_note(machine, tmp_path):
    machine(2.1, 3, 2, 2, 2)
    small = {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]}
    trainer = ganzoo.Trainer(
        {"architecture": small, "training": {"device": "cpu"}}, tmp_path / "run"
    )
    (note,) = [note for note in trainer.notes if "busy" in note]
    assert note.startswith("this machine is busy (a load of 2.0 on 2 cores), and torch uses 2 thr")
