"""Beside plugins of strangers: the suite and the pages see those of the project alone."""

import subprocess
import sys
from dataclasses import replace

import pytest

from ganzoo import registry
from ganzoo.spec import LossSpec
from tests.imports import ROOT
from tests.texts import page

from .conftest import beside, write_distribution

LOUD = "print('imported')\nraise RuntimeError('imported')"
STRANGERS = {
    "a name of its own": {"losses": {"strange": "strange_zoo:SPEC"}},
    "every group": {group: {"strange": "strange_zoo:SPEC"} for group in registry.GROUPS},
    "our names": {
        "architectures": {"dcgan": "strange_zoo:SPEC"},
        "losses": {"hinge": "strange_zoo:SPEC"},
        "datasets": {"mnist5k": "strange_zoo:SPEC"},
    },
}
ENUMERATING = ["losses/test_losses.py", "penalties/test_penalties.py", "docs/test_pages.py"]
"""Tests that go through all plugins."""


@pytest.mark.sweep
def test_the_suite_does_not_see_them(site):
    for index, groups in enumerate(STRANGERS.values()):
        write_distribution(site, f"strange-{index}", groups, {f"strange_zoo_{index}": LOUD})
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k"]
        + ["every_installed or kinds or plugin or extractor"]
        + [f"tests/{name}" for name in ENUMERATING],
        cwd=ROOT,
        env={**beside(site=site), registry.LIMIT_VARIABLE: ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("groups", STRANGERS.values(), ids=STRANGERS.keys())
def test_the_pages_do_not_tell_of_them(groups, install):
    before = page("docs/reference/config.md")
    install("strange-zoo", groups, {"strange_zoo": LOUD})
    with registry.registered(replace(registry.get(LossSpec, "minimax"), summary="Another.")):
        assert page("docs/reference/config.md") == before
