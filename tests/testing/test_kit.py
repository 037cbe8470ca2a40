"""The kit itself: whom it passes, what it leaves as it was, and descriptions that need torch."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from unittest import SkipTest

import numpy as np
import pytest
import torch

from ganzoo import registry
from ganzoo.errors import ConfigError, PluginError
from ganzoo.spec import Architecture
from ganzoo.testing import Result, check_plugin, checks_of
from tests.data.sources.conftest import KINDS, NAMES, png
from tests.data.torchvision_files import write_all
from tests.imports import ROOT
from tests.registry.conftest import beside, write_distribution

# Small networks, so that the checks take a moment; `make test-all` checks the defaults.
SMALL = {
    "vanilla": {"generator_widths": [8, 8], "discriminator_widths": [8]},
    "dcgan": {"width": 4},
    "wgan-gp": {"width": 4, "sample_shape": (1, 16, 16)},
    "sngan": {"width": 2, "sample_shape": (1, 32, 32), "num_classes": 2},
    "sagan": {"width": 2, "sample_shape": (1, 32, 32), "num_classes": 2},
    "biggan": {
        "width": 2,
        "discriminator_width": 2,
        "latent_dim": 8,
        "sample_shape": (1, 32, 32),
        "num_classes": 2,
    },
    "stylegan2": {
        "latent_dim": 6,
        "style_dim": 5,
        "width": 64,
        "max_width": 6,
        "sample_shape": (1, 16, 16),
        "num_classes": 2,
    },
    "r3gan": {"width": 4, "group_width": 4, "sample_shape": (1, 16, 16), "num_classes": 2},
    "pix2pix": {"generator_width": 4, "discriminator_width": 4, "sample_shape": (3, 32, 32)},
    "cyclegan": {
        "generator_width": 4,
        "discriminator_width": 4,
        "blocks": 1,
        "sample_shape": (1, 16, 16),
        "source_shape": (1, 16, 16),
        "discriminator_layers": 1,
    },
    "ring8": {"samples": 100},
    "grid25": {"samples": 100},
}
DEEP = ("biggan", "r3gan", "sagan", "sngan", "stylegan2")
"""Of these, `make test` checks the default preset alone."""

# The checks of inception, which needs a file of weights, are beside its other tests.
PLUGINS = [
    (group, name)
    for group in registry.GROUPS
    for name in registry.names(group)
    if name != "inception"
]
every_plugin = pytest.mark.parametrize(("group", "name"), PLUGINS, ids=[n for _, n in PLUGINS])


@pytest.fixture
def files(name, tmp_path, monkeypatch, session_hub):
    """The values by which a dataset finds files, where it is one that has some."""
    if name == "folder":
        return {"source": str(ROOT / "docs" / "images")}
    if name in ("archive", "manifest", "arrays"):
        kind = {"archive": "zip", "manifest": "csv", "arrays": "npz"}[name]
        pixels = np.zeros((5, 8, 8, 3), dtype=np.uint8)
        return {"source": str(KINDS[kind](tmp_path, pixels))}
    if name == "repository":
        session_hub.reset()
        pixels = np.zeros((5, 8, 8, 3), dtype=np.uint8)
        repo = session_hub.create("datasets/alice/images")
        repo.put({f"train/{file}": png(image) for file, image in zip(NAMES, pixels, strict=True)})
        return {"source": "hf://alice/images"}
    if name in ("pairs", "domains"):
        pixels = np.random.default_rng(0).integers(256, size=(2, 5, 8, 8, 3), dtype=np.uint8)
        for side, images in zip("ab", pixels, strict=True):
            np.save(tmp_path / f"{side}.npy", images)
        return {side: str(tmp_path / f"{side}.npy") for side in "ab"}
    if name in ("mnist", "fashion-mnist", "cifar10"):
        write_all(tmp_path, name, monkeypatch)
        return {"root": str(tmp_path)}
    return {}


def failed(results):
    return [(result.check, result.message) for result in results if result.state == "failed"]


@every_plugin
def test_every_plugin_that_comes_with_ganzoo_passes(group, name, files):
    plugin = name
    if name in DEEP:
        spec = registry.get(Architecture, name)
        one = {spec.default_preset: spec.presets[spec.default_preset]}
        plugin = replace(spec, presets=one)
    assert failed(check_plugin(plugin, **SMALL.get(name, {}) | files)) == []


@pytest.mark.sweep
@every_plugin
def test_every_plugin_that_comes_with_ganzoo_passes_by_its_defaults(group, name, files):
    assert failed(check_plugin(name, **files)) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("dcgan", {"width": 4, "discriminator_norm": "spectral"}),
        ("dcgan", {"width": 4, "discriminator_norm": "instance"}),
        ("dcgan", {"width": 4, "sample_shape": (3, 32, 32), "num_classes": 2}),
        ("vanilla", {**SMALL["vanilla"], "latent": "uniform", "sample_shape": (5,)}),
    ],
    ids=str,
)
@pytest.mark.sweep
def test_other_values_than_the_defaults_are_checked_where_they_are_given(name, values):
    assert failed(check_plugin(name, **values)) == []


@pytest.mark.parametrize("name", ["dcgan", "hinge", "r1", "ring8"])
def test_a_check_has_a_name_of_its_own_and_a_demand(name):
    checks = checks_of(name)
    assert len({check.name for check in checks}) == len(checks)
    for check in checks:
        assert str(check) == check.name
        assert check.demand.endswith(".")
        assert check.plugin == name


def test_for_a_test_runner_a_check_passes_fails_or_is_skipped(monkeypatch):
    checks = {check.name: check for check in checks_of("r1")}
    assert checks["kind-is-defined"].verify() is None
    assert checks["projection-is-in-place"].run() == Result(
        "projection-is-in-place", "skipped", "it is a term, which changes no network"
    )
    with pytest.raises(SkipTest, match="it is a term"):
        checks["projection-is-in-place"].verify()


def test_the_process_is_left_as_it_was():
    torch.manual_seed(5)
    torch.set_grad_enabled(False)
    try:
        before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
        environment, names = dict(os.environ), registry.names("architectures")
        assert failed(check_plugin("dcgan", **SMALL["dcgan"])) == []
        assert not torch.is_grad_enabled()
        assert torch.get_rng_state().equal(before[0])
        assert random.getstate() == before[1]
        assert np.random.get_state()[1].tolist() == before[2]
        assert dict(os.environ) == environment
        assert registry.names("architectures") == names
    finally:
        torch.set_grad_enabled(True)


@pytest.mark.parametrize(
    ("name", "values", "error", "message"),
    [
        ("no-such", {}, PluginError, "there is no plugin 'no-such'"),
        ("dcgan", {"width": 0}, ConfigError, "width: 0 is not allowed"),
        ("dcgan", {"widht": 1}, ConfigError, "did you mean 'width'"),
        ("wgan-gp", {"num_classes": 3}, ConfigError, "takes no labels"),
        ("hinge", {"margin": 3}, ConfigError, "unknown field"),
        ("ring8", {"std": -1.0}, ConfigError, "std: -1.0 is not allowed"),
    ],
)
def test_a_wrong_request_is_no_fault_of_the_plugin(name, values, error, message):
    with pytest.raises(error, match=message):
        checks_of(name, **values)


# --- descriptions that need torch --------------------------------------------------------------

HEAVY = {
    "heavy-description": (
        "architectures",
        "import torch\nSPEC = architecture('heavy-description')",
        "importing the description imports torch",
    ),
    "heavy-traits": (
        "architectures",
        """
def traits(config):
    import torch
    return Traits()
SPEC = architecture("heavy-traits", traits=traits)
""",
        "asking for its traits imports torch",
    ),
    "heavy-dataset": (
        "datasets",
        """
class Heavy(Dataset):
    def __init__(self, config):
        import torch
    def __len__(self): return 1
    def read(self, index): ...
    fingerprint = "heavy"
SPEC = DatasetSpec("heavy-dataset", "A test.", DataConfig, Heavy)
""",
        "opening the dataset imports torch",
    ),
    "light": ("architectures", "SPEC = architecture('light')", ""),
}
IMPORTS = """
from ganzoo.config import DataConfig
from ganzoo.data.base import Dataset
from ganzoo.spec import DatasetSpec, Traits
"""


@pytest.mark.sweep
def test_torch_where_configs_are_read_is_found(tmp_path):
    for name, (group, source, _) in HEAVY.items():
        module = name.replace("-", "_")
        modules = {module: IMPORTS + source}
        write_distribution(tmp_path, f"{name}-zoo", {group: {name: f"{module}:SPEC"}}, modules)
    code = f"""
import json
from ganzoo.testing import checks_of
checks = [check for name in {list(HEAVY)} for check in checks_of(name)]
results = [check.run() for check in checks if check.name == "free-of-torch"]
print(json.dumps([result.message for result in results]))
"""
    environment = beside(*(f"{name}-zoo" for name in HEAVY), site=tmp_path)
    out = subprocess.check_output([sys.executable, "-c", code], text=True, env=environment)
    for found, (_, _, expected) in zip(json.loads(out), HEAVY.values(), strict=True):
        assert found.startswith(expected)
        assert bool(found) == bool(expected)
