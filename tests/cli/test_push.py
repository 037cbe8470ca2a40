"""``ganzoo push``: what it prints, how it ends, and what it leaves on the Hub."""

import os
import pty
import re
import shutil
import subprocess
import sys
import termios
import threading

import pytest

from ganzoo.hub.loading import load_pair
from tests.hub.server import ALICE, BOB

ID = "acme/digits"
SIZE = re.compile(r"  ([\w.]+) +([\d,]+) bytes  (new|changed|as it is|deleted)")


@pytest.fixture
def hub(session_hub):
    """A fresh Hub."""
    session_hub.reset()
    yield session_hub
    assert not session_hub.errors, session_hub.errors[0]


@pytest.fixture
def user(monkeypatch):
    """Alice is logged in."""
    monkeypatch.setenv("HF_TOKEN", ALICE)


@pytest.fixture
def push(command, hub, user, trained, tmp_path):
    """Push the small run, of which there is a copy; no token may ever be printed."""
    shutil.copytree(trained, tmp_path / "run")

    def call(*arguments, source="./run", target=ID):
        result = command("push", source, target, *arguments)
        printed = result.out + result.err
        assert ALICE not in printed
        assert BOB not in printed
        assert "Traceback" not in printed
        return result

    return call


def table(text):
    """What standard error says of each file."""
    return {name: kind for name, _, kind in map(re.Match.groups, SIZE.finditer(text))}


def titles(repo, revision="main"):
    sha, found = repo.resolve(revision), []
    while sha:
        found.append(repo.commits[sha].title)
        sha = repo.commits[sha].parent
    return found


def refused(result, message, code=2):
    """One sentence on standard error, and nothing else."""
    assert result.code == code, result.err
    assert result.out == ""
    [line] = result.err.splitlines()
    assert line.startswith("ganzoo: ")
    assert message in line
    assert len(line) < 600


def test_prints_the_page_of_the_commit_and_tells_the_files(push, hub):
    result = push()
    repo = hub.repos[ID]
    assert result.code == 0
    assert result.out == f"{hub.url}/{ID}/commit/{repo.head()}\n"
    first, *lines = result.err.splitlines()
    assert first == f"{ID} (a new repository)"
    assert len(lines) == len(table(result.err))
    files = {name: content for name, content in repo.files().items() if name != ".gitattributes"}
    assert {n: int(s.replace(",", "")) for n, s, _ in SIZE.findall(result.err)} == {
        name: len(content) for name, content in files.items()
    }
    assert table(result.err) == dict.fromkeys(files, "new")
    assert len({line.index(" bytes") for line in lines}) == 1  # in columns
    assert titles(repo) == ["Weights of vanilla", "initial commit"]


def test_again_says_that_nothing_changes(push, hub):
    first = push()
    again = push()
    assert (again.code, again.out) == (0, first.out)
    assert again.err.startswith(f"{ID}: nothing to change\n")
    assert set(table(again.err).values()) == {"as it is"}
    assert len(hub.repos[ID].commits) == 2


def test_a_trial_prints_the_card_and_does_nothing(push, hub):
    result = push("--dry-run", "--license", "mit")
    assert result.code == 0
    assert result.out.startswith("---\nlibrary_name: ganzoo\n")
    assert "\nlicense: mit\n" in result.out
    assert f'load_generator("{ID}")' in result.out
    assert result.out.endswith("\n")
    assert not result.out.endswith("\n\n")
    assert result.err.startswith(f"{ID} (a new repository)\n")
    assert "README.md" in table(result.err)
    assert not hub.repos
    assert {request.method for request in hub.log} == {"GET"}
    push("--license", "mit")
    assert hub.repos[ID].files()["README.md"].decode() == result.out


def test_a_trial_compares_nothing_where_the_hub_cannot_be_asked(push, hub, monkeypatch):
    printed = push("--dry-run", "--private", "--license", "mit")
    monkeypatch.setattr("ganzoo.hub.client.WAITS", ())
    hub.offline = True
    down = push("--dry-run", "--private", "--license", "mit")
    hub.offline = False
    monkeypatch.setattr("ganzoo.hub.client.is_offline_mode", lambda: True)
    forbidden = push("--dry-run", "--private", "--license", "mit")
    for result, why in ((down, "could not be reached"), (forbidden, "HF_HUB_OFFLINE is set")):
        assert (result.code, result.out) == (0, printed.out)
        first, *lines, note = result.err.splitlines()
        assert first == ID
        assert note.startswith("note: nothing was compared with acme")
        assert why in note
        assert len(lines) == len(table(printed.err))
        assert all(line.endswith(" bytes  not compared") for line in lines)
    refused(push(), "nothing is published while HF_HUB_OFFLINE is set")


def test_a_card_from_the_hub_commands_no_terminal(push, hub):
    hub.create(ID).put({"README.md": b"\x1b[2J\x1b]0;title\x07 text\n"})
    result = push("--dry-run")
    assert result.code == 0
    assert "\x1b" not in result.out + result.err
    assert r"\x1b[2J\x1b]0;title\x07 text" in result.out


def test_a_licence(push, hub):
    push("--license", "Apache-2.0")
    assert b"\nlicense: apache-2.0\n" in hub.repos[ID].files()["README.md"]


def test_no_discriminator(push, hub):
    push()
    result = push("--no-discriminator")
    assert table(result.err)["discriminator.safetensors"] == "deleted"
    assert "discriminator.safetensors" not in hub.repos[ID].files()


@pytest.mark.parametrize("private", [True, False])
def test_private(push, hub, private):
    push(*["--private"] * private)
    assert hub.repos[ID].private == private


def test_a_pull_request_and_its_message(push, hub):
    repo = hub.create(ID)
    result = push("--pr", "--message", "Better digits")
    assert result.out == f"{hub.url}/{ID}/discussions/1\n"
    assert repo.pulls[1].title == "Better digits"
    assert titles(repo) == ["initial commit"]
    assert titles(repo, "refs/pr/1") == ["Better digits", "initial commit"]
    load_pair(f"{ID}@refs/pr/1", token=ALICE)


@pytest.mark.parametrize(
    ("arguments", "target"),
    [(["--revision", "dev"], ID), ([], f"{ID}@dev")],
    ids=["option", "reference"],
)
def test_a_branch(push, hub, arguments, target):
    result = push(*arguments, "--message", "On a branch", target=target)
    repo = hub.repos[ID]
    assert result.out == f"{hub.url}/{ID}/commit/{repo.head('dev')}\n"
    assert titles(repo) == ["initial commit"]
    assert titles(repo, "dev") == ["On a branch", "initial commit"]


def test_weights_that_come_with_an_architecture(push, hub):
    assert push(source="dcgan.mnist5k").code == 0
    assert hub.repos[ID].owner == "alice"


def test_a_note_is_told(push, hub, tmp_path):
    hub.create(ID).put({"README.md": b"Theirs.\n"})
    with (tmp_path / "run" / "weights" / "README.md").open("a") as file:
        file.write("\nOurs.\n")
    result = push()
    assert result.code == 0
    [note] = [line for line in result.err.splitlines() if line.startswith("note: ")]
    assert "the text of README.md on the Hub stays" in note


REFUSED = {
    "no such run": ({"source": "./nothing"}, [], "there is no folder ./nothing"),
    "no weights": ({"source": "./"}, [], "is neither a weights folder nor a run"),
    "no reference": ({"source": "run"}, [], "a folder or run is written ./folder"),
    "on the Hub": ({"source": "acme/other"}, [], "is on the Hub already"),
    "to one part": ({"target": "digits"}, [], "'digits' does not name a repository"),
    "to a folder": ({"target": "./digits"}, [], "'./digits' does not name a repository"),
    "to an address": (
        {"target": "https://huggingface.co/acme/digits"},
        [],
        "write acme/digits",
    ),
    "a foreign namespace": ({"target": "bob/new"}, [], "may not create one under 'bob'"),
    "of somebody else": ({"target": "bob/theirs"}, [], "no write access to bob/theirs"),
    "public": ({"target": "acme/public"}, ["--private"], "is public, so nothing was published"),
    "a tag": ({"target": "acme/public@v1"}, [], "acme/public@v1 is a tag"),
    "two revisions": ({"target": f"{ID}@a"}, ["--revision", "b"], "already names a revision"),
    "a pull request to a branch": ({}, ["--pr", "--revision", "b"], "opened against main"),
    "a pull request to nothing": ({}, ["--pr"], f"there is no repository {ID}"),
    "no such pull request": (
        {"target": "acme/public"},
        ["--revision", "refs/pr/7"],
        "has no revision 'refs/pr/7'",
    ),
    "no licence": ({}, ["--license", "my own"], "does not know the licence 'my own'"),
    "an option": ({}, ["--licence", "mit"], "No such option: --licence"),
    "no value": ({}, ["--message"], "'--message' requires an argument"),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_refused(push, hub, cause):
    names, arguments, message = REFUSED[cause]
    hub.create("acme/public").tag("v1")
    hub.create("bob/theirs")
    refused(push(*arguments, **names), message)
    assert set(hub.repos) == {"acme/public", "bob/theirs"}
    assert {len(repo.commits) for repo in hub.repos.values()} == {1}


def test_without_a_repository(command):
    refused(command("push", "./run"), "Missing argument 'ORG/NAME'")


def test_nobody_logged_in(push, hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    refused(push(), "log in with: hf auth login")
    assert not hub.repos


def test_a_token_that_expired(push, hub):
    hub.expired.add(ALICE)
    refused(push(), "does not accept the token")


def test_a_hub_that_is_down(push, hub, monkeypatch):
    monkeypatch.setattr("ganzoo.hub.client.WAITS", (0.0,))
    hub.offline = True
    refused(push(), "could not be reached for acme/digits", code=1)


def test_a_hub_that_breaks_in_between(push, hub, monkeypatch, trained):
    monkeypatch.setattr("ganzoo.hub.client.WAITS", (0.0,))
    repo = hub.create(ID)
    hub.fail("POST", "/commit/", status=500, times=None)
    refused(push(), "cannot answer for acme/digits just now (500)", code=1)
    assert titles(repo) == ["initial commit"]


def test_somebody_else_who_pushes_meanwhile(push, hub):
    push()
    repo = hub.repos[ID]
    hub.before("POST", "/commit/", lambda: repo.put({"model.safetensors": b"theirs"}))
    result = push("--no-discriminator")
    refused(result, "somebody else pushed", code=1)
    assert f"{repo.head()[:12]} to {ID} meanwhile" in result.err


# As a process: what the client itself prints.


@pytest.fixture
def process(hub, user, trained, tmp_path):
    """Run ``ganzoo`` in a process that shows the client's bars wherever it wants to."""
    shutil.copytree(trained, tmp_path / "run")
    hidden = ("HF_HUB_DISABLE_PROGRESS_BARS",)
    environment = {name: value for name, value in os.environ.items() if name not in hidden}

    def start(*arguments, **options):
        return subprocess.run(
            [sys.executable, "-m", "ganzoo", *arguments],
            cwd=tmp_path,
            env=environment,
            timeout=600,
            check=True,
            **options,
        )

    return start


@pytest.mark.sweep
def test_nothing_of_the_clients_bars_gets_into_a_pipe(process, hub):
    done = process("push", "./run", ID, capture_output=True, text=True)
    assert done.stdout == f"{hub.url}/{ID}/commit/{hub.repos[ID].head()}\n"
    first, *lines = done.stderr.split("\n")
    assert first == f"{ID} (a new repository)"
    assert lines.pop() == ""
    assert all(SIZE.fullmatch(line) for line in lines), done.stderr
    for arguments in (["sample", ID, "-o", "grid.png"], ["pull", ID, "copy"]):
        done = process(*arguments, capture_output=True, text=True)
        assert done.stderr == ""
        assert done.stdout == f"{arguments[-1]}\n"


@pytest.mark.sweep
def test_a_terminal_has_bars(process, hub):
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 100))
    shown = []
    reader = threading.Thread(target=lambda: shown.extend(read_all(terminal)))
    reader.start()
    try:
        done = process("push", "./run", ID, stdout=subprocess.PIPE, stderr=end, text=True)
    finally:
        os.close(end)
        reader.join()
        os.close(terminal)
    text = b"".join(shown).decode()
    assert "100%|" in text
    assert f"{ID} (a new repository)\r\n  README.md " in text
    assert done.stdout == f"{hub.url}/{ID}/commit/{hub.repos[ID].head()}\n"


def read_all(terminal):
    """What is written to a terminal until nobody has it open."""
    try:
        while data := os.read(terminal, 4096):
            yield data
    except OSError:
        return
