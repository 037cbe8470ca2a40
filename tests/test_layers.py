"""The core's modules stand in layers, and imports point downward only."""

import graphlib

import pytest

from tests.imports import ROOT, Import, imports, sources

LAYERS = (
    {"about", "aside", "errors", "numbers", "terminal"},
    {"spec", "config"},
    {"registry", "resolve", "listing"},
    {
        "building",
        "locks",
        "randomness",
        "distribution",
        "hardware",
        "latents",
        "memory",
        "settings",
        "tensors",
        "classes",
        "layers",
        "networks",
        "losses",
        "penalties",
        "augmentation",
        "weights",
        "data",
        "drawing",
        "sheet",
    },
    {"hub", "importing"},
    {"evaluation", "health"},
    {"objectives"},
    {"training"},
    {"tuning", "checking"},
    {"cli", "testing"},
)
LAYER_OF = {unit: layer for layer, units in enumerate(LAYERS) for unit in units}

TOP = {"ganzoo", "ganzoo.__main__"}
"""The package itself hands out names of every layer, on first use."""

MODULES = sources(ROOT, "ganzoo")


def target(found: Import) -> str:
    """Return the module of ours that an import loads."""
    submodule = f"{found.module}.{found.name}"
    return submodule if submodule in MODULES else found.module


def unit(module: str) -> str:
    """Return the module or folder directly below ``ganzoo``."""
    return module.split(".")[1]


def violations(module: str, source: str) -> list[str]:
    """Return the imports of one module of the core that its layer does not allow."""
    complaints = []
    for found in imports(source):
        used = target(found)
        where = f"{module}:{found.line} imports {used}"
        if found.module.startswith("."):
            complaints.append(f"{where} by a relative name")
        elif used == "ganzoo":
            complaints.append(f"{where}, the lazy top; import {found.name} from its home")
        elif used.startswith("ganzoo_"):
            complaints.append(f"{where}, a plugin")
        elif used.startswith("ganzoo.") and LAYER_OF[unit(used)] > LAYER_OF[unit(module)]:
            complaints.append(f"{where}, which is above it")
    return complaints


def test_every_module_has_one_layer():
    assert sum(map(len, LAYERS)) == len(LAYER_OF)
    assert {unit(module) for module in MODULES.keys() - TOP} <= LAYER_OF.keys()


@pytest.mark.parametrize("module", sorted(MODULES.keys() - TOP))
def test_imports_point_downward(module):
    assert not violations(module, MODULES[module].read_text(encoding="utf-8"))


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        module: {
            target(found)
            for found in imports(path.read_text(encoding="utf-8"))
            if not found.lazy and target(found) in MODULES
        }
        for module, path in MODULES.items()
    }
    assert any(graph.values())
    graphlib.TopologicalSorter(graph).prepare()


def test_no_folders_import_each_other_in_a_circle():
    graph: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        if module not in TOP:
            used = {target(found) for found in imports(path.read_text(encoding="utf-8"))}
            others = {unit(name) for name in used & (MODULES.keys() - TOP)} - {unit(module)}
            graph.setdefault(unit(module), set()).update(others)
    assert "weights" in graph["networks"]
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        pytest.param("config.run", "from ganzoo.config import fields", "", id="own folder"),
        pytest.param("registry", "import ganzoo.spec", "", id="downward"),
        pytest.param("data.cache", "from ganzoo import networks", "", id="same layer"),
        pytest.param("spec", "import torch", "", id="not ours"),
        pytest.param("spec", "if TYPE_CHECKING:\n    import ganzoo.training", "", id="types alone"),
        pytest.param("config", "from ganzoo import registry", "ganzoo.registry, which", id="up"),
        pytest.param("about", "import ganzoo.errors, ganzoo.spec", "ganzoo.spec", id="second"),
        pytest.param(
            "registry",
            "def f():\n    from ganzoo.training.run import Run",
            "registry:2 imports ganzoo.training.run",
            id="inside a function",
        ),
        pytest.param(
            "registry",
            "class C:\n    async def f(self):\n        import ganzoo.cli",
            "ganzoo.cli",
            id="inside a method",
        ),
        pytest.param(
            "networks",
            "if TYPE_CHECKING:\n    pass\nelse:\n    import ganzoo.training",
            "ganzoo.training",
            id="the other branch",
        ),
        pytest.param("cli", "from ganzoo import train", "import train from its home", id="top"),
        pytest.param("config.run", "from . import fields", "by a relative name", id="relative"),
        pytest.param("networks", "import ganzoo_dcgan", "a plugin", id="a plugin"),
    ],
)
def test_the_rule_itself(module, source, complaint):
    complaints = violations(f"ganzoo.{module}", source)
    assert len(complaints) == bool(complaint)
    assert complaint in "".join(complaints)
