"""Real distributions, written into a folder that is put on the path."""

import importlib
import os
import sys
from pathlib import Path

import pytest

from ganzoo import registry
from ganzoo.about import DISTRIBUTION

SPECS = """
from ganzoo.config import LatentConfig
from ganzoo.spec import Architecture, LossSpec

def architecture(name, **more):
    return Architecture(name, "A test.", LatentConfig, "nowhere:G", "nowhere:D", **more)
"""
"""What the modules of the distributions below begin with."""


def write_distribution(site, name, groups, modules=None, version="1.0"):
    """Write what installing a distribution would leave behind.

    Args:
        site: The folder.
        name: The distribution.
        groups: Group -> name -> target.
        modules: Module name -> source, to which `SPECS` is prefixed.
        version: Its version.
    """
    info = Path(site) / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    sections = (
        f"[ganzoo.{group}]\n" + "".join(f"{point} = {target}\n" for point, target in items.items())
        for group, items in groups.items()
    )
    (info / "entry_points.txt").write_text("\n".join(sections))
    for module, source in (modules or {}).items():
        (Path(site) / f"{module}.py").write_text(SPECS + source)


def beside(*names, site):
    """Return the environment of a process that sees such distributions beside the project."""
    limit = ",".join([DISTRIBUTION, *names])
    return {**os.environ, "PYTHONPATH": str(site), registry.LIMIT_VARIABLE: limit}


@pytest.fixture
def site(tmp_path):
    """A folder for distributions, which is on nobody's path."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def fresh(monkeypatch):
    """A registry that has not scanned yet and has no local plugins."""
    monkeypatch.setattr(registry, "_local", {})
    registry.installed.cache_clear()
    yield
    registry.installed.cache_clear()


@pytest.fixture
def install(site, fresh, monkeypatch):
    """Install distributions into this process for one test."""
    monkeypatch.syspath_prepend(site)
    before = set(sys.modules)

    def install(name, groups, modules=None, version="1.0"):
        write_distribution(site, name, groups, modules, version)
        if groups:
            monkeypatch.setenv(
                registry.LIMIT_VARIABLE, f"{os.environ[registry.LIMIT_VARIABLE]},{name}"
            )
        importlib.invalidate_caches()
        registry.installed.cache_clear()

    yield install
    for module in set(sys.modules) - before:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(site)):
            del sys.modules[module]
