"""A name has one home: no two modules, classes or public functions of the core share one."""

import ast
import functools
from collections.abc import Mapping

import pytest

from tests.imports import ROOT, sources

GROUPS = "each group of plugins keeps its parts in files of the same names"
DEMANDS = "the same is demanded of several groups of plugins"

ALLOWED = {
    "base": GROUPS,
    "config": GROUPS,
    "functions": GROUPS,
    "cases": "every kit lists the configs that it checks",
    "main": "a program that is started as one begins there",
    "losses_are_scalars": DEMANDS,
    "samples_get_gradients": DEMANDS,
    "samples_stand_alone": DEMANDS,
    "state_is_kept_in_state": DEMANDS,
}
"""Names that may have several homes."""

APART = {
    "ganzoo.cli": "a command and its file are called like what they run or show",
    "ganzoo.testing": "a kit is called like the group that it is for",
}
"""Folders whose functions and files may be called like those elsewhere, but not like each other."""


@functools.cache
def defined(source: str) -> set[str]:
    """Return the classes, types and public functions that a module defines."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):  # a type gets a name, as Row = dict[str, float]
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found.update(name for name in names if name[0].isupper() and not name.isupper())
    return {name for name in found if not name.startswith("_")}


def shared(modules: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the names with several homes, by name, where that is not allowed.

    What a module or folder holds under its own name is at home there: `ganzoo.resolve.resolve`.

    Args:
        modules: Sources by dotted name.
    """
    homes: dict[tuple[str, str], set[str]] = {}
    for module, source in modules.items():
        path = module.split(".")
        for name in {path[-1], *defined(source)} - ALLOWED.keys():
            home = path[: path.index(name) + 1] if name in path else path
            apart = ".".join(path[:2]) if name.islower() else ""
            key = name, apart if apart in APART else ""
            homes.setdefault(key, set()).add(".".join(home))
    return {name: places for (name, _), places in homes.items() if len(places) > 1}


CORE = {name: path.read_text(encoding="utf-8") for name, path in sources(ROOT, "ganzoo").items()}


def test_every_name_has_one_home():
    assert len(CORE) > 200
    assert not shared(CORE)


@pytest.mark.parametrize("table", [ALLOWED, APART], ids=["names", "folders"])
def test_all_that_is_allowed_is_needed(table, monkeypatch):
    for row in list(table):
        with monkeypatch.context() as without:
            without.delitem(table, row)
            assert shared(CORE), f"{row} need not be allowed"


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        pytest.param("a: class Store: ...", "b: class Store: ...", "Store", id="classes"),
        pytest.param("a: def told(): ...", "b.c: def told(): ...", "told", id="functions"),
        pytest.param("a.signals:", "b.signals:", "signals", id="modules"),
        pytest.param("a.shown:", "b: def shown(): ...", "shown", id="a module and a function"),
        pytest.param("a: Row = dict[str, int]", "b: class Row: ...", "Row", id="types"),
        pytest.param("cli.a: def f(): ...", "cli.b: def f(): ...", "f", id="commands"),
        pytest.param("cli.a: class A: ...", "b: class A: ...", "A", id="a class of a command"),
        pytest.param("cli.train: def train(): ...", "b: def train(): ...", "", id="a command"),
        pytest.param("sweep.a: def sweep(): ...", "sweep.b:", "", id="the folder's own"),
        pytest.param("a: def _f(): ...", "b: def _f(): ...", "", id="private"),
        pytest.param("a: A = 1", "b: A = 2", "", id="constants"),
        pytest.param("a: class A:\n def f(s): ...", "b: def f(): ...", "", id="methods"),
        pytest.param("a.base:", "b.base:", "", id="allowed"),
    ],
)
def test_the_rule_itself(one, other, name):
    modules = dict(f"ganzoo.{module}".split(":", 1) for module in (one, other))
    modules = {module: source.strip() for module, source in modules.items()}
    assert [*shared(modules)] == [name] * bool(name)
