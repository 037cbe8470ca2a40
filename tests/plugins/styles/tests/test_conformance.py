"""Whether the architecture keeps what ganzoo expects."""

import pytest
from ganzoo.testing import Check, checks_of


@pytest.mark.parametrize("check", checks_of("styles", width=4, style_dim=8), ids=str)
def test_conformance(check: Check) -> None:
    """One demand."""
    check.verify()
