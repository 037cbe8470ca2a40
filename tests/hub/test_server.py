"""The small Hub is like the real one where it matters, told by the real client; and its faults."""

import hashlib
import os
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from huggingface_hub import (
    HfApi,
    constants,
    get_token,
    hf_hub_download,
)
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.hub.server import ALICE, BOB

ID = "alice/digits"
WEIGHTS = os.urandom(300_000)
FILES = {
    "README.md": b"---\nlicense: mit\nlibrary_name: ganzoo\ntags:\n- gan\n---\n# Digits\n",
    "config.json": b'{"a": 1}\n',
    "model.safetensors": WEIGHTS,
    "samples/grid.png": b"\x89PNG" + os.urandom(500),
}
ATTRIBUTES = ".gitattributes"
alice, bob, anybody = HfApi(token=ALICE), HfApi(token=BOB), HfApi(token=False)


@pytest.fixture
def repo(hub):
    repo = hub.create(ID)
    repo.put(FILES)
    return repo


def status(error):
    return error.value.response.status_code


def fetch(url, method="GET", body=None, **headers):
    """Make a request as simply as can be; return status, headers and body."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=300)
    try:
        connection.request(method, parts.path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def weights_url(hub):
    return f"{hub.cdn_url}/lfs/{hashlib.sha256(WEIGHTS).hexdigest()}"


def test_the_client_knows_no_other_hub(hub):
    assert hub.url == constants.ENDPOINT
    assert constants.HF_HUB_DISABLE_XET
    assert not constants.HF_HUB_OFFLINE
    assert constants.HF_HUB_CACHE.startswith(os.environ["HF_HOME"])
    assert get_token() is None


def upload(api, name="a.txt", data=b"a", **options):
    return api.upload_file(path_or_fileobj=data, path_in_repo=name, repo_id=ID, **options)


def download(name="config.json", token=ALICE, **options):
    return Path(hf_hub_download(ID, name, token=token, **options))


@pytest.mark.parametrize(
    ("change", "ask", "error", "code"),
    [
        ({"private": True}, lambda c: bob.model_info(ID), RepositoryNotFoundError, 404),
        ({"gated": "auto"}, lambda c: download(token=BOB, **c), GatedRepoError, 403),
        ({"disabled": True}, lambda c: alice.model_info(ID), DisabledRepoError, 403),
        ({}, lambda c: download("no.json", **c), EntryNotFoundError, 404),
        ({}, lambda c: download(revision="no", **c), RevisionNotFoundError, 404),
        ({}, lambda c: alice.model_info("alice/no"), RepositoryNotFoundError, 404),
        ({}, lambda c: upload(bob), HfHubHTTPError, 403),
    ],
    ids=[
        "private, seen by another",
        "gated file, to another",
        "disabled",
        "missing file",
        "missing revision",
        "missing repository",
        "commit of another",
    ],
)
def test_refusals_are_the_errors_of_the_client(repo, cache, change, ask, error, code):
    for name, value in change.items():
        setattr(repo, name, value)
    with pytest.raises(error) as caught:
        list(ask({"cache_dir": cache}))
    assert status(caught) == code


def test_a_folder_is_pushed_in_one_commit(hub, tmp_path):
    hub.create(ID)
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    big = os.urandom(9 << 20)  # beyond one part
    (tmp_path / "big.safetensors").write_bytes(big)
    first = alice.upload_folder(repo_id=ID, folder_path=tmp_path, commit_message="push")
    repo = hub.repos[ID]
    assert repo.head() == first.oid
    stored = repo.files()
    assert {name: stored[name] for name in stored if name != ATTRIBUTES} == {
        **FILES,
        "big.safetensors": big,
    }
    # Small objects are sent at once, others in parts; each is verified.
    assert len(hub.requests("cdn", "PUT", "^/lfs/")) == 2
    assert len(hub.requests("cdn", "PUT", "^/part/")) == 2
    assert len(hub.requests("hub", "POST", "/complete/")) == 1
    assert len(hub.requests("hub", "POST", "/verify$")) == 3
    again = alice.upload_folder(repo_id=ID, folder_path=tmp_path)
    assert again.oid == first.oid  # no empty commit
    assert len(hub.requests("cdn")) == 4  # and no bytes


def test_large_files_come_from_another_origin_that_sees_no_token(hub, repo, cache):
    repo.private = True
    path = download("model.safetensors", cache_dir=cache)
    assert path.read_bytes() == WEIGHTS
    (served,) = hub.requests("cdn")
    assert (served.method, served.status, served.authorized) == ("GET", 200, False)
    assert all(request.authorized for request in hub.requests("hub"))
    assert repo.head() in str(path)


def test_a_download_that_is_cut_is_resumed(hub, repo, cache, waits):
    data = os.urandom(1 << 20) * 12
    repo.put({"big.safetensors": data})
    hub.cut("GET", "/lfs/", after=11 << 20)
    assert download("big.safetensors", cache_dir=cache).read_bytes() == data
    assert [request.status for request in hub.requests("cdn")] == [200, 206]
    assert hub.sent == (11 + 2) << 20  # what the client keeps are pieces of 10 MiB
    assert waits == [1]


def test_a_bit_that_flips(hub, repo, cache):
    hub.corrupt("GET", "/lfs/", at=100_000)
    got = download("model.safetensors", cache_dir=cache).read_bytes()
    assert [n for n, (a, b) in enumerate(zip(got, WEIGHTS, strict=True)) if a != b] == [100_000]
    assert got[100_000] ^ WEIGHTS[100_000] == 1
    assert fetch(weights_url(hub))[2] == WEIGHTS


def test_somebody_else_comes_first(hub, repo):
    hub.before("POST", "/commit/", lambda: repo.put({"other.txt": b"other"}))
    with pytest.raises(HfHubHTTPError) as error:
        upload(alice, parent_commit=repo.head())
    assert status(error) == 412
    assert "other.txt" in repo.files()


def test_offline(hub, repo):
    fetch(f"{hub.url}/api/agent-harnesses")
    hub.offline = True
    for url in (hub.url, hub.cdn_url):
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            fetch(f"{url}/")
    with pytest.raises(Exception, match="without sending a response"):
        alice.model_info(ID)
    hub.offline = False
    assert alice.model_info(ID).id == ID
    assert {request.status for request in hub.log} == {200}
