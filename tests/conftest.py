"""What every test shares."""

import os
import shutil
import tempfile
from collections import Counter

import pytest
from hypothesis import settings

from ganzoo.about import DISTRIBUTION
from tests.hub.server import HubServer
from tests.thinned import EVERY

HUB = pytest.StashKey[HubServer]()
PATCH = pytest.StashKey[pytest.MonkeyPatch]()
HOME = pytest.StashKey[str]()


def pytest_configure(config):
    """Put a Hub of this machine in the place of the real one.

    The client reads its environment when it is first imported, and most of ganzoo's tests would
    import it sooner or later; processes that tests start get the same environment.
    """
    # Without sweeps nothing but a change makes a test fail; and a busy machine never does.
    fast = "not sweep" in config.option.markexpr
    settings.register_profile("of the suite", derandomize=fast, deadline=None)
    settings.load_profile("of the suite")
    patch = config.stash[PATCH] = pytest.MonkeyPatch()
    hub = config.stash[HUB] = HubServer()
    home = config.stash[HOME] = tempfile.mkdtemp(prefix="ganzoo-hf-")
    hub.start()
    for name in list(os.environ):
        if name.startswith(("HF_", "HUGGING", "GANZOO_")) or name == "TRANSFORMERS_OFFLINE":
            patch.delenv(name)
    patch.setenv("GANZOO_PLUGINS", DISTRIBUTION)  # not those that happen to be installed as well
    patch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0), raising=False)  # or a note comes
    patch.setenv("HF_ENDPOINT", hub.url)
    patch.setenv("HF_HOME", home)
    for name in ("DISABLE_XET", "DISABLE_TELEMETRY", "DISABLE_PROGRESS_BARS"):
        patch.setenv(f"HF_HUB_{name}", "1")
    for name in ("NO_PROXY", "no_proxy"):
        patch.setenv(name, "127.0.0.1,localhost")


@pytest.hookimpl(tryfirst=True)  # before those of the full sweeps are left out
def pytest_collection_modifyitems(items):
    """Leave most rows of long tables to the full sweeps."""
    rows = Counter()
    for item in items:
        table = item.nodeid.partition("[")[0]
        if rows[table] % EVERY.get(table, 1):
            item.add_marker(pytest.mark.sweep)
        rows[table] += 1


def pytest_unconfigure(config):
    config.stash[HUB].stop()
    config.stash[PATCH].undo()
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


@pytest.fixture(scope="session")
def session_hub(pytestconfig):
    """The Hub that the client of this process talks to."""
    return pytestconfig.stash[HUB]


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory):
    """Decode data into a folder of this test session, also in processes that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
