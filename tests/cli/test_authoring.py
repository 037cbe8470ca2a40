"""``new-plugin`` and ``check-plugin``."""

import json
import subprocess
import sys
import tomllib

import pytest

from ganzoo.about import DISTRIBUTION, PLUGIN_API, __version__
from tests.imports import ROOT

BROKEN = """
import ganzoo
from ganzoo.config import LossConfig
from ganzoo.losses.base import Loss
from ganzoo.spec import LossSpec


class Backwards(Loss):
    def discriminator(self, real, fake):
        return real.mean() - fake.mean()

    def generator(self, fake, real):
        return -fake.mean()


ganzoo.register(LossSpec("backwards", "A test.", LossConfig, Backwards))
"""


SLOW = """
import time
from pathlib import Path

import ganzoo
from ganzoo.losses.config import PlainLossConfig
from ganzoo.losses.functions import Hinge
from ganzoo.spec import LossSpec


class Slow(Hinge):
    def discriminator(self, real, fake):
        for _ in range(3000):
            if Path("seen").exists():
                return super().discriminator(real, fake)
            time.sleep(0.01)
        raise RuntimeError("nobody has seen a check")


ganzoo.register(LossSpec("slow", "A test.", PlainLossConfig, Slow))
"""


@pytest.mark.sweep
def test_a_check_is_shown_as_soon_as_it_is_done(tmp_path):
    (tmp_path / "slow_loss.py").write_text(SLOW)
    words = [sys.executable, "-m", "ganzoo", "check-plugin", "slow", "--import", "slow_loss.py"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line == "passed   config-round-trip\n":
                (tmp_path / "seen").touch()
        assert process.wait(timeout=600) == 0
    assert (tmp_path / "seen").exists()


def test_what_is_checked_is_shown_before_torch_is_imported(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "ganzoo.testing", None)
    assert command("check-plugin", "hinge").out.startswith("hinge, among the losses of")
    assert command("check-plugin", "dcgan", "width=8").out == ""  # it may still be refused


def test_a_plugin_that_passes(command):
    result = command("check-plugin", "hinge")
    head, _, *rows, _, last = result.out.splitlines()
    assert (result.code, result.err) == (0, "")
    assert head == f"hinge, among the losses of {DISTRIBUTION} {__version__}"
    assert {row.split()[0] for row in rows} == {"passed"}
    assert last == f"{len(rows)} passed, 0 failed, 0 skipped"


def test_a_plugin_that_fails(command, tmp_path, monkeypatch):
    from ganzoo import registry

    monkeypatch.setattr(registry, "_local", {})
    (tmp_path / "backwards_loss.py").write_text(BROKEN)
    result = command("check-plugin", "backwards", "--import", "backwards_loss.py")
    assert (result.code, result.err) == (1, "")
    assert "\nfailed   gradients-have-their-sense  the discriminator's loss" in result.out
    assert "\nskipped  free-of-torch" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert " 1 failed, 1 skipped" in result.out.splitlines()[-1]
    del sys.modules["backwards_loss"]


def test_a_check_as_json(command):
    result = command("check-plugin", "r1", "weight=2.0", "--json")
    values = json.loads(result.out)
    assert result.code == 0
    assert (values["name"], values["group"]) == ("r1", "penalties")
    assert {row["state"] for row in values["checks"]} == {"passed", "skipped"}
    assert all(row["demand"] for row in values["checks"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check-plugin", "dcgn"], "there is no plugin 'dcgn'; did you mean 'dcgan' or"),
        (["check-plugin", "dcgan", "width=0"], "architecture.width: 0 is not allowed"),
        (["check-plugin", "dcgan", "width"], "'width' is not of the form key.sub=value"),
        (["check-plugin", "dcgan", "a.width=1"], "a.width is not of the form KEY=VALUE"),
        (
            ["new-plugin", "dcgan"],
            f"'dcgan' already exists among the architectures of {DISTRIBUTION}",
        ),
        (["new-plugin", "hinge"], f"'hinge' already exists among the losses of {DISTRIBUTION}"),
        (["new-plugin", "torch"], "a package ganzoo_torch or ganzoo-torch already exists"),
        (["new-plugin", "My-Gan"], "'My-Gan' cannot be a plugin's name"),
        (["new-plugin", "my_gan"], "in words joined by '-'"),
        (["new-plugin", "my--gan"], "in words joined by '-'"),
        (["new-plugin", "2gan"], "begins with a letter"),
        (["new-plugin", "../gan"], "'../gan' cannot be a plugin's name"),
        (["new-plugin", ""], "'' cannot be a plugin's name"),
        (["new-plugin", "g" * 31], "at most 30"),
        (["new-plugin", "my-gan", "--out", "full"], "full already exists"),
        (["new-plugin", "my-gan", "--out", "full/file"], "full/file already exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_request_is_one_sentence_and_writes_nothing(command, tmp_path, arguments, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    result = command(*arguments)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert message in result.err
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "file"]


def test_a_new_plugin_is_a_whole_distribution(command, tmp_path):
    result = command("new-plugin", "my-gan", "--out", "work/mine")
    assert (result.code, result.out) == (0, "work/mine\n")
    assert result.err == "see its README for the next steps: work/mine/README.md\n"
    folder = tmp_path / "work" / "mine"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    package = "src/ganzoo_my_gan"
    assert files == {
        ".gitignore",
        "README.md",
        "pyproject.toml",
        "tests/test_conformance.py",
        *(f"{package}/{name}" for name in ("__init__.py", "config.py", "networks.py", "py.typed")),
    }
    for name in files:
        text = (folder / name).read_text()
        assert "$" not in text
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"] == {"ganzoo.architectures": {"my-gan": "ganzoo_my_gan:SPEC"}}
    # What is registered nowhere must not be asked for: somebody else could take the name.
    assert project["dependencies"] == []
    assert f"api={PLUGIN_API}," in (folder / package / "__init__.py").read_text()


def test_an_objective_is_added_to_the_distribution(command, tmp_path):
    assert command("new-plugin", "my-gan", "--objective").code == 0
    folder = tmp_path / "my-gan"
    points = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["entry-points"]
    assert points == {
        "ganzoo.architectures": {"my-gan": "ganzoo_my_gan:SPEC"},
        "ganzoo.objectives": {"my-gan-game": "ganzoo_my_gan.game:GAME"},
    }
    package = folder / "src" / "ganzoo_my_gan"
    assert 'objectives=("my-gan-game", "adversarial")' in (package / "__init__.py").read_text()
    assert f"api={PLUGIN_API}," in (package / "game.py").read_text()
    assert "class Duel(Objective)" in (package / "objective.py").read_text()
    assert 'checks_of("my-gan-game")' in (folder / "tests" / "test_conformance.py").read_text()
    assert "## The objective" in (folder / "README.md").read_text()


@pytest.mark.parametrize("options", [[], ["--objective"]], ids=["", "objective"])
@pytest.mark.parametrize("name", ["x", "my-gan", "z" * 30, "a-bb-ccc-dddd-eeeee-ffffff-ggg"])
def test_what_is_written_keeps_to_the_rules_of_this_project(command, tmp_path, name, options):
    assert command("new-plugin", name, *options).code == 0
    rules = ["--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
    for check in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, *rules],
            cwd=tmp_path / name,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.sweep
def test_what_is_written_has_types_that_hold(command, tmp_path):
    assert command("new-plugin", "my-gan", "--objective").code == 0
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nstrict = True\nplugins = pydantic.mypy\n")
    options = ["--config-file", settings, "--cache-dir", ROOT / ".mypy_cache"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "-p", "ganzoo_my_gan"],
        cwd=tmp_path / "my-gan" / "src",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_it_may_be_written_into_an_empty_folder(command, tmp_path):
    (tmp_path / "my-gan").mkdir()
    assert command("new-plugin", "my-gan").code == 0
