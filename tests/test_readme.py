"""What the README tells works, word by word (with fewer steps)."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHORT = ["training.batch_size=4", "training.sample_every=0"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def commands():
    lines = "".join(blocks("console")).splitlines()
    return [line.partition("#")[0].strip() for line in lines]


def ganzoo(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ganzoo", *arguments], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_blocks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "".join(block for block in blocks("python") if "tiny.py" not in block)
    assert "load_generator" in code
    exec(compile(code.replace("steps=2000", "steps=2"), "README.md", "exec"), {})
    assert (tmp_path / "sevens.png").is_file()


def test_an_architecture_in_20_lines(tmp_path):
    (block,) = (block for block in blocks("python") if "tiny.py" in block)
    (tmp_path / "tiny.py").write_text(block)
    (command,) = (line for line in commands() if "--import" in line)
    arguments = shlex.split(command.replace("steps=500", "steps=3"))
    run = ganzoo(tmp_path, *arguments[1:], *SHORT).strip()
    assert run == "./runs/tiny-mnist5k"
    ganzoo(tmp_path, "resume", run, "--import", "tiny.py", "steps=5")
    ganzoo(tmp_path, "sample", run, "--import", "tiny.py", "-o", "grid.png")
    assert (tmp_path / "grid.png").is_file()


def test_the_longest_road(tmp_path):
    """Train, resume, sample and interpolate by the README's lines."""
    train, resume, sample, interpolate = (
        next(line for line in commands() if line.startswith(f"ganzoo {word}"))
        for word in ("train", "resume", "sample", "interpolate")
    )
    ganzoo(tmp_path, *shlex.split(train.replace("steps=2000", "steps=2"))[1:], *SHORT)
    ganzoo(tmp_path, *shlex.split(resume.replace("steps=4000", "steps=3"))[1:])
    ganzoo(tmp_path, *shlex.split(sample)[1:])
    assert (tmp_path / "sevens.png").is_file()
    ganzoo(tmp_path, *shlex.split(interpolate)[1:])
    assert (tmp_path / "path.gif").is_file()


@pytest.mark.parametrize(
    "line", [c for c in commands() if re.match("ganzoo (list|info|config)", c)]
)
def test_short_commands(tmp_path, line):
    assert ganzoo(tmp_path, *shlex.split(line)[1:])
