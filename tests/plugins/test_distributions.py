"""The distributions beside this file, installed together: each breaks its own names at most."""

import json

import pytest

from ganzoo import registry
from ganzoo.about import DISTRIBUTION
from tests.plugins.conftest import DISTRIBUTIONS, Environment

SMALL = ["batch_size=8", "sample_every=0"]
GOOD = {
    "fourier": "architectures",
    "pearson": "losses",
    "drift": "penalties",
    "spirals": "datasets",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """All five of them, and one that was just generated."""
    environment = Environment(tmp_path_factory.mktemp("all"))
    environment.done("new-plugin", "new-born", "--objective", cwd=environment.folder)
    beside = ("./good", "./broken_import", "./duplicate_name", "./old_api", "./styles")
    environment.install(*beside, environment.folder / "new-born")
    return environment


def test_installing_leaves_nothing_in_the_sources(installed):
    found = {path.name for path in DISTRIBUTIONS.rglob("*") if path.is_dir()}
    assert not found & {"dist", "build"}
    assert not [name for name in found if name.endswith(".egg-info")]


def test_each_distribution_changes_its_own_rows_alone(installed, tmp_path):
    states = installed.states(tmp_path)
    expected = {
        (group, name, DISTRIBUTION): "ok"
        for group in registry.GROUPS
        for name, offers in registry.offers(group).items()
        if offers[0].distribution == DISTRIBUTION
    }
    expected |= {(group, name, "ganzoo-points"): "ok" for name, group in GOOD.items()}
    expected["architectures", "new-born", "ganzoo-new-born"] = "ok"
    expected["architectures", "styles", "ganzoo-styles"] = "ok"
    expected["objectives", "new-born-game", "ganzoo-new-born"] = "ok"
    for owner in (DISTRIBUTION, "ganzoo-rival"):
        expected["architectures", "dcgan", owner] = "ambiguous name"
    broken = {
        ("architectures", "broken", "ganzoo-broken"): "No module named 'no_such_dependency'",
        ("architectures", "old", "ganzoo-old"): "was written for version 0 of the plugin interface",
    }
    assert states.keys() == expected.keys() | broken.keys()
    assert {key: states[key] for key in expected} == expected
    for key, cause in broken.items():
        assert cause in states[key]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check-plugin", "broken"], "ganzoo-broken 0.1.0 fails to import (ModuleNotFoundError"),
        (["check-plugin", "old"], "install a version that matches"),
        (["info", "dcgan"], f"write ganzoo-rival:dcgan or {DISTRIBUTION}:dcgan"),
        (["check-plugin", "no-such"], "there is no plugin 'no-such'"),
        (
            ["new-plugin", "fourier"],
            "'fourier' already exists among the architectures of ganzoo-points",
        ),
        (
            ["new-plugin", "broken"],
            "'broken' already exists among the architectures of ganzoo-broken",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_used_is_one_sentence(installed, tmp_path, arguments, message):
    result = installed.run(*arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_an_ambiguous_name_can_be_picked(installed, tmp_path):
    described = installed.done("info", f"{DISTRIBUTION}:dcgan", cwd=tmp_path)
    assert "Strided convolutions" in described
    assert "Another one of that name" in installed.done("info", "ganzoo-rival:dcgan", cwd=tmp_path)


@pytest.mark.sweep
def test_the_model_and_a_generated_one_pass_their_own_tests(installed, tmp_path):
    own = [
        DISTRIBUTIONS / "good" / "tests",
        DISTRIBUTIONS / "styles" / "tests",
        installed.folder / "new-born" / "tests",
    ]
    options = ["-c", DISTRIBUTIONS / "good" / "pyproject.toml", "--import-mode=importlib"]
    quiet = ["-p", "no:cacheprovider", "-W", "error", "-v"]
    out = installed.done(*own, *options, *quiet, cwd=tmp_path, module="pytest")
    for row in ("[fourier-trains-in-bf16] PASSED", "[spirals-batches-are-made] PASSED"):
        assert row in out
    assert "::test_conformance[labels-matter] PASSED" in out
    assert "::test_conformance_of_the_objective[resuming-is-exact] PASSED" in out


@pytest.mark.sweep
def test_its_plugins_train_together(installed, tmp_path):
    run = ["architecture.name=fourier", "architecture.preset=pearson", "data=spirals"]
    assert installed.done("train", *run, *SMALL, "steps=3", cwd=tmp_path) == (
        "./runs/fourier-spirals\n"
    )
    info = json.loads((tmp_path / "runs/fourier-spirals/weights/config.json").read_text())
    assert info["plugin"] == {"distribution": "ganzoo-points", "version": "1.2.0"}
    assert info["data"]["class_names"] == ["arm 0", "arm 1"]
    assert (info["training"]["loss"], info["training"]["penalties"]) == ("pearson", ["drift"])
