"""A Hub for each test, and a cache."""

import time
from types import SimpleNamespace

import pytest


@pytest.fixture
def hub(session_hub):
    """A fresh Hub; no token may ever reach the origin that only keeps bytes."""
    session_hub.reset()
    yield session_hub
    assert not session_hub.errors, session_hub.errors[0]
    assert not [request for request in session_hub.requests(origin="cdn") if request.authorized]


@pytest.fixture
def cache(tmp_path):
    """An empty folder for the client's cache."""
    return tmp_path / "cache"


@pytest.fixture
def waits(monkeypatch):
    """Lets the client wait no time between its attempts; lists what it would have waited."""
    seconds = []
    clock = SimpleNamespace(**{**vars(time), "sleep": seconds.append})
    for module in ("utils._http", "file_download"):
        monkeypatch.setattr(f"huggingface_hub.{module}.time", clock)
    return seconds
