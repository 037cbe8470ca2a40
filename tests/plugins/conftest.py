"""Fresh environments into which complete distributions are installed with pip."""

import json
import os
import subprocess
import sys
import venv
from importlib.metadata import distributions
from pathlib import Path

import pytest

from ganzoo import registry
from ganzoo.about import DISTRIBUTION
from tests.imports import ROOT

DISTRIBUTIONS = ROOT / "tests" / "plugins"

# The tests of the distributions here are for environments in which they are installed.
collect_ignore_glob = ["*/tests/*"]

PIP = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]


class Environment:
    """An environment that has what this one has, and installs more into itself alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, symlinks=True)
        self.executable = folder / "bin" / "python"
        self.site = self._output("import sysconfig; print(sysconfig.get_path('purelib'))")
        # An environment made from an environment does not see its packages by itself.
        listed = subprocess.check_output(
            [sys.executable, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"],
            cwd=folder,
            text=True,
        )
        places = [place for place in json.loads(listed) if os.path.isdir(place)]
        Path(self.site, "parent.pth").write_text("".join(f"{place}\n" for place in places))

    def _output(self, code: str) -> str:
        return subprocess.check_output([self.executable, "-c", code], text=True).strip()

    def run(self, *arguments, cwd, module="ganzoo"):
        """Run a module of the environment, which sees the plugins of the project and its own."""
        own = [
            found.name
            for found in distributions(path=[self.site])
            if any(point.group.startswith("ganzoo.") for point in found.entry_points)
        ]
        return subprocess.run(
            [self.executable, "-m", module, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, registry.LIMIT_VARIABLE: ",".join([DISTRIBUTION, *own])},
            capture_output=True,
            text=True,
        )

    def done(self, *arguments, cwd, module="ganzoo"):
        """Run a module, check that it did its work, and return what it wrote."""
        result = self.run(*arguments, cwd=cwd, module=module)
        assert result.returncode == 0, f"{arguments}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def install(self, *arguments, cwd=DISTRIBUTIONS):
        """Install with pip, offline."""
        self.done("install", *PIP, *arguments, cwd=cwd, module="pip")

    def states(self, cwd):
        """Return the state of every plugin, by group, name and distribution."""
        rows = json.loads(self.done("plugins", "--json", cwd=cwd))
        return {
            (row["group"], row["name"], row["distribution"].split()[0]): row["state"]
            for row in rows
        }


@pytest.fixture
def environment(tmp_path_factory):
    """A fresh environment without plugins of its own."""
    return Environment(tmp_path_factory.mktemp("environment"))
