"""What is printed: nothing of it commands a terminal, fails the work, or has no end."""

import ast
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import cli
from ganzoo.cli.common import echo
from ganzoo.data.progress import progress, say
from ganzoo.health.report import Facts
from ganzoo.health.report import report as report_on
from ganzoo.terminal import printable
from ganzoo.training.run import Run

TINY = (
    *("train", "architecture=vanilla", "architecture.generator_widths=[8]"),
    *("architecture.discriminator_widths=[8]", "steps=1", "batch_size=4", "health.every=0"),
)

COMMANDS = {
    "escape": ("\x1b[2J", r"\x1b[2J"),
    "colour": ("\x1b[31mred", r"\x1b[31mred"),
    "title": ("\x1b]0;t\x07", r"\x1b]0;t\x07"),
    "C1": ("\x9b2J", r"\x9b2J"),
    "override of direction": ("a\u202eb", r"a\u202eb"),
    "isolate": ("a\u2066b", r"a\u2066b"),
    "line end": ("a\nnote: b", r"a\nnote: b"),
    "return": ("a\rb", r"a\rb"),
    "line separator": ("a\u2028b", r"a\u2028b"),
    "back": ("a\bb", r"a\x08b"),
    "deleted": ("a\x7fb", r"a\x7fb"),
    "no text": ("a\udcffb", r"a\udcffb"),
    "nothing that is seen": ("a\u200bb", r"a\u200bb"),
}
HARMLESS = ("Größe", "写真", "\u3000", "a\u00a0b", "\N{GRINNING FACE}")


@pytest.mark.parametrize("case", COMMANDS)
def test_what_commands_a_terminal_is_escaped(case, capsys):
    given, shown = COMMANDS[case]
    assert printable(given) == shown
    echo(given)
    echo(given, err=True, bold=True)
    say(given)
    captured = capsys.readouterr()
    assert captured.out == f"{shown}\n"
    assert captured.err == 2 * f"{shown}\n"


@pytest.mark.parametrize("text", HARMLESS)
def test_letters_of_all_scripts_stay(text):
    assert printable(text) == text


def test_several_lines_stay_several(capsys):
    echo("a\x1b\nb", lines=True)
    assert capsys.readouterr().out == "a\\x1b\nb\n"


def test_nothing_is_printed_around_it():
    """The one place that prints on standard output escapes; so no other may."""
    folder = Path(cli.__file__).parent
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and path.name != "common.py":
                name = ast.unparse(node.func)
                assert name not in ("print", "typer.echo", "typer.secho", "typer.style"), path
    prints = {
        str(path.relative_to(folder.parent))
        for path in sorted(folder.parent.rglob("*.py"))
        if ".print(" in path.read_text(encoding="utf-8")
    }
    assert prints == {"data/progress.py"}


def edit(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


EVIL = "\x1b]0;t\x07\u202e"


def in_names(folder, trained):
    shutil.copytree(trained, folder / f"run{EVIL}")
    return f"run{EVIL}"


def test_a_runs_name_and_what_its_files_tell(command, trained, tmp_path):
    """Of every command that reads a run, whatever it prints."""
    run = in_names(tmp_path, trained)
    state = next(iter(sorted((tmp_path / run / "checkpoints").iterdir()))) / "state.json"
    edit(state, plugins={"vanilla": EVIL}, processes=EVIL)
    shutil.rmtree(sorted((tmp_path / run / "checkpoints").iterdir())[-1])
    edit(tmp_path / run / "weights" / "config.json", training={EVIL: EVIL, "data": EVIL})
    for arguments in (
        ["diagnose", f"./{run}"],
        ["info", f"./{run}"],
        ["export", f"./{run}", "weights"],
        ["resume", f"./{run}", "steps=8"],
        ["sample", f"./{run}", "-n", "1", "-o", f"grid{EVIL}.png"],
        ["info", f"./no{EVIL}"],
        ["list", EVIL],
        ["train", f"{EVIL}.yaml"],
        ["train", "architecture=vanilla", f"data=./{EVIL}"],
        ["config", "show", f"./{run}/config.yaml", f"data.{EVIL}=1"],
    ):
        result = command(*arguments)
        printed = result.out + result.err
        assert not {"\x1b", "\x07", "\u202e"} & set(printed), arguments
        assert "Traceback" not in printed
        assert "unexpected" not in printed


def test_a_data_folders_name(command, tmp_path):
    folder = tmp_path / f"pics{EVIL}"
    for name in (f"a{EVIL}", "b"):
        (folder / name).mkdir(parents=True)
        for n in range(4):
            pixels = np.random.default_rng(n).integers(0, 255, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{n}{EVIL}.png")
    (folder / "b" / f"broken{EVIL}.png").write_bytes(b"no image")
    for arguments in (
        ["data", "check", f"./pics{EVIL}", "--no-preview"],
        ["config", "show", "architecture=vanilla", f"data=./pics{EVIL}"],
        [*TINY, f"data=./pics{EVIL}", "data.max_bad=0.5"],
    ):
        result = command(*arguments)
        printed = result.out + result.err
        assert not {"\x1b", "\x07", "\u202e"} & set(printed), arguments
        assert r"pics\x1b]0;t\x07\u202e" in printed


def test_what_is_logged(command, capsys):
    command("--version")
    logging.getLogger("ganzoo.hub").warning("because %s", EVIL)
    assert capsys.readouterr().err == r"because \x1b]0;t\x07\u202e" + "\n"


def test_a_bar_and_a_report(capsys, monkeypatch, trained):
    monkeypatch.setattr("ganzoo.data.progress.SECONDS_UNTIL_SHOWN", -1.0)
    with progress(f"looking at {EVIL}", 5) as report:
        report(1)
    assert r"looking at \x1b]0;t\x07\u202e: 1 of 5" in capsys.readouterr().err
    shown = report_on(Facts(f"a\n{EVIL}", Run.open(trained).outline, 1, "empty", ""), [], [], [])
    assert shown.splitlines()[0] == r"a\n\x1b]0;t\x07\u202e"


# As processes: what stands around the command line.


def run(tmp_path, *arguments, redirected="", **environment):
    """Run ``ganzoo`` with streams as a shell redirects them."""
    words = [sys.executable, "-m", "ganzoo", *arguments]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *words],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=300,
        check=False,
    )


ENCODINGS = [
    "cp1252",
    *(pytest.param(name, marks=pytest.mark.sweep) for name in ("ascii", "latin-1:strict", "utf-8")),
]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_an_encoding_that_lacks_the_letters(tmp_path, encoding, stream):
    name = "写真\N{GRINNING FACE}"
    words = {"stdout": ["new-plugin", "my-gan", "--out", name], "stderr": ["info", f"./{name}"]}
    done = run(tmp_path, *words[stream], PYTHONIOENCODING=encoding)
    assert done.returncode == (0 if stream == "stdout" else 2), done.stderr
    escaped = name.encode("ascii", "backslashreplace")
    # Where an environment seems to be set up badly, as by ASCII, click writes UTF-8.
    allowed = {"utf-8": [name.encode()], "ascii": [name.encode(), escaped]}.get(encoding, [escaped])
    assert any(shown in getattr(done, stream) for shown in allowed)
    assert b"unexpected" not in done.stderr


@pytest.mark.sweep
def test_a_run_that_nobody_can_print(tmp_path):
    done = run(tmp_path, *TINY, "--out", "写真", PYTHONIOENCODING="cp1252:strict")
    assert (done.returncode, done.stdout) == (0, rb"./\u5199\u771f" + os.linesep.encode())
    assert (tmp_path / "写真" / "weights" / "config.json").is_file()


@pytest.mark.parametrize("redirected", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", [("info", "dcgan"), ("list", "--json")])
def test_a_stream_that_is_closed(tmp_path, redirected, arguments):
    done = run(tmp_path, *arguments, redirected=redirected)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (done.stdout == b"") == (">&-" in redirected.split())


@pytest.mark.sweep
def test_a_run_with_its_streams_closed(tmp_path):
    assert run(tmp_path, *TINY, redirected="<&- >&- 2>&-").returncode == 0
    [made] = sorted((tmp_path / "runs").iterdir())
    assert ganzoo.load_generator(made).sample(1).shape[0] == 1


# What could have no end.


@pytest.mark.parametrize("shape", ["files", "facts", "scores", "card", "nested"])
def test_a_description_has_an_end(command, trained, tmp_path, shape):
    folder = tmp_path / "weights"
    shutil.copytree(trained / "weights", folder)
    many = {f"fact{n}": n for n in range(4_000)}
    if shape == "files":
        for n in range(4_000):
            (folder / f"f{n}.txt").touch()
    elif shape == "card":
        text = "".join(f"f{n}: {n}\n" for n in range(3_000))
        (folder / "README.md").write_text(f"---\n{text}---\n")
    elif shape == "scores":
        edit(folder / "config.json", scores=[{"metric": f"m{n}", "value": n} for n in range(4_000)])
    else:
        edit(folder / "config.json", training=many if shape == "facts" else {"all": many})
    result = command("info", "./weights")
    assert result.code == 0
    assert len(result.out.splitlines()) < 160
    assert len(result.out) < 16_000
    assert shape == "nested" or " more" in result.out
    values = json.loads(command("info", "./weights", "--json").out)
    assert shape != "files" or len(values["file_sizes"]) > 4_000
    assert shape != "facts" or values["training"] == many
