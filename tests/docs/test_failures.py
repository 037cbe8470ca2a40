"""The errors that the pages list under "Troubleshooting" are those that one meets."""

import json
import re
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

import ganzoo
from ganzoo.errors import GanzooError
from ganzoo.hub.loading import open_weights
from tests.hub.server import BOB
from tests.texts import HUB, Reader, page

FILES = {path.name: path.read_bytes() for path in open_weights("dcgan.mnist5k").folder.iterdir()}
CONFIG = json.loads(FILES["config.json"])


@pytest.fixture
def reader(tmp_path, monkeypatch, session_hub):
    """A reader, and the repository that is loaded from; nobody waits."""
    reader = Reader(tmp_path, monkeypatch, session_hub)
    reader.repo = reader.hub.create("you/digits")
    reader.repo.put(FILES)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return reader


@pytest.fixture
def login(monkeypatch):
    """Lets somebody else be logged in."""
    return lambda token: monkeypatch.setenv("HF_TOKEN", token)


def load(reader, reference="you/digits", **options):
    ganzoo.load_generator(reference, **options)


def push(reader, target="you/digits", **options):
    ganzoo.push("dcgan.mnist5k", target, **options)


def with_config(**values):
    return {"config.json": json.dumps({**CONFIG, **values}).encode()}


def missing(reader, login):
    reader.hub.repos.clear()
    load(reader)


def no_revision(reader, login):
    load(reader, "you/digits@v9")


def gated(reader, login):
    reader.repo.gated = True
    login(BOB)
    load(reader)


def bad_token(reader, login):
    login("hf_nobody")
    load(reader)


def not_asked(reader, login):
    load(reader, local_files_only=True)


def no_network(reader, login):
    reader.hub.offline = True
    try:
        load(reader)
    finally:
        reader.hub.offline = False


def too_many(reader, login):
    wait = {"Retry-After": "300"}
    reader.hub.fail("GET", "/api/models/", status=429, times=None, headers=wait)
    load(reader)


def busy(reader, login):
    reader.hub.fail("GET", "/api/models/", status=503, times=None)
    load(reader)


def damaged(reader, login):
    reader.hub.corrupt("GET", "/lfs/", at=1000, times=None)
    load(reader)


def no_place(reader, login):
    Path("file").write_text("")
    load(reader, cache_dir="file")


def pickles(reader, login):
    reader.repo.put({"pytorch_model.bin": b"\x80\x04."}, delete=FILES)
    load(reader)


def of_others(reader, login):
    reader.repo.put({}, delete=["config.json"])
    load(reader)


def unknown_architecture(reader, login):
    architecture = {**CONFIG["architecture"], "name": "other-gan"}
    reader.repo.put(with_config(architecture=architecture))
    load(reader)


def newer_format(reader, login):
    reader.repo.put(with_config(format=2))
    load(reader)


def of_another_network(reader, login):
    other = open_weights("vanilla.mnist5k").folder / "model.safetensors"
    reader.repo.put({"model.safetensors": other.read_bytes()})
    load(reader)


def a_folder_too(reader, login):
    Path("you/digits").mkdir(parents=True)
    load(reader)


def storage_down(reader, login):
    reader.hub.drop("GET", "/lfs/", processed=False, times=None)
    load(reader)


def storage_takes_none(reader, login):
    reader.hub.drop("PUT", "/lfs/", processed=False, times=None)
    ganzoo.push(ganzoo.create_generator("vanilla", sample_shape=(1, 8, 8)), "you/digits")


def of_somebody_else(reader, login):
    reader.hub.create("acme/digits")
    push(reader, "acme/digits")


def in_a_foreign_place(reader, login):
    push(reader, "acme/new")


def to_a_tag(reader, login):
    reader.repo.tag("v1")
    push(reader, "you/digits@v1")


def public(reader, login):
    push(reader, private=True)


def somebody_pushes(reader, login):
    theirs = {"model.safetensors": FILES["discriminator.safetensors"]}
    reader.hub.before("POST", "/commit/", lambda: reader.repo.put(theirs))
    push(reader, licence="mit")


def no_weights_yet(reader, login):
    Path("runs/digits").mkdir(parents=True)
    Path("runs/digits/config.yaml").write_text("")
    ganzoo.push("./runs/digits", "you/digits")


def not_finite(reader, login):
    folder = Path("runs/digits/weights")
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    state = load_file(folder / "model.safetensors")
    wild = {key: x.fill_(3e38) if x.is_floating_point() else x for key, x in state.items()}
    save_file(wild, folder / "model.safetensors")
    ganzoo.push("./runs/digits", "you/digits")


def no_licence(reader, login):
    push(reader, licence="Apache 2")


def broken_card(reader, login):
    reader.repo.put({"README.md": b"---\nlicense: [\n---\n"})
    push(reader)


def refused_card(reader, login):
    body = json.dumps({"errors": [{"message": '"license" must be one of ...'}]}).encode()
    reader.hub.fail("POST", "/api/validate-yaml", status=400, body=body)
    push(reader, licence="mine")


PROVOKED = {
    "load-a-pretrained-generator": {
        "there is no repository you/digits on the Hub, or it is private": missing,
        "you/digits has no revision 'v9'": no_revision,
        "you/digits is gated": gated,
        "the Hub does not accept the token for you/digits": bad_token,
        "you/digits is not in the cache, and requests to the Hub are turned off": not_asked,
        "https://huggingface.co could not be reached for you/digits": no_network,
        "the large files of you/digits could not be transferred": storage_down,
        "the Hub asks to wait for 300 seconds": too_many,
        "the Hub cannot answer for you/digits just now": busy,
        "model.safetensors of you/digits arrived damaged twice": damaged,
        "the files of you/digits could not be stored here": no_place,
        "you/digits holds its weights as pickles": pickles,
        "you/digits holds no weights of ganzoo": of_others,
        "config.json of you/digits needs the architecture 'other-gan'": unknown_architecture,
        "config.json of you/digits is of format 2": newer_format,
        "model.safetensors of you/digits does not fit its config": of_another_network,
        "'you/digits' could be a folder or a name": a_folder_too,
    },
    "publish-your-weights": {
        "the large files of you/digits could not be transferred": storage_takes_none,
        "your token has no write access to acme/digits": of_somebody_else,
        "the repository acme/new does not exist or is hidden from your token": in_a_foreign_place,
        "you/digits@v1 is a tag": to_a_tag,
        "you/digits already exists and is public": public,
        "somebody else pushed": somebody_pushes,
        "the run ./runs/digits has no weights yet": no_weights_yet,
        "model.safetensors of ./runs/digits makes samples that are not finite": not_finite,
        "the Hub does not know the licence 'Apache 2'": no_licence,
        "the metadata at the head of README.md of you/digits": broken_card,
        "the Hub rejects the card of you/digits": refused_card,
    },
}
"""For each page, how one meets the sentences that it lists, by how they begin."""


@pytest.mark.parametrize("name", PROVOKED)
def test_every_listed_sentence_is_provoked(name):
    told = page(f"docs/how-to/{name}.md").partition("\n## Troubleshooting\n")[2]
    assert re.findall(r"^\| `([^`]+)` \|", told, re.M) == list(PROVOKED[name])


@pytest.mark.parametrize(
    ("sentence", "provoke"),
    [
        pytest.param(sentence, provoke, id=provoke.__name__)
        for sentences in PROVOKED.values()
        for sentence, provoke in sentences.items()
    ],
)
def test_a_listed_sentence_is_what_one_meets(sentence, provoke, reader, login):
    with pytest.raises(GanzooError) as error:
        provoke(reader, login)
    assert str(error.value).replace(reader.hub.url, HUB).startswith(sentence)


def test_push_tells_a_folder_from_a_repository_of_its_name(reader):
    Path("runs/digits").mkdir(parents=True)
    with pytest.raises(GanzooError, match=r"for the folder write \./runs/digits"):
        ganzoo.push("runs/digits", "you/digits")
