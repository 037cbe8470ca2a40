"""Whether each plugin keeps what ganzoo expects of its kind."""

import pytest
from ganzoo.testing import Check, checks_of

CHECKS = [
    *checks_of("fourier", width=8),
    *checks_of("pearson"),
    *checks_of("drift"),
    *checks_of("spirals", samples=100),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.plugin}-{check}")
def test_conformance(check: Check) -> None:
    """One demand on one plugin."""
    check.verify()
