"""What is checked at a commit, and by `make check`, is the same."""

import re

from ganzoo.config.documents import parse_yaml
from tests.imports import ROOT


def recipe(target):
    """Return the commands of a make target, and of what it needs, but for the set-up."""
    text = (ROOT / "Makefile").read_text()
    found = re.search(rf"^{target}: ?(.*)\n((?:\t.*\n)*)", text, re.M)
    needed, commands = found[1].split(), found[2].replace("$(BIN)", ".venv/bin").splitlines()
    return {f"make {name}" for name in needed} - {"make install-dev"} | {
        c.strip() for c in commands
    }


def test_pre_commit_runs_what_make_check_does():
    (repository,) = parse_yaml((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    entries = {hook["entry"] for hook in repository["hooks"]}
    # There the two are told which files to look at.
    assert {re.sub(r" \.$", "", command) for command in recipe("check")} == entries
    assert all(hook["language"] == "system" for hook in repository["hooks"])
