"""The small Hub is like the real one where it matters, told by the real client; and its faults."""

import hashlib
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, IncompleteRead, RemoteDisconnected
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    constants,
    get_token,
    hf_hub_download,
    snapshot_download,
)
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.hub.server import ALICE, BOB, HubServer, Symlink, Zeros

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


# Who may do what.


def test_tokens_say_who_asks(hub):
    assert alice.whoami()["name"] == "alice"
    assert [org["name"] for org in alice.whoami()["orgs"]] == ["acme"]
    assert bob.whoami()["orgs"] == []


@pytest.mark.parametrize("token", ["hf_unknown", ALICE], ids=["unknown", "expired"])
def test_a_bad_token_is_refused(hub, token):
    hub.create(ID)
    hub.expired.add(ALICE)
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as error:
        HfApi(token=token).model_info(ID)
    assert status(error) == 401
    assert not isinstance(error.value, RepositoryNotFoundError)


@pytest.mark.parametrize("id", ["alice/new", "acme/new"], ids=["own", "of an organisation"])
def test_a_repository_is_created_once(hub, id):
    alice.create_repo(id, private=True)
    assert hub.repos[id].private
    assert hub.repos[id].owner == "alice"
    with pytest.raises(HfHubHTTPError) as error:
        alice.create_repo(id)
    assert status(error) == 409
    assert alice.create_repo(id, exist_ok=True).repo_id == id
    assert alice.repo_exists(id)
    assert not bob.repo_exists(id)


def test_nobody_creates_in_the_namespace_of_others(hub):
    with pytest.raises(HfHubHTTPError, match="don't have the rights") as error:
        bob.create_repo("acme/new")
    assert status(error) == 403


def upload(api, name="a.txt", data=b"a", **options):
    return api.upload_file(path_or_fileobj=data, path_in_repo=name, repo_id=ID, **options)


def download(name="config.json", token=ALICE, **options):
    return Path(hf_hub_download(ID, name, token=token, **options))


@pytest.mark.parametrize(
    ("change", "ask", "error", "code"),
    [
        ({"private": True}, lambda c: bob.model_info(ID), RepositoryNotFoundError, 404),
        ({"private": True}, lambda c: anybody.model_info(ID), RepositoryNotFoundError, 401),
        ({"private": True}, lambda c: download(token=BOB, **c), RepositoryNotFoundError, 404),
        ({"gated": "auto"}, lambda c: download(token=BOB, **c), GatedRepoError, 403),
        ({"gated": True}, lambda c: download(token=False, **c), GatedRepoError, 401),
        ({"gated": "auto"}, lambda c: bob.list_repo_tree(ID), GatedRepoError, 403),
        ({"disabled": True}, lambda c: alice.model_info(ID), DisabledRepoError, 403),
        ({}, lambda c: download("no.json", **c), EntryNotFoundError, 404),
        ({}, lambda c: download(revision="no", **c), RevisionNotFoundError, 404),
        ({}, lambda c: alice.model_info("alice/no"), RepositoryNotFoundError, 404),
        ({}, lambda c: upload(bob), HfHubHTTPError, 403),
        ({}, lambda c: upload(anybody), HfHubHTTPError, 401),
        ({}, lambda c: bob.create_tag(ID, tag="v1"), HfHubHTTPError, 403),
    ],
    ids=[
        "private, seen by another",
        "private, seen by anybody",
        "private file",
        "gated file, to another",
        "gated file, to anybody",
        "gated listing",
        "disabled",
        "missing file",
        "missing revision",
        "missing repository",
        "commit of another",
        "commit of anybody",
        "tag of another",
    ],
)
def test_refusals_are_the_errors_of_the_client(repo, cache, change, ask, error, code):
    for name, value in change.items():
        setattr(repo, name, value)
    with pytest.raises(error) as caught:
        list(ask({"cache_dir": cache}))
    assert status(caught) == code


def test_readers_may_be_added(repo, cache):
    repo.private = repo.gated = True
    repo.readers.add("bob")
    assert download(token=BOB, cache_dir=cache).read_bytes() == FILES["config.json"]


def test_a_gated_repository_can_be_known(repo):
    repo.gated = "auto"
    assert bob.model_info(ID).gated == "auto"


# Commits.


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
    assert [item.title for item in alice.list_repo_commits(ID)] == ["push", "initial commit"]
    # Small objects are sent at once, others in parts; each is verified.
    assert len(hub.requests("cdn", "PUT", "^/lfs/")) == 2
    assert len(hub.requests("cdn", "PUT", "^/part/")) == 2
    assert len(hub.requests("hub", "POST", "/complete/")) == 1
    assert len(hub.requests("hub", "POST", "/verify$")) == 3
    again = alice.upload_folder(repo_id=ID, folder_path=tmp_path)
    assert again.oid == first.oid  # no empty commit
    assert len(hub.requests("cdn")) == 4  # and no bytes


def test_a_commit_adds_copies_and_deletes(repo):
    changes = [
        CommitOperationAdd("a.txt", b"A"),
        CommitOperationCopy("model.safetensors", "copy.safetensors"),
        CommitOperationCopy("config.json", "copy.json"),
        CommitOperationDelete("samples/"),
        CommitOperationDelete("README.md"),
    ]
    alice.create_commit(ID, changes, commit_message="five")
    stored = repo.files()
    assert set(stored) == {
        ATTRIBUTES,
        "a.txt",
        "config.json",
        "copy.json",
        "copy.safetensors",
        "model.safetensors",
    }
    assert stored["copy.safetensors"] == WEIGHTS


def test_a_bad_commit_leaves_nothing(repo):
    before = repo.head()
    changes = [CommitOperationAdd("a.txt", b"A"), CommitOperationDelete("no.txt")]
    with pytest.raises(EntryNotFoundError):
        alice.create_commit(ID, changes, commit_message="bad")
    assert repo.head() == before


def test_a_commit_may_insist_on_its_parent(repo):
    parent = repo.head()
    repo.put({"other.txt": b"other"})
    with pytest.raises(HfHubHTTPError) as error:
        upload(alice, parent_commit=parent)
    assert status(error) == 412
    assert "a.txt" not in repo.files()
    upload(alice, parent_commit=repo.head())
    assert "a.txt" in repo.files()


def test_a_card_is_checked(repo):
    with pytest.raises(ValueError, match="Invalid metadata"):
        upload(alice, "README.md", b"---\nbroken\n---\n")


def test_commits_at_once_are_all_kept(repo):
    with ThreadPoolExecutor(8) as pool:
        names = [f"{number}.txt" for number in range(16)]
        list(pool.map(lambda name: upload(alice, name, name.encode()), names))
    assert set(names) < set(repo.files())
    assert len(repo.commits) == 2 + len(names)


def test_a_pull_request_is_opened_gone_on_with_and_merged(repo):
    main = repo.head()
    made = upload(bob, create_pr=True)
    assert (made.pr_num, made.pr_revision) == (1, "refs/pr/1")
    upload(bob, "b.txt", revision="refs/pr/1")
    assert repo.head() == main
    assert repo.pulls[1].status == "open"
    alice.merge_pull_request(ID, 1)
    assert {"a.txt", "b.txt"} < set(repo.files())
    assert repo.pulls[1].merged


def test_a_pull_request_that_main_has_left_behind_is_not_merged(repo):
    assert alice.create_pull_request(ID, title="later").status == "draft"
    upload(alice, revision="refs/pr/1")
    repo.put({"other.txt": b"other"})
    with pytest.raises(HfHubHTTPError) as error:
        alice.merge_pull_request(ID, 1)
    assert status(error) == 409


def test_tags_and_branches_are_made_and_removed(repo):
    first = repo.head()
    alice.create_tag(ID, tag="v1")
    alice.create_branch(ID, branch="dev")
    made = upload(alice, revision="dev")
    refs = alice.list_repo_refs(ID)
    assert {ref.name: ref.target_commit for ref in refs.branches} == {
        "main": first,
        "dev": made.oid,
    }
    assert {ref.name: ref.target_commit for ref in refs.tags} == {"v1": first}
    with pytest.raises(HfHubHTTPError) as error:
        alice.create_tag(ID, tag="v1")
    assert status(error) == 409
    alice.delete_tag(ID, tag="v1")
    alice.delete_branch(ID, branch="dev")
    assert not repo.tags
    assert set(repo.branches) == {"main"}


# What is told, and served.


def test_what_is_told_of_a_repository(repo):
    info = alice.model_info(ID, files_metadata=True)
    assert (info.sha, info.private, info.gated) == (repo.head(), False, False)
    assert (info.library_name, info.tags, info.card_data.license) == ("ganzoo", ["gan"], "mit")
    told = {file.rfilename: file for file in info.siblings}
    assert {name: told[name].size for name in FILES} == {n: len(d) for n, d in FILES.items()}
    assert told["config.json"].lfs is None
    assert told["model.safetensors"].lfs.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert alice.model_info(ID, revision=repo.head()).sha == repo.head()


def test_what_is_told_of_files(repo):
    assert set(alice.list_repo_files(ID)) == {*FILES, ATTRIBUTES}
    assert {item.path for item in alice.list_repo_tree(ID)} == {
        ATTRIBUTES,
        "README.md",
        "config.json",
        "model.safetensors",
        "samples",
    }
    (found,) = alice.get_paths_info(ID, ["model.safetensors", "no"])
    assert (found.size, found.lfs.size) == (len(WEIGHTS), len(WEIGHTS))
    assert alice.file_exists(ID, "config.json")
    assert not alice.file_exists(ID, "no")


def test_long_listings_come_in_pages(repo):
    repo.put({f"many/{number}.txt": b"" for number in range(1500)})
    assert len(list(alice.list_repo_tree(ID, "many"))) == 1500
    assert len(alice.list_repo_commits(ID)) == 3


def test_large_files_come_from_another_origin_that_sees_no_token(hub, repo, cache):
    repo.private = True
    path = download("model.safetensors", cache_dir=cache)
    assert path.read_bytes() == WEIGHTS
    (served,) = hub.requests("cdn")
    assert (served.method, served.status, served.authorized) == ("GET", 200, False)
    assert all(request.authorized for request in hub.requests("hub"))
    assert repo.head() in str(path)


def test_what_is_cached_costs_a_question_or_nothing(hub, repo, cache):
    download(cache_dir=cache)
    seen = len(hub.log)
    download(cache_dir=cache)
    assert [request.method for request in hub.log[seen:]] == ["HEAD"]
    download(cache_dir=cache, revision=repo.head())
    assert len(hub.log) == seen + 1


@pytest.mark.parametrize("name", ["main", "v1", "dev", "refs/pr/1", "sha"])
def test_snapshots_of_every_kind_of_revision(repo, cache, name):
    repo.tag("v1", repo.head())
    repo.branch("dev", "v1")
    repo.put({"dev.txt": b"dev"}, branch="dev")
    proposed = upload(bob, "pr.txt", create_pr=True).oid
    repo.put({"main.txt": b"main"})
    revision = repo.head() if name == "sha" else name
    own = {"main": {"main.txt"}, "sha": {"main.txt"}, "dev": {"dev.txt"}, "refs/pr/1": {"pr.txt"}}
    folder = Path(snapshot_download(ID, revision=revision, cache_dir=cache))
    got = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert got == {*FILES, ATTRIBUTES, *own.get(name, ())}
    assert repo.pulls[1].head == proposed


@pytest.mark.parametrize("origin", ["hub", "cdn"])
def test_parts_of_files_are_served(hub, repo, origin):
    url, data = f"{hub.url}/{ID}/resolve/main/config.json", FILES["config.json"]
    if origin == "cdn":
        url, data = weights_url(hub), WEIGHTS
    code, headers, body = fetch(url, Range="bytes=3-5")
    assert (code, body, headers["Content-Range"]) == (206, data[3:6], f"bytes 3-5/{len(data)}")
    assert fetch(url, Range="bytes=4-")[2] == data[4:]
    assert fetch(url, Range=f"bytes={len(data)}-")[0] == 416


# What a test may put there.


def test_changes_by_somebody_else(repo):
    first = repo.head()
    second = repo.put({"b.txt": b"b"}, delete=["README.md"], message="mine", author="bob")
    assert repo.head() == second != first
    assert set(repo.files()) == {*FILES, ATTRIBUTES, "b.txt"} - {"README.md"}
    assert set(repo.files(first)) == {*FILES, ATTRIBUTES}
    last = alice.list_repo_commits(ID)[0]
    assert (last.commit_id, last.title, last.authors) == (second, "mine", ["bob"])


def test_names_are_not_checked(repo):
    repo.put({"../../evil.txt": b"evil", "a/../b": b"", "C:\\x": b"", "ä\n": b""})
    assert {"../../evil.txt", "a/../b", "C:\\x", "ä\n"} < set(alice.list_repo_files(ID))


def test_a_symbolic_link_is_a_small_file(repo, cache):
    repo.put({"link.safetensors": Symlink("../../etc/passwd")})
    path = download("link.safetensors", cache_dir=cache)
    assert path.read_text() == "../../etc/passwd"


@pytest.mark.parametrize("name", ["big.json", "big.safetensors"], ids=["regular", "large"])
def test_zeros_are_served_but_never_held(hub, repo, cache, name):
    repo.put({name: Zeros(3_000_000), f"huge-{name}": Zeros(10**13)})
    assert download(name, cache_dir=cache).read_bytes() == bytes(3_000_000)
    sizes = {
        file.rfilename: file.size for file in alice.model_info(ID, files_metadata=True).siblings
    }
    assert sizes[f"huge-{name}"] == 10**13
    assert bool(hub.requests("cdn", "GET")) == (name == "big.safetensors")


# Faults.


def test_an_error_in_the_place_of_an_answer(hub, repo, waits):
    hub.fail("POST", "/commit/", 503, headers={"X-Extra": "yes"}, body="down", times=2)
    for _ in range(2):
        with pytest.raises(HfHubHTTPError) as error:
            upload(alice)
        assert status(error) == 503
        assert error.value.response.headers["X-Extra"] == "yes"
        assert error.value.response.text == "down"
    upload(alice)
    assert [r.status for r in hub.requests(path="/commit/")] == [503, 503, 200]


def test_an_error_with_a_code(hub, repo):
    hub.fail("GET", "/api/models/", 404, code="RepoNotFound", times=None)
    for _ in range(3):
        with pytest.raises(RepositoryNotFoundError):
            alice.model_info(ID)


def test_the_client_waits_as_long_as_it_is_told(hub, repo, waits):
    hub.fail("POST", "/preupload/", 429, headers={"Retry-After": "7"})
    upload(alice)
    assert waits == [8]  # a second more


def test_a_download_that_is_cut_is_resumed(hub, repo, cache, waits):
    data = os.urandom(1 << 20) * 12
    repo.put({"big.safetensors": data})
    hub.cut("GET", "/lfs/", after=11 << 20)
    assert download("big.safetensors", cache_dir=cache).read_bytes() == data
    assert [request.status for request in hub.requests("cdn")] == [200, 206]
    assert hub.sent == (11 + 2) << 20  # what the client keeps are pieces of 10 MiB
    assert waits == [1]


def test_a_download_that_is_always_cut_comes_in_pieces(hub, repo, cache, waits):
    repo.put({"big.safetensors": Zeros(25 << 20)})
    hub.cut("GET", "/lfs/", after=11 << 20, times=None)
    assert download("big.safetensors", cache_dir=cache).stat().st_size == 25 << 20
    assert [request.status for request in hub.requests("cdn")] == [200, 206, 206]
    assert not hub.errors


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_an_answer_that_is_cut(hub, repo, reset):
    hub.cut("GET", "/lfs/", after=1000, reset=reset)
    with pytest.raises((IncompleteRead, ConnectionResetError)) as error:
        fetch(weights_url(hub))
    assert isinstance(error.value, ConnectionResetError if reset else IncompleteRead)
    if not reset:
        assert error.value.partial == WEIGHTS[:1000]
        assert error.value.expected == len(WEIGHTS) - 1000
    assert hub.requests("cdn")[0].status == 200
    assert hub.sent == 1000
    assert fetch(weights_url(hub))[2] == WEIGHTS


def test_an_upload_that_is_cut_is_sent_again(hub, repo, waits):
    data = os.urandom(2_000_000)
    hub.cut_upload("PUT", "/lfs/", after=1000)
    upload(alice, "new.safetensors", data)
    assert [request.status for request in hub.requests("cdn", "PUT")] == [0, 200]
    assert repo.files()["new.safetensors"] == data
    assert waits == [1]


def test_an_upload_that_is_cut_leaves_nothing(hub):
    oid = "0" * 64
    hub.cut_upload("PUT", "/lfs/", after=1000)
    with pytest.raises((HTTPException, ConnectionError)):
        fetch(f"{hub.cdn_url}/lfs/{oid}", "PUT", os.urandom(2_000_000))
    assert oid not in hub.store


def test_a_client_that_leaves_within_an_upload_leaves_nothing(hub):
    data = os.urandom(100_000)
    path = f"/lfs/{hashlib.sha256(data).hexdigest()}"
    address = urlsplit(hub.cdn_url)
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(f"PUT {path} HTTP/1.1\r\nContent-Length: {len(data)}\r\n\r\n".encode())
        client.sendall(data[:-1])
    assert fetch(f"{hub.cdn_url}{path}")[0] == 404
    hub.stop()  # waits for the client's thread, too
    assert [request.method for request in hub.log] == ["GET"]
    assert not hub.errors


@pytest.mark.parametrize("processed", [True, False], ids=["done", "not done"])
def test_an_answer_that_never_comes(hub, repo, processed):
    before = repo.head()
    hub.drop("POST", "/commit/", processed=processed)
    # No error of the client's own, and it does not try again.
    with pytest.raises(Exception, match="without sending a response") as error:
        upload(alice)
    assert not isinstance(error.value, HfHubHTTPError)
    assert (repo.head() != before) == processed
    assert [request.status for request in hub.requests(path="/commit/")] == [0]


def test_a_bit_that_flips(hub, repo, cache):
    hub.corrupt("GET", "/lfs/", at=100_000)
    got = download("model.safetensors", cache_dir=cache).read_bytes()
    assert [n for n, (a, b) in enumerate(zip(got, WEIGHTS, strict=True)) if a != b] == [100_000]
    assert got[100_000] ^ WEIGHTS[100_000] == 1
    assert fetch(weights_url(hub))[2] == WEIGHTS


def test_an_answer_that_is_too_short(hub, repo, cache):
    hub.truncate("GET", "/resolve/", to=3)
    with pytest.raises(OSError, match="should be of size 9 but has size 3"):
        download(cache_dir=cache)
    assert download(cache_dir=cache).read_bytes() == FILES["config.json"]


@pytest.mark.parametrize("size", [10, 10**7], ids=["less", "more"])
def test_sizes_that_are_wrong(hub, repo, size):
    hub.lie_about_size("HEAD", "/resolve/", size)
    hub.lie_about_size("GET", "/(api|lfs)/", size)
    large = fetch(f"{hub.url}/{ID}/resolve/main/model.safetensors", "HEAD")[1]
    small = fetch(f"{hub.url}/{ID}/resolve/main/config.json", "HEAD")[1]
    assert large["X-Linked-Size"] == small["Content-Length"] == str(size)
    info = alice.model_info(ID, files_metadata=True)
    assert {file.size for file in info.siblings} == {size}
    assert {item.size for item in alice.list_repo_tree(ID, "samples")} == {size}
    if size < len(WEIGHTS):
        assert fetch(weights_url(hub))[2] == WEIGHTS[:size]
    else:
        with pytest.raises(IncompleteRead):
            fetch(weights_url(hub))


def settled(hub):
    """Wait until nothing more is sent; return how much was."""
    for _ in range(200):
        before = hub.sent
        time.sleep(0.02)
        if hub.sent == before:
            break
    return before


def test_an_answer_without_an_end(hub, repo):
    hub.endless("GET", "/lfs/")
    parts = urlsplit(weights_url(hub))
    connection = HTTPConnection(parts.hostname, parts.port, timeout=300)
    connection.request("GET", parts.path)
    response = connection.getresponse()
    assert response.headers["Content-Length"] is None
    assert response.read(5_000_000) == bytes(5_000_000)
    response.close()
    connection.close()
    assert 5_000_000 <= settled(hub) < 50_000_000
    assert fetch(weights_url(hub))[2] == WEIGHTS


def test_somebody_else_comes_first(hub, repo):
    hub.before("POST", "/commit/", lambda: repo.put({"other.txt": b"other"}))
    with pytest.raises(HfHubHTTPError) as error:
        upload(alice, parent_commit=repo.head())
    assert status(error) == 412
    assert "other.txt" in repo.files()


def test_an_answer_that_is_late(hub, repo):
    hub.delay("GET", "/lfs/", 0.2)
    start = time.monotonic()
    fetch(weights_url(hub))
    assert time.monotonic() - start > 0.2


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


def test_stopped_it_refuses_and_goes_on_where_it_was(hub, repo, cache, waits):
    hub.stop()
    with pytest.raises(ConnectionRefusedError):
        fetch(f"{hub.url}/api/agent-harnesses")
    with pytest.raises(LocalEntryNotFoundError):
        download(cache_dir=cache)
    hub.start()
    assert download(cache_dir=cache).read_bytes() == FILES["config.json"]


def test_faults_are_of_an_origin_and_come_in_turn(hub, repo):
    hub.fail(None, "", 500, origin="cdn", times=1)
    hub.fail(None, "", 502, origin="cdn", times=1)
    assert fetch(f"{hub.url}/api/agent-harnesses")[0] == 200
    assert [fetch(weights_url(hub))[0] for _ in range(3)] == [500, 502, 200]


@pytest.mark.parametrize(
    ("fault", "options"),
    [("corrupt", {"at": 10**9}), ("cut", {"after": 10**9}), ("truncate", {"to": 10**9})],
    ids=["corrupt", "cut", "truncate"],
)
def test_a_fault_that_the_answer_is_too_short_for_is_an_error(hub, repo, fault, options):
    getattr(hub, fault)("GET", "/lfs/", **options)
    assert fetch(weights_url(hub))[0] == 500
    assert "has no byte" in hub.errors.pop()


def test_a_fresh_hub_knows_nothing(hub, repo):
    hub.fail(None, "", 500, times=None)
    hub.delay(None, "", 60)
    url = hub.url
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(fetch, f"{url}/")
        while hub.rules[1].times:
            time.sleep(0.001)
        hub.reset()
        assert isinstance(asked.exception(300), (HTTPException, ConnectionError))
    assert (hub.url, hub.repos, hub.rules, hub.log, hub.sent) == (url, {}, [], [], 0)


def test_many_clients_at_once(hub, repo):
    with ThreadPoolExecutor(16) as pool:
        urls = [weights_url(hub)] * 40
        assert all(body == WEIGHTS for _, _, body in pool.map(fetch, urls))
    assert hub.sent == 40 * len(WEIGHTS)


# In processes of their own.

TRIP = """
import sys
from pathlib import Path
from huggingface_hub import HfApi, hf_hub_download
folder, token = Path(sys.argv[1]), sys.argv[2]
data = bytes(range(256)) * 4000
(folder / "model.safetensors").write_bytes(data)
api = HfApi(token=token)
api.create_repo("alice/trip", private=True)
files = {"path_or_fileobj": folder / "model.safetensors", "path_in_repo": "model.safetensors"}
api.upload_file(repo_id="alice/trip", **files)
got = hf_hub_download("alice/trip", "model.safetensors", token=token, cache_dir=folder / "cache")
assert Path(got).read_bytes() == data
"""


def round_trip(url, folder, **environment):
    """Push and pull a large file in another process."""
    known = {name: value for name, value in os.environ.items() if name != "HF_HUB_DISABLE_XET"}
    known |= {"HF_ENDPOINT": url, "HF_HOME": str(folder / "home"), **environment}
    command = [sys.executable, "-c", TRIP, str(folder), ALICE]
    done = subprocess.run(command, env=known, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not importlib.util.find_spec("hf_xet"), reason="hf_xet is not installed")
def test_large_files_go_by_xet(tmp_path):
    with HubServer(xet=True) as hub:
        round_trip(hub.url, tmp_path)
        repo = hub.repos["alice/trip"]
        assert repo.commits[repo.head()].tree["model.safetensors"].xet
        assert hub.requests(path="/xet-write-token/")
        assert hub.requests(path="/xet-read-token/")
        assert not hub.requests("cdn")
        assert not hub.errors
        place = hub.store.folder
        assert place.is_dir()
    assert not place.exists()


def test_it_serves_from_a_process_of_its_own(tmp_path):
    # Without what is installed: it needs nothing of that (and some of that is called `tests`, too).
    command = [sys.executable, "-S", "-m", "tests.hub.server"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
            assert json.loads(fetch(f"{url}/api/agent-harnesses")[2])
            round_trip(url, tmp_path, HF_HUB_DISABLE_XET="1")
        finally:
            process.terminate()
    assert process.returncode == 0
