"""The how-to pages, followed word by word in fresh environments (with fewer steps)."""

import re
import shlex

import pytest

from ganzoo.about import DISTRIBUTION
from tests.imports import ROOT
from tests.plugins.conftest import DISTRIBUTIONS

PAGES = ROOT / "docs" / "how-to"
SHORT = ["training.batch_size=4", "training.sample_every=0"]
LANGUAGES = {"python", "console", "yaml", "text"}


def blocks(page, section=""):
    """Return the code blocks of a page, or of one of its sections: language and text."""
    text = (PAGES / page).read_text(encoding="utf-8")
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.S | re.M)


class Reader:
    """Somebody who does what a page says, block by block."""

    def __init__(self, environment, folder) -> None:
        self.environment, self.folder = environment, folder
        self.before = None
        self.ran = []

    def follow(self, page, section=""):
        for language, text in blocks(page, section):
            head, _, body = text.partition("\n")
            if language == "console":
                for line in text.splitlines():
                    self.type(line)
            elif head.startswith("# "):
                self.write(head.removeprefix("# "), body)

    def write(self, head, body):
        """Write a whole file, or replace a passage by the one that follows it."""
        name, _, part = head.partition(", ")
        path = self.folder / name
        if part == "before":
            assert path.read_text().count(body) == 1, f"{name} does not hold once:\n{body}"
            self.before = body
        elif part == "after":
            path.write_text(path.read_text().replace(self.before, body))
        else:
            assert not path.exists(), f"{name} would be written over"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text := body)
            assert text.strip()

    def type(self, line):
        program, *arguments = shlex.split(re.sub(r"steps=(\d+)000", r"steps=\1", line))
        self.ran.append(" ".join([program, *arguments[:1]]))
        if program == "cd":
            self.folder /= arguments[0]
        elif program == "pip":
            assert arguments[0] == "install"
            self.environment.install(*arguments[1:], cwd=self.folder)
        else:
            assert program == "ganzoo"
            short = SHORT if arguments[0] == "train" else []
            arguments = [re.sub("^steps=200$", "steps=1", item) for item in arguments]
            self.environment.done(*arguments, *short, cwd=self.folder)


def said(output, page):
    """Tell whether an output holds what a page shows of it; numbers and lines may differ."""
    (shown,) = (text for language, text in blocks(page) if "failed   " in text)
    words = [re.escape(word) for word in re.sub(r"[\d.]+e\+\d+", "NUMBER", shown).split()]
    return re.search(r"\s+".join(words).replace("NUMBER", r"\S+"), output)


@pytest.mark.parametrize("page", ["write-your-architecture.md", "add-a-loss.md"])
def test_a_page_has_blocks_of_known_languages_alone(page):
    assert {language for language, _ in blocks(page)} <= LANGUAGES


@pytest.mark.sweep
def test_an_architecture_of_ones_own_from_nothing_to_samples(environment, tmp_path):
    """Generated, edited, installed, checked, trained, resumed, sampled; a broken one beside it."""
    untouched = environment.states(tmp_path)
    environment.install("./broken_import")
    reader = Reader(environment, tmp_path)
    reader.follow("write-your-architecture.md")
    assert reader.folder == tmp_path / "my-gan"
    for command in ("new-plugin", "check-plugin", "train", "resume", "sample"):
        assert f"ganzoo {command}" in reader.ran
    assert (reader.folder / "sevens.png").is_file()
    saved = (reader.folder / "runs" / "mine" / "config.yaml").read_text()
    assert "preset: residual" in saved
    assert "blocks: 2" in saved

    networks = reader.folder / "src" / "ganzoo_my_gan" / "networks.py"
    networks.write_text(networks.read_text().replace(", nn.Tanh()]", "]"))
    faulty = environment.run("check-plugin", "my-gan", cwd=reader.folder)
    assert faulty.returncode == 1
    assert said(faulty.stdout, "write-your-architecture.md")

    states = environment.states(tmp_path)
    cause = states.pop(("architectures", "broken", "ganzoo-broken"))
    assert "fails to import (ModuleNotFoundError: No module named 'no_such_dependency')" in cause
    assert states.pop(("architectures", "my-gan", "ganzoo-my-gan")) == "ok"
    assert states == untouched
    assert {owner for _, _, owner in states} == {DISTRIBUTION}


@pytest.mark.parametrize(
    ("section", "commands"),
    [
        pytest.param("In one file", ["check-plugin", "train"], marks=pytest.mark.sweep),
        pytest.param(
            "As a distribution", ["install", "list", "check-plugin"], marks=pytest.mark.sweep
        ),
        pytest.param("A penalty", ["check-plugin", "train"], marks=pytest.mark.sweep),
    ],
)
def test_a_loss_of_ones_own(environment, tmp_path, section, commands):
    reader = Reader(environment, tmp_path)
    reader.follow("add-a-loss.md", section)
    assert [line.split()[1] for line in reader.ran] == commands


def test_every_section_with_code_is_followed():
    followed = [len(blocks("add-a-loss.md", name)) for name in ("In one file", "A penalty")]
    followed.append(len(blocks("add-a-loss.md", "As a distribution")))
    assert all(followed)
    assert sum(followed) == len(blocks("add-a-loss.md"))


def test_the_distribution_that_the_pages_name_as_the_model_is_there():
    for page in ("write-your-architecture.md", "add-a-loss.md"):
        assert "`tests/plugins/good`" in (PAGES / page).read_text(encoding="utf-8")
    assert (DISTRIBUTIONS / "good" / "pyproject.toml").is_file()
