"""Weights, images and a Hub for each test that needs them."""

import pytest

from tests.finetuning.small import make_base, make_images


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Conditional weights, whole: both generators and the discriminator."""
    return make_base(tmp_path_factory.mktemp("base") / "weights")


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Images of the same classes."""
    return make_images(tmp_path_factory.mktemp("data") / "images")


@pytest.fixture
def hub(session_hub):
    """A fresh Hub."""
    session_hub.reset()
    yield session_hub
    assert not session_hub.errors, session_hub.errors[0]
