"""No text of ours tells anybody to install the unrelated distribution of our import name."""

import re
import subprocess

import pytest

from ganzoo.about import DISTRIBUTION
from tests.imports import ROOT

STRANGER = "ganzoo"

INSTALLS = re.compile(
    r"\b(?:install|add)[ \t]+"  # pip, pipx, uv, poetry, conda
    r"(?:[^\s;&|`]+[ \t]+)*?"  # options and other distributions
    rf"[\"'`]?{STRANGER}(?=[\[\]\"'`\s<>=~!,.;@]|$)"
    r"(?!\.[a-z])"  # a file or a module
)


def advice(text):
    """Return what in a text installs the stranger."""
    return [found.group() for found in INSTALLS.finditer(text.replace("\\\n", " "))]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"pip install {STRANGER}", 1),
        (f"run `python -m pip install --upgrade {STRANGER}`.", 1),
        (f"pip install {STRANGER}[dev]", 1),
        (f'pip install "{STRANGER}>=1"', 1),
        (f"pip install torch {STRANGER}==0.1", 1),
        (f"pip install \\\n  {STRANGER}", 1),
        (f"uv add {STRANGER}\nuv pip install {STRANGER}", 2),
        (f"pip install {DISTRIBUTION}", 0),
        (f"pip install git+https://example.org/{STRANGER}.git", 0),
        (f"pip install -e .\n{STRANGER} train", 0),
        (f"make install && {STRANGER} train", 0),
        (f"pip install ./{STRANGER}", 0),
        (f"pip uninstall {STRANGER}", 0),
    ],
)
def test_the_pattern_itself(text, count):
    assert len(advice(text)) == count


def test_no_text_installs_the_stranger():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert ROOT / "README.md" in paths
    found = {}
    for path in paths:
        data = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in data and (lines := advice(data.decode("utf-8", "replace"))):
            found[str(path.relative_to(ROOT))] = lines
    assert found == {}
