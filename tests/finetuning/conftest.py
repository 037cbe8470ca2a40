"""Weights, pictures and a Hub for each test that needs them."""

import pytest

from tests.finetuning.small import make_base, make_pictures


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Conditional weights, whole: both generators and the discriminator."""
    return make_base(tmp_path_factory.mktemp("base") / "weights")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Pictures of the same classes."""
    return make_pictures(tmp_path_factory.mktemp("data") / "pictures")


@pytest.fixture
def hub(session_hub):
    """A fresh Hub."""
    session_hub.reset()
    yield session_hub
    assert not session_hub.errors, session_hub.errors[0]
