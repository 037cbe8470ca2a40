"""``info``, ``sample``, ``interpolate`` and ``pull`` with what lies on the Hub."""

import json
import os
import subprocess
import sys
import time

import pytest
from huggingface_hub import constants
from PIL import Image

import ganzoo
from tests.hub import reading
from tests.hub.server import ALICE

NAME = "acme/digits"


@pytest.fixture
def hub(session_hub, tmp_path_factory, monkeypatch):
    """A fresh Hub, and a fresh cache for what this process takes from it."""
    session_hub.reset()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("hub")))
    yield session_hub
    assert not session_hub.errors, session_hub.errors[0]
    assert not [request for request in session_hub.requests(origin="cdn") if request.authorized]


@pytest.fixture
def repo(hub):
    repo = hub.create(NAME)
    repo.put(reading.files(0))
    return repo


@pytest.fixture
def waits(monkeypatch):
    waits, sleep = [], time.sleep
    monkeypatch.setattr(time, "sleep", lambda s: waits.append(s) if s >= 0.5 else sleep(s))
    return waits


def done(result):
    assert result.code == 0, result.err
    return result.out


def plain(text):
    """Check that a text cannot command a terminal."""
    assert all(character.isprintable() or character == "\n" for character in text), ascii(text)
    return text


# --- info --------------------------------------------------------------------------------------


def with_scores(**score):
    """The files of weights that were evaluated."""
    files = reading.files(0)
    config = json.loads(files["config.json"])
    config["scores"] = [{"metric": "KID", "value": 0.0125, "reals": 5000, **score}]
    return {**files, "config.json": json.dumps(config).encode()}


PAGE = """\
acme/digits@v1

  group       weights
  repository  acme/digits
  commit      {commit}
  format      1
  ganzoo      {version}

architecture
  name                dcgan
  preset              pytorch
  sample_shape        [1, 16, 16]
  num_classes         3
  latent_dim          100
  latent              normal
  layers              strided
  width               2
  discriminator_norm  batch
  norm_eps            1e-05
  initialisation      normal

data
  kind         images
  class_names  Ä, b, c
  background   #ffffff

networks
  generator      generator  model.safetensors          reads latents, makes
                                                       sample
  discriminator  critic     discriminator.safetensors  reads sample
  generator_raw  generator  generator_raw.safetensors  reads latents, makes
                                                       sample

plugin
  distribution  ganzoo-torch
  version       {version}

training
  steps  0

card
  license  cc-by-sa-3.0
  tags     gan

scores
  KID  0.0125  reals 5000, data mnist

files
  .gitattributes                389 bytes
  README.md                      51 bytes
  config.json                   {config} bytes
  discriminator.safetensors   1,704 bytes
  generator_raw.safetensors  28,224 bytes
  model.safetensors          28,224 bytes
  recipe.yaml                    20 bytes
  samples.png                 {samples:>5,} bytes
  in all                     {total} bytes
"""


def test_info_for_people(hub, repo, command):
    commit = repo.put(with_scores(data="mnist"))
    repo.tag("v1")
    out = done(command("info", f"{NAME}@v1"))
    sizes = {name: len(content) for name, content in repo.files().items()}
    expected = PAGE.format(
        commit=commit,
        version=ganzoo.__version__,
        config=sizes["config.json"],
        samples=sizes["samples.png"],
        total=f"{sum(sizes.values()):,}",
    )
    assert out == expected
    assert not hub.requests(path="safetensors")


def test_info_for_programs(repo, command):
    commit = repo.put(with_scores())
    found = json.loads(done(command("info", NAME, "--json")))
    assert found["name"] == found["repository"] == NAME
    assert found["commit"] == commit
    assert found["card"] == {"license": "cc-by-sa-3.0", "tags": ["gan"]}
    assert found["scores"] == [{"metric": "KID", "value": 0.0125, "reals": 5000}]
    assert found["file_sizes"] == {name: len(c) for name, c in repo.files().items()}
    assert found["architecture"]["sample_shape"] == [1, 16, 16]
    assert found["base_model"] is None


def test_info_of_many_classes_and_long_values_stays_short(hub, command):
    files = reading.files(0)
    config = json.loads(files["config.json"])
    config["architecture"]["num_classes"] = 1000
    config["data"]["class_names"] = [f"class {n}" for n in range(1000)]
    config["training"] = {"note": "long " * 20_000, "empty": None, "k" * 5000: 1}
    hub.create(NAME).put({**files, "config.json": json.dumps(config).encode()})
    out = done(command("info", NAME))
    assert "class 19 and 980 more" in " ".join(out.split())
    assert "empty" not in out
    assert len(out.splitlines()) < 100
    assert max(map(len, out.splitlines())) < 160
    assert len(json.loads(done(command("info", NAME, "--json")))["training"]["note"]) == 100_000


def test_info_tells_scores_once(hub, command):
    card = b"---\nmodel-index:\n- name: digits\n  results: [{x: 0.0125}]\nlicense: mit\n---\n"
    hub.create(NAME).put({**with_scores(), "README.md": card})
    out = done(command("info", NAME))
    assert out.count("0.0125") == 1
    assert "license  mit" in out
    assert json.loads(done(command("info", NAME, "--json")))["card"]["model-index"]


def test_info_without_the_hub(hub, repo, command, waits):
    done(command("info", NAME))
    hub.offline = True
    result = command("info", NAME)
    assert repo.head() in done(result)
    assert "class_names  Ä, b, c" in result.out


# --- sample and pull ---------------------------------------------------------------------------


def test_sample(repo, command, tmp_path):
    repo.tag("v1")
    repo.put(reading.files(1))
    folder = reading.write(tmp_path / "w", reading.files(0))
    options = ["-n", "4", "--label", "Ä", "--seed", "3"]
    assert done(command("sample", f"{NAME}@v1", *options, "-o", "there.png")) == "there.png\n"
    done(command("sample", folder, *options, "-o", "here.png"))
    with Image.open("here.png") as here, Image.open("there.png") as there:
        assert here.tobytes() == there.tobytes()
    done(command("sample", NAME, *options, "-o", "other.png"))
    with Image.open("here.png") as here, Image.open("other.png") as other:
        assert here.tobytes() != other.tobytes()


def test_sample_of_the_raw_generator(repo, command):
    done(command("sample", NAME, "-n", "4", "-o", "a.png"))
    done(command("sample", NAME, "-n", "4", "--raw", "-o", "b.png"))
    with Image.open("a.png") as a, Image.open("b.png") as b:
        assert a.tobytes() != b.tobytes()


def test_interpolate(repo, command):
    out = done(command("interpolate", NAME, "-n", "2", "--steps", "2", "-o", "x.gif"))
    assert out == "x.gif\n"
    with Image.open("x.gif") as film:
        assert film.n_frames > 2


def test_pull_and_use(repo, command):
    repo.tag("v1")
    repo.put(reading.files(1))
    assert done(command("pull", f"{NAME}@v1", "mine")) == "mine\n"
    assert json.loads(done(command("info", "./mine", "--json")))["training"] == {"steps": 0}
    done(command("sample", "./mine", "-o", "x.png"))
    refused = command("pull", NAME, "mine")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "ganzoo: mine already exists; give a new folder for the weights\n"


def test_pull_into_the_folder_where_one_stands(repo, command):
    assert done(command("pull", NAME, ".")) == ".\n"
    assert set(os.listdir()) == set(reading.files(0))
    done(command("sample", ".", "-o", "x.png"))


# --- refusals ----------------------------------------------------------------------------------

WRONG = {
    "no repository": ("acme/nothing", "there is no repository acme/nothing on the Hub"),
    "private": ("acme/secret", "there is no repository acme/secret on the Hub, or it is private"),
    "no revision": (f"{NAME}@v9", f"{NAME} has no revision 'v9'; its branches and tags are"),
    "no commit": (f"{NAME}@{'0' * 40}", f"{NAME} has no revision '{'0' * 40}'"),
    "no reference": (f"{NAME}@", "the revision after @ is empty"),
    "an address": (
        f"https://huggingface.co/{NAME}/tree/v1",
        f"that is the address of a page; write {NAME}@v1",
    ),
    "a data set": ("datasets/acme/x", "one of the Hub's datasets, which hold no weights"),
    "no weights": ("acme/empty", "acme/empty holds no weights of ganzoo"),
    "pickles": ("acme/pickles", "acme/pickles holds its weights as pickles"),
    "gated": ("acme/gated", "acme/gated is gated: ask for access on"),
    "disabled": ("acme/disabled", "the Hub has disabled acme/disabled"),
}

COMMANDS = {
    "info": lambda reference: ["info", reference],
    "sample": lambda reference: ["sample", reference, "-o", "x.png"],
    "pull": lambda reference: ["pull", reference, "folder"],
}


@pytest.fixture
def several(hub, repo):
    """Repositories that give nothing."""
    hub.create("acme/secret", private=True).put(reading.files(0))
    hub.create("acme/empty")
    hub.create("acme/pickles").put({"config.json": b"{}", "model.pt": b"x"})
    hub.repos["acme/pickles"].put({}, delete=["config.json"])
    for state in ("gated", "disabled"):
        other = hub.create(f"acme/{state}")
        other.put(reading.files(0))
        setattr(other, state, True)
    return hub


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("cause", WRONG)
def test_a_wrong_request(several, command, tmp_path, cause, name):
    reference, message = WRONG[cause]
    result = command(*COMMANDS[name](reference))
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("ganzoo: ")
    assert result.err.count("\n") == 1
    assert message in result.err
    assert len(result.err) < 600
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_hub_that_is_not_there(hub, command, waits, tmp_path, name):
    hub.stop()
    result = command(*COMMANDS[name](NAME))
    assert result.code == 1
    assert result.out == ""
    assert result.err == (
        f"ganzoo: {hub.url} could not be reached for {NAME} (ConnectError); check the network, "
        "then try again\n"
    )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_token_is_not_shown(hub, repo, command, monkeypatch, name):
    monkeypatch.setenv("HF_TOKEN", ALICE)
    hub.expired.add(ALICE)
    result = command(*COMMANDS[name](NAME))
    assert result.code == 2
    assert "the Hub does not accept the token" in result.err
    assert ALICE not in result.err + result.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["info", NAME], 0, "", marks=pytest.mark.sweep),
        pytest.param(
            ["pull", f"{NAME}@v9", "folder"], 2, "has no revision 'v9'", marks=pytest.mark.sweep
        ),
        (["sample", NAME, "-o", "x.png"], 1, "is not in the cache, and requests"),
    ],
    ids=["done", "wrong", "offline"],
)
def test_as_a_process(hub, repo, tmp_path, arguments, code, message):
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home")}
    if code == 1:
        environment["HF_HUB_OFFLINE"] = "1"
    result = subprocess.run(
        [sys.executable, "-m", "ganzoo", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == code, result.stderr
    assert result.stderr.count("\n") == (1 if code else 0)
    assert message in result.stderr
    assert bool(result.stdout) == (code == 0)
    assert set(os.listdir(tmp_path)) <= {"home"}


# --- what a repository says --------------------------------------------------------------------

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\r\x00\u2028"


def hostile():
    files = reading.files(0)
    config = json.loads(files["config.json"])
    config["data"]["class_names"] = [f"{n}{ESCAPES}" for n in range(3)]
    config["training"] = {f"data{ESCAPES}": f"x{ESCAPES}", "nested": {ESCAPES: [ESCAPES]}}
    config["scores"] = [{"metric": ESCAPES, "value": ESCAPES, ESCAPES: ESCAPES}]
    config["base_model"] = {"repo": f"a/b{ESCAPES}", "sha": ESCAPES}
    config["plugin"] = {"distribution": f"x{ESCAPES}", "version": ESCAPES}
    config["ganzoo"] = ESCAPES
    head = {f"licence{ESCAPES}": ESCAPES, "tags": [ESCAPES], "license": f"mit{ESCAPES}"}
    return {
        **files,
        "config.json": json.dumps(config).encode(),
        "README.md": f"---\n{json.dumps(head)}\n---\n".encode(),
        f"{ESCAPES}.txt": b"x",
    }


@pytest.mark.parametrize("columns", ["40", "80", "200"])
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_no_text_of_a_repository_commands_the_terminal(hub, command, monkeypatch, options, columns):
    hub.create(NAME).put(hostile())
    monkeypatch.setenv("COLUMNS", columns)
    result = command("info", NAME, *options)
    text = plain(done(result) + result.err)
    assert "owned" in text


def test_no_text_of_a_repository_makes_up_lines(hub, command):
    files = reading.files(0)
    config = json.loads(files["config.json"])
    config["training"] = {"x\n\nscores\n  KID": "0\n  commit  0"}
    hub.create(NAME).put({**files, "config.json": json.dumps(config).encode()})
    lines = done(command("info", NAME)).splitlines()
    assert "scores" not in lines
    assert [line.split() for line in lines if line.startswith("  commit")] == [
        ["commit", hub.repos[NAME].head()]
    ]


def test_no_class_name_commands_the_terminal_in_an_error(hub, command):
    hub.create(NAME).put(hostile())
    result = command("sample", NAME, "--label", "0")
    assert result.code == 2
    assert "there is no class '0'" in plain(result.err)
    assert "owned" in result.err


HOSTILE_NAMES = {
    "architecture": lambda config: config["architecture"].update(name=f"x{ESCAPES}"),
    "format": lambda config: config.update(format=ESCAPES),
    "field": lambda config: config.update({ESCAPES: 1}),
    "field of the architecture": lambda config: config["architecture"].update({ESCAPES: 1}),
    "value": lambda config: config["architecture"].update(latent=ESCAPES),
    "version": lambda config: config["plugin"].update(version=f"9{ESCAPES}"),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("cause", HOSTILE_NAMES)
def test_no_error_about_a_repository_commands_the_terminal(hub, command, cause, name):
    files = reading.files(0)
    config = json.loads(files["config.json"])
    HOSTILE_NAMES[cause](config)
    hub.create(NAME).put({**files, "config.json": json.dumps(config).encode()})
    result = command(*COMMANDS[name](NAME))
    assert result.code == 2
    assert result.err.count("\n") == 1
    plain(result.out + result.err)


def test_no_name_of_a_pickle_commands_the_terminal(hub, command):
    hub.create(NAME).put({f"{ESCAPES}.pkl": b"x"})
    result = command("sample", NAME)
    assert result.code == 2
    assert "as pickles" in plain(result.err)
