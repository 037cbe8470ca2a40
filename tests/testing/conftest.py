"""What the tests of the conformance kit share."""

import pytest

from ganzoo.testing import check_plugin


@pytest.fixture
def failures():
    """Check a plugin, and return the messages of the checks that fail, by name."""

    def failures(plugin, **values):
        results = check_plugin(plugin, **values)
        return {result.check: result.message for result in results if result.state == "failed"}

    return failures
