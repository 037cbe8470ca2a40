"""The code blocks of our texts, and a reader who follows them word by word, with fewer steps.

What a block is, its language says:

- ``python`` is run, with what the page's blocks before it defined;
- ``console`` is run line by line;
- ``yaml``, ``toml`` and ``json`` are configs, whole or in part, and are checked as such;
- ``text`` is no code.

A block whose first line is a comment with a file's name is that file, and is written before it is
used. A block with the title "output" shows what the commands before it print; one with another
title shows a file of a run, or of a plugin, and has the same keys.
"""

import contextlib
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass

import numpy as np
import pytest
from huggingface_hub import constants
from PIL import Image

import ganzoo
from ganzoo import registry
from ganzoo.cli import main
from ganzoo.config.documents import PARSERS
from ganzoo.resolve import resolve
from ganzoo.spec import Architecture
from tests.imports import ROOT

PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))

BLOCK = re.compile(r"^(`{3,})(\w*)(?: title=\"([^\"\n]+)\")?\n(.*?)^\1$", re.M | re.S)
FILE = re.compile(r"# ([\w-]+\.(?:py|yaml|toml))\n")
STEPS = re.compile(r"((?<!_)\bsteps\"?[:=] ?|checkpoint_every=|\bstep-)(\d+)")

VARIABLE = re.compile(r"[A-Z_]+=\S*")
COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
PINNED = re.compile(rf"(\w+/\w+)@{COMMIT.pattern}")

USER, TOKEN = "you", "hf_you0123456789"
"""The reader on the tests' Hub."""

HUB = "https://huggingface.co"
"""The Hub, as texts write it."""

LONG = {
    f"benchmarks.{name}" for name in ("caching", "finetuning", "health", "quality", "translations")
}
"""Benchmarks that take minutes; that they do their work is tested by tests/benchmarks."""

SMALL = {"steps": 1, "batch_size": 4}
"""What a run on the command line has where it does not say otherwise."""


def load_hooks():
    """Import what makes the generated pages, which is no package."""
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = load_hooks()


@dataclass(frozen=True)
class Block:
    """One fenced block of a text.

    Attributes:
        language: What the fence says it is.
        title: The file that it shows, if any.
        code: What stands in it.
    """

    language: str
    title: str
    code: str

    @property
    def file(self):
        """The name of the file that it is, if it is one."""
        found = FILE.match(self.code)
        return found and found[1]


def blocks(text):
    """Return the fenced blocks of a text.

    Raises:
        ValueError: A fence is indented, not closed, or otherwise not as the others are.
    """
    found = [Block(*parts) for _, *parts in BLOCK.findall(text)]
    if re.search(r"^\s*(?:```|~~~)", BLOCK.sub("", text), re.M):
        raise ValueError("there is a fence that is no block of ours")
    return found


def page(path):
    """Return a text as it is built: with what is made from the code, if it is of the site."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return HOOKS.on_page_markdown(text) if path.startswith("docs/") else text


def command_lines(text):
    """Return the lines of a text's console blocks, without remarks."""
    code = "".join(block.code for block in blocks(text) if block.language == "console")
    return [line.partition("#")[0].strip() for line in code.splitlines()]


def fewer_steps(code):
    """Divide every number of steps by a thousand, also in the names of checkpoints."""

    def divided(match):
        number = -(-int(match[2]) // 1000)
        return match[1] + (f"{number:010}" if match[1] == "step-" else str(number))

    return STEPS.sub(divided, code)


def in_small(arguments):
    """Let a training or scoring that is told on the command line be a short one."""
    if "evaluate" in arguments and "-n" not in arguments:
        return [*arguments, "-n", "300"]
    given = {word.partition("=")[0].removeprefix("training.") for word in arguments}
    few = [f"training.{k}={v}" for k, v in SMALL.items() if k not in given]
    if "sweep" in arguments and "--help" not in arguments:
        return [*arguments, "--trials", "2", "evaluation.fakes=64", *few]
    return [*arguments, *few] if {"train", "finetune"} & {*arguments} else arguments


def plain(output):
    """Return the lines of an output without what differs from run to run: numbers and spacing."""
    text = re.sub(r"(?<![\w-])-?\d[\w.,+-]*", "0", COMMIT.sub("COMMIT", output).replace(HUB, "HUB"))
    return [" ".join(line.split()) for line in text.splitlines()]


def prints(shown, real):
    """Tell whether an output is as a text shows it, where ``...`` stands for any lines."""
    lines = [r"(?:.*\n)*?" if line == "..." else f"{re.escape(line)}\n" for line in plain(shown)]
    return bool(re.fullmatch("".join(lines), "".join(f"{line}\n" for line in plain(real))))


class Reader:
    """Follows texts in a folder of their own, which has `images` and our `examples`.

    On the tests' Hub the reader is `USER`, is logged in, and has an empty cache.

    Attributes:
        folder: Where the reader stands.
        hub: The tests' Hub, which holds the images as a dataset, and no weights at first.
        names: What the Python blocks defined.
        output: What the last block of commands printed.
        torchrun: Whether `torchrun` starts processes on this machine; if not, and for several
            machines, what it would start is run in this process.
    """

    torchrun = False

    def __init__(self, folder, monkeypatch, hub):
        self.folder, self.names, self.output = folder, {}, ""
        self.hub, self._monkeypatch = hub, monkeypatch
        hub.reset()
        hub.tokens[TOKEN] = USER
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_HUB_CACHE", str(folder / ".cache"))  # of processes that are started
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / ".cache"))
        monkeypatch.chdir(folder)
        monkeypatch.setattr(registry, "_local", {})
        random = np.random.default_rng(0)
        (folder / "images").mkdir()
        for index in range(4):
            pixels = random.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "images" / f"{index}.png")
        files = {f"train/{path.name}": path.read_bytes() for path in (folder / "images").iterdir()}
        hub.create(f"datasets/{USER}/images").put(files)
        (folder / "examples").mkdir()
        for path in (ROOT / "examples").glob("*.yaml"):
            (folder / "examples" / path.name).write_text(fewer_steps(path.read_text()))

    def publish(self, name):
        """Let there be a repository that a text takes for granted."""
        ganzoo.push("dcgan.mnist5k", name, licence="cc-by-sa-3.0")

    def follow(self, text):
        """Do everything that a text says."""
        for block in blocks(text):
            self.do(block)

    def do(self, block):
        """Run, write or check one block."""
        code = PINNED.sub(self._pin, fewer_steps(block.code))
        if block.title == "output":
            real = self.output.replace(self.hub.url, HUB)
            assert prints(block.code, real), f"the commands print:\n{real}"
        elif block.title:
            self._compare(block)
        elif block.file:
            (self.folder / block.file).write_text(code)
            if block.language != "python":
                resolve(block.file)
        elif block.language == "python":
            exec(compile(code, "a block", "exec"), self.names)
        elif block.language == "console":
            self.output = ""
            for line in command_lines(f"```console\n{code}```"):
                self.type(line)
        elif block.language in ("yaml", "toml", "json"):
            self._resolve({"architecture": "dcgan", **PARSERS[f".{block.language}"](code)})
        else:
            assert block.language == "text", f"a block of {block.language or 'no language'}"

    def _resolve(self, values):
        """Check a config; one of a translator gets images."""
        name = values["architecture"]
        name = name if isinstance(name, str) else name["name"]
        objectives = registry.get(Architecture, name).objectives
        source = {"paired": "pairs", "cycle": "domains"}.get(objectives[0])
        if source is not None:
            shutil.copytree("images", "others", dirs_exist_ok=True)
            places = {"source": source, "a": "./images", "b": "./others"}
            values["data"] = {**places, **values.get("data", {})}
        resolve(values)

    def type(self, line):
        """Enter one line at the prompt."""
        match shlex.split(line):
            case ["ganzoo", *arguments]:
                self.ganzoo(*arguments)
            case [variable, "ganzoo", *arguments] if VARIABLE.fullmatch(variable):
                # In a process of its own, as the Hub's client reads its variables when it starts.
                name, _, value = variable.partition("=")
                command = [sys.executable, "-m", "ganzoo", *in_small(arguments)]
                subprocess.run(command, env={**os.environ, name: value}, check=True)
            case ["hf", "auth", "login"]:
                pass  # which asks a person for a token; the reader has one already
            case ["torchrun", *arguments] if self.torchrun and "--nnodes" not in arguments:
                command = [sys.executable, "-m", "torch.distributed.run", *in_small(arguments)]
                subprocess.run(command, check=True)
            case ["torchrun", *arguments]:
                self.ganzoo(*arguments[arguments.index("ganzoo") + 1 :])
            case ["make", *targets]:
                assert targets
                assert TARGETS.issuperset(targets)
            case ["python", "-m", "benchmarks.modes", *arguments]:
                command = [sys.executable, "-m", "benchmarks.modes", "ring8", *arguments]
                short = ["--recipes", "default", "--seeds", "1", "--steps", "2"]
                environment = {**os.environ, "PYTHONPATH": str(ROOT)}
                subprocess.run([*command, *short], cwd=self.folder, env=environment, check=True)
            case ["python", "-m", name, *arguments] if name in LONG:
                command = [sys.executable, "-m", name, *arguments, "--help"]
                subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            case ["python", "-m", "benchmarks.fids"]:
                assert callable(importlib.import_module("benchmarks.fids").main)
            case ["pip", "install", *options]:
                # From a clone alone, by a path.
                assert next(word for word in options if word != "-e").startswith(".")
            case words:
                assert words == ["source", ".venv/bin/activate"], line

    def ganzoo(self, *arguments):
        """Call the command as in a process of its own: nothing is registered yet."""
        with self._monkeypatch.context() as patch:
            patch.setattr(registry, "_local", {})
            patch.setattr(sys, "path", [*sys.path])
            patch.setattr(sys, "argv", ["ganzoo", *in_small(arguments)])
            printed = io.StringIO()
            # Both in the order in which a terminal shows them.
            with (
                contextlib.redirect_stdout(printed),
                contextlib.redirect_stderr(printed),
                pytest.raises(SystemExit) as stop,
            ):
                main()
            self.output += printed.getvalue()
            print(printed.getvalue(), end="")
            for name, module in list(sys.modules.items()):
                if str(self.folder) in str(getattr(module, "__file__", "")):
                    del sys.modules[name]
        assert not stop.value.code, f"ganzoo {shlex.join(arguments)}"

    def _pin(self, match):
        """The commit that a repository is at now, in the place of the one that a text shows."""
        return f"{match[1]}@{self.hub.repos[match[1]].head('main')}"

    def _compare(self, block):
        """Hold what a text shows of a file against the file."""
        if block.title == "pyproject.toml":
            for group in tomllib.loads(block.code)["project"]["entry-points"]:
                assert group.removeprefix("ganzoo.") in registry.GROUPS
            return
        (path,) = self.folder.glob(f"runs/*/{fewer_steps(block.title)}")
        real = path.read_text().splitlines()[-1] if path.suffix == ".jsonl" else path.read_text()
        assert shows(json.loads(block.code), json.loads(real)), block.title


def shows(shown, real):
    """Tell whether JSON in a text has the keys of the real one; ``{}`` stands for anything."""
    if not isinstance(shown, dict) or not shown:
        return True
    return shown.keys() == real.keys() and all(shows(shown[key], real[key]) for key in shown)
