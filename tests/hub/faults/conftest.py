"""No waiting, and a repository to harm.

The client is imported in the fixtures only: pytest may read this file before the environment of the
tests is made.
"""

import time

import pytest


@pytest.fixture(scope="session")
def harm():
    """What tests of faults share."""
    from tests.hub.faults import harm

    return harm


@pytest.fixture(autouse=True)
def slept(monkeypatch):
    """The waits, which are not waited for; and a shorter one for answers."""
    slept, sleep = [], time.sleep
    monkeypatch.setattr("ganzoo.hub.client.TIMEOUT", 0.3)
    monkeypatch.setattr(
        time, "sleep", lambda seconds: slept.append(seconds) if seconds >= 0.5 else sleep(seconds)
    )
    return slept


@pytest.fixture(scope="module")
def weights(harm, tmp_path_factory):
    return harm.make_weights(tmp_path_factory.mktemp("weights"), seed=0)


@pytest.fixture(scope="module")
def older(harm, tmp_path_factory):
    return harm.make_weights(tmp_path_factory.mktemp("older"), seed=1)


@pytest.fixture
def repo(hub, harm, weights):
    repo = hub.create(harm.NAME)
    repo.put(harm.contents(weights))
    repo.branch("dev")
    return repo


@pytest.fixture
def published(hub, harm, older, tmp_path):
    """A repository with other weights, and a card that no cache has yet."""
    repo = hub.create(harm.NAME)
    card = f"---\nlicense: mit\n---\n# My digits\n\nFrom {tmp_path.name}, {time.time_ns()}.\n"
    repo.put({**harm.contents(older), "README.md": card.encode()})
    return repo
