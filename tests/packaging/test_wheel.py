"""The wheel that is built from this folder: what is in it, and that it works from there."""

import os
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from importlib.metadata import PathDistribution
from zipfile import Path as ZipPath

import pytest
from packaging.requirements import Requirement

from ganzoo.about import DISTRIBUTION, __version__
from tests.imports import ROOT

PLUGINS = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py"))

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


@pytest.fixture(scope="module")
def info(wheel):
    """The folder of facts inside the wheel."""
    stem = "-".join(wheel.name.split("-")[:2])
    return ZipPath(wheel) / f"{stem}.dist-info"


def test_the_file_is_called_after_the_distribution_and_its_version(wheel):
    assert wheel.name == f"{DISTRIBUTION.replace('-', '_')}-{__version__}-py3-none-any.whl"


def test_it_holds_the_core_and_the_plugins_and_nothing_else(names):
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ganzoo", *PLUGINS}
    assert len(tops) == 2 + len(PLUGINS)
    parts = {part for name in names for part in name.split("/")}
    # The templates hold a folder of tests, for the plugins that are written from them.
    own = {
        part
        for name in names
        if not name.startswith("ganzoo/templates/")
        for part in name.split("/")
    }
    assert not own & {"tests", "benchmarks", "examples"}
    assert "__pycache__" not in parts
    assert not [part for part in own if part.startswith(("test_", "conftest"))]


def test_it_holds_every_module(names):
    expected = {
        path.relative_to(folder).as_posix()
        for folder, packages in ((ROOT, ["ganzoo"]), (ROOT / "plugins", PLUGINS))
        for package in packages
        for path in (folder / package).rglob("*.py")
    }
    assert expected <= names


@pytest.mark.parametrize("name", ["ganzoo/py.typed", "ganzoo/data/files/mnist5k.npz"])
def test_it_holds_what_is_no_module(wheel, name):
    with zipfile.ZipFile(wheel) as opened:
        assert opened.read(name) == (ROOT / name).read_bytes()


def test_it_holds_every_template_of_a_new_plugin(wheel, names):
    folder = ROOT / "ganzoo" / "templates"
    expected = [path for path in folder.rglob("*") if path.is_file()]
    assert folder / "plugin" / ".gitignore.template" in expected
    with zipfile.ZipFile(wheel) as opened:
        for path in expected:
            assert opened.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()
    inside = {name for name in names if name.startswith("ganzoo/templates/")}
    assert len(inside) == len(expected)


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE"])
def test_it_holds_the_licence_and_the_notice(info, name):
    assert (info / "licenses" / name).read_bytes() == (ROOT / name).read_bytes()


def test_the_notice_tells_of_the_data_that_it_holds():
    text = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "ganzoo/data/files/mnist5k.npz" in text
    assert "CC BY-SA 3.0" in text


def test_it_holds_the_bundled_weights(names):
    weights = [path for path in (ROOT / "plugins").glob("*/weights/*/*") if path.is_file()]
    assert {path.name for path in weights} >= {"config.json", "model.safetensors", "README.md"}
    assert {str(path.relative_to(ROOT / "plugins")) for path in weights} <= names


def test_its_facts_are_those_of_the_project(info):
    facts = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    assert (facts["Name"], facts["Version"]) == (DISTRIBUTION, __version__)
    assert facts["License-Expression"] == "Apache-2.0"
    assert facts["Requires-Python"] == ">=3.11"
    required = {Requirement(item) for item in facts.get_all("Requires-Dist") if ";" not in item}
    assert required == {Requirement(item) for item in PROJECT["dependencies"]}
    # The name is registered nowhere yet: whoever takes it must not be installed for it.
    assert not [item for item in facts.get_all("Requires-Dist") if item.startswith("ganzoo")]


def test_its_entry_points_are_those_of_the_project_and_each_is_there(info, names):
    points = {(p.group, p.name): p.value for p in PathDistribution(info).entry_points}
    declared = {"console_scripts": PROJECT["scripts"], **PROJECT["entry-points"]}
    assert points == {(g, n): v for g, items in declared.items() for n, v in items.items()}
    for value in points.values():
        module = value.partition(":")[0].replace(".", "/")
        assert {f"{module}.py", f"{module}/__init__.py"} & names


def test_every_plugin_has_an_entry_point():
    targets = [target for group in PROJECT["entry-points"].values() for target in group.values()]
    offered = {target.partition(":")[0] for target in targets}
    assert set(PLUGINS) <= offered


def test_unpacked_it_lists_and_describes_everything(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path)
    code = """
import sys
from ganzoo import registry
for group in registry.GROUPS:
    for name in registry.names(group):
        spec = registry.find(group, name).spec()
        assert sys.modules[spec.config.__module__].__file__.startswith(sys.argv[1]), name
        print(group, name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "GANZOO_PLUGINS": DISTRIBUTION},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(
        f"{group.removeprefix('ganzoo.')} {name}"
        for group, items in PROJECT["entry-points"].items()
        for name in items
    )
