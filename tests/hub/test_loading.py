"""Loading from the Hub: what a reference gives, and what is asked of the Hub for it."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import ganzoo
from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.errors import HubError, WeightsError
from ganzoo.hub.faults import RepositoryMissingError
from ganzoo.spec import Architecture, Pretrained
from tests.hub import reading
from tests.hub.server import ALICE, BOB

NAME = "acme/digits"

LOAD = """
import hashlib, sys, ganzoo
G = ganzoo.load_generator(sys.argv[1])
print(G.source.commit)
print(hashlib.sha256(G.sample(8, seed=3).numpy().tobytes()).hexdigest())
"""


@pytest.fixture
def repo(hub):
    """A public repository with two commits of whole weights."""
    repo = hub.create(NAME)
    repo.put(reading.files(0))
    repo.put(reading.files(1))
    return repo


@pytest.fixture
def local(tmp_path):
    """The weights of the second commit, in a folder."""
    return reading.write(tmp_path / "local", reading.files(1))


@pytest.fixture
def own_plugins(monkeypatch):
    """Lets a test register plugins of its own."""
    monkeypatch.setattr(registry, "_local", {})


def fetched(hub):
    """The files that were fetched."""
    return sorted(
        request.path.rpartition("/")[2]
        for request in hub.requests(origin="hub", method="HEAD", path="/resolve/")
    )


# --- what a reference gives --------------------------------------------------------------------

REVISIONS = {
    "main": "",
    "main by name": "@main",
    "branch": "@dev/wide",
    "tag": "@v1.0",
    "commit": "@{commit}",
    "short commit": "@{short}",
    "pull request": "@refs/pr/1",
    "branch in full": "@refs/heads/dev/wide",
}


@pytest.mark.parametrize("scheme", ["", "hf://"])
@pytest.mark.parametrize("kind", REVISIONS)
def test_a_revision_gives_its_weights_bit_for_bit(hub, repo, local, cache, kind, scheme):
    commit = repo.head()
    repo.branch("dev/wide", commit)
    repo.tag("v1.0", commit)
    repo.open_pull("Wider", "bob", repo.head(), commit)
    if kind not in ("main", "main by name"):
        repo.put(reading.files(0), message="Back")
    reference = f"{scheme}{NAME}{REVISIONS[kind].format(commit=commit, short=commit[:7])}"
    G, D = ganzoo.load_pair(reference, cache_dir=cache)
    here_G, here_D = ganzoo.load_pair(local)
    assert reading.equal(G, here_G)
    assert reading.equal(D, here_D)
    assert G.sample(5, seed=1, labels="Ä").equal(here_G.sample(5, seed=1, labels="Ä"))
    assert not G.training
    assert not D.training
    assert G.info == here_G.info
    for network in (G, D):
        assert network.source.commit == commit
        assert network.source.repository == NAME
        assert network.source.reference == reference


def test_each_network_alone_is_that_of_the_pair(repo, local, cache):
    G = ganzoo.load_generator(NAME, cache_dir=cache)
    D = ganzoo.load_discriminator(NAME, cache_dir=cache)
    raw = ganzoo.load_generator(NAME, raw=True, cache_dir=cache)
    assert reading.equal(G, ganzoo.load_generator(local))
    assert reading.equal(D, ganzoo.load_discriminator(local))
    assert reading.equal(raw, ganzoo.load_generator(local, raw=True))
    assert not reading.equal(raw, G)
    assert reading.equal(ganzoo.load_pair(NAME, raw=True, cache_dir=cache)[0], raw)


@pytest.mark.parametrize(
    ("missing", "load"),
    [
        ("discriminator.safetensors", ganzoo.load_discriminator),
        ("discriminator.safetensors", ganzoo.load_pair),
        ("generator_raw.safetensors", lambda *a, **k: ganzoo.load_generator(*a, raw=True, **k)),
        ("model.safetensors", ganzoo.load_generator),
    ],
    ids=["discriminator", "pair", "raw", "generator"],
)
def test_a_network_that_was_not_published_is_named(hub, cache, missing, load):
    hub.create(NAME).put(reading.files(without=[missing]))
    with pytest.raises(WeightsError) as caught:
        load(NAME, cache_dir=cache)
    assert str(caught.value) == f"{NAME} holds no {missing}"


def test_a_pair_is_of_one_commit_though_another_is_pushed_meanwhile(hub, repo, local, cache):
    before = repo.head()
    hub.before("HEAD", "discriminator", lambda: repo.put(reading.files(0)))
    G, D = ganzoo.load_pair(NAME, cache_dir=cache)
    assert repo.head() != before
    assert G.source.commit == D.source.commit == before
    assert reading.equal(D, ganzoo.load_discriminator(local))


def test_config_and_weights_are_of_one_commit_though_another_is_pushed_meanwhile(
    hub, repo, local, cache
):
    before = repo.head()
    other = ganzoo.load_generator("dcgan.mnist5k")
    place = cache.parent / "other"
    other.save(place)
    contents = {path.name: path.read_bytes() for path in place.iterdir()}
    hub.before("HEAD", "config.json", lambda: repo.put(contents))
    G = ganzoo.load_generator(NAME, cache_dir=cache)
    assert G.source.commit == before
    assert reading.equal(G, ganzoo.load_generator(local))


def test_weights_of_an_architecture_at_a_commit(hub, repo, cache, own_plugins):
    commit = repo.head()
    repo.put(reading.files(2))
    registry.register(
        Architecture(
            name="digits",
            summary="A test.",
            config=LatentConfig,
            generator=torch.nn.Module,
            discriminator=torch.nn.Module,
            pretrained={"small": Pretrained("Digits.", repository=f"{NAME}@{commit}")},
        )
    )
    hub.log.clear()
    G = ganzoo.load_generator("digits.small", cache_dir=cache)
    assert (G.source.reference, G.source.repository) == ("digits.small", NAME)
    assert G.source.commit == commit
    assert G.info.training == {"steps": 1}
    hub.offline = True
    assert reading.equal(ganzoo.load_generator("digits.small", cache_dir=cache), G)


# --- what is passed on -------------------------------------------------------------------------


def test_the_device_is_passed_on(repo, cache):
    for network in ganzoo.load_pair(NAME, device="meta", cache_dir=cache):
        assert {p.device.type for p in network.parameters()} == {"meta"}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_the_type_is_passed_on(repo, local, cache, dtype):
    G, D = ganzoo.load_pair(NAME, dtype=dtype, cache_dir=cache)
    for network in (G, D):
        assert {p.dtype for p in network.parameters()} == {dtype}
    samples = G.sample(4, seed=0)
    assert samples.dtype == torch.float32
    assert samples.isfinite().all()
    expected = ganzoo.load_generator(local).sample(4, seed=0)
    assert torch.allclose(samples, expected, atol=0.05 if dtype == torch.bfloat16 else 1e-5)


def test_the_cache_is_passed_on(repo, cache, tmp_path):
    load = [ganzoo.load_generator, ganzoo.load_discriminator, ganzoo.load_pair]
    for index, function in enumerate([*load, ganzoo.pretrained_info]):
        place = tmp_path / str(index)
        function(NAME, cache_dir=place)
        assert (place / "models--acme--digits" / "snapshots" / repo.head()).is_dir()
    assert not cache.exists()


READERS = {
    "generator": ganzoo.load_generator,
    "discriminator": ganzoo.load_discriminator,
    "pair": ganzoo.load_pair,
    "info": ganzoo.pretrained_info,
}


@pytest.mark.parametrize("token", [None, False, BOB], ids=["none", "refused", "bob's"])
@pytest.mark.parametrize("reader", READERS)
def test_a_private_repository_is_not_shown(hub, cache, reader, token):
    repo = hub.create(NAME, private=True)
    commit = repo.put(reading.files())
    for reference in (NAME, f"{NAME}@{commit}"):
        with pytest.raises(RepositoryMissingError) as caught:
            READERS[reader](reference, token=token, cache_dir=cache)
        assert f"there is no repository {NAME} on the Hub, or it is private" in str(caught.value)
        assert "hf auth login" in str(caught.value)
        assert BOB not in str(caught.value)
    assert not cache.exists()


@pytest.mark.parametrize("reader", READERS)
def test_a_private_repository_is_shown_to_its_members(hub, cache, reader):
    hub.create(NAME, private=True).put(reading.files())
    READERS[reader](NAME, token=ALICE, cache_dir=cache)
    asked = hub.requests(origin="hub")
    assert asked
    assert all(request.authorized for request in asked)
    for path in cache.rglob("*"):
        assert not path.is_file() or ALICE.encode() not in path.read_bytes()


def test_who_is_logged_in_is_asked_for_unless_told_not_to(hub, cache, monkeypatch):
    hub.create(NAME, private=True).put(reading.files())
    monkeypatch.setenv("HF_TOKEN", ALICE)
    ganzoo.load_generator(NAME, cache_dir=cache)
    hub.log.clear()
    with pytest.raises(RepositoryMissingError):
        ganzoo.load_generator(NAME, token=False, cache_dir=cache)
    assert [request.authorized for request in hub.log] == [False]


def test_a_token_that_is_none_is_refused_without_being_quoted(hub, cache):
    with pytest.raises(HubError) as caught:
        ganzoo.load_generator(NAME, token="hf_secret\n", cache_dir=cache)
    assert "secret" not in str(caught.value)
    assert hub.log == []


# --- what is asked of the Hub ------------------------------------------------------------------


def asked(hub, commit):
    return reading.lines(hub.log, COMMIT=commit)


RESOLVED = "hub GET /api/models/acme/digits 200"


def small(name):
    path = f"/acme/digits/resolve/COMMIT/{name}"
    return [f"hub HEAD {path} 200", f"hub GET {path} 200"]


def large(name):
    return [f"hub HEAD /acme/digits/resolve/COMMIT/{name} 302", "cdn GET /lfs/OID 200"]


COLD = {
    "generator": [*small("config.json"), *large("model.safetensors")],
    "discriminator": [*small("config.json"), *large("discriminator.safetensors")],
    "pair": [
        *small("config.json"),
        *large("model.safetensors"),
        *large("discriminator.safetensors"),
    ],
    "info": [*small("config.json"), *small("README.md")],
}


@pytest.mark.parametrize("reader", READERS)
def test_a_cold_cache_costs_one_resolve_and_what_each_file_needs(hub, repo, cache, reader):
    READERS[reader](NAME, cache_dir=cache)
    assert asked(hub, repo.head()) == [RESOLVED, *COLD[reader]]


@pytest.mark.parametrize("reader", READERS)
def test_a_pinned_commit_is_listed_once_and_fetched(hub, repo, cache, reader):
    READERS[reader](f"{NAME}@{repo.head()}", cache_dir=cache)
    listed = "hub GET /api/models/acme/digits/revision/COMMIT 200"
    assert asked(hub, repo.head()) == [listed, *COLD[reader]]


@pytest.mark.parametrize("reader", ["generator", "discriminator", "pair"])
@pytest.mark.parametrize("seen", [NAME, "{name}@{commit}"], ids=["main", "commit"])
def test_a_pinned_commit_that_is_cached_costs_nothing(hub, repo, cache, reader, seen):
    pinned = f"{NAME}@{repo.head()}"
    READERS[reader](seen.format(name=NAME, commit=repo.head()), cache_dir=cache)
    hub.log.clear()
    READERS[reader](pinned, cache_dir=cache)
    hub.offline = True
    READERS[reader](pinned, cache_dir=cache)
    READERS[reader](pinned, cache_dir=cache, local_files_only=True)
    assert hub.log == []


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("revision", ["", "@main", "@v1", "@refs/pr/1"])
def test_what_is_cached_costs_one_request_at_a_revision_that_may_move(
    hub, repo, cache, reader, revision
):
    repo.tag("v1")
    repo.open_pull("x", "bob", repo.head(), repo.head())
    READERS[reader](f"{NAME}{revision}", cache_dir=cache)
    hub.log.clear()
    READERS[reader](f"{NAME}{revision}", cache_dir=cache)
    [request] = hub.log
    assert (request.origin, request.method, request.status) == ("hub", "GET", 200)
    assert request.path.startswith("/api/models/acme/digits")


def test_a_file_that_did_not_change_is_not_fetched_again(hub, repo, cache):
    ganzoo.load_pair(NAME, cache_dir=cache)
    changed = reading.files(0, without=["discriminator.safetensors"])
    commit = repo.put(changed)
    hub.log.clear()
    _, D = ganzoo.load_pair(NAME, cache_dir=cache)
    assert D.source.commit == commit
    assert asked(hub, commit) == [
        RESOLVED,
        *COLD["generator"],
        "hub HEAD /acme/digits/resolve/COMMIT/discriminator.safetensors 302",
    ]


def test_what_is_described_is_not_fetched(hub, repo, cache):
    found = ganzoo.pretrained_info(NAME, cache_dir=cache)
    assert found.info.architecture.width == 2
    assert found.info.data.class_names == ["Ä", "b", "c"]
    assert found.card == {"license": "cc-by-sa-3.0", "tags": ["gan"]}
    assert found.source.commit == repo.head()
    sizes = {name: len(content) for name, content in repo.files().items()}
    assert found.sizes == sizes
    assert fetched(hub) == ["README.md", "config.json"]
    assert not list(cache.rglob("*.safetensors"))


def test_a_repository_without_a_card_is_described(hub, cache):
    hub.create(NAME).put(reading.files(without=["README.md"]))
    assert ganzoo.pretrained_info(NAME, cache_dir=cache).card == {}
    assert fetched(hub) == ["config.json"]


@pytest.mark.parametrize(
    "files",
    [{"notes.txt": b"x"}, {"pytorch_model.bin": b"x"}],
    ids=["no weights", "pickles"],
)
def test_nothing_is_fetched_of_a_repository_without_weights_of_ours(hub, cache, files):
    commit = hub.create(NAME).put(files)
    with pytest.raises(WeightsError, match=r"holds no weights of ganzoo|as pickles"):
        ganzoo.load_generator(NAME, cache_dir=cache)
    assert asked(hub, commit) == [RESOLVED]


# --- other processes ---------------------------------------------------------------------------


@pytest.mark.sweep
def test_another_machine_gets_the_same_samples_and_then_asks_nothing(hub, repo, local, tmp_path):
    samples = ganzoo.load_generator(local).sample(8, seed=3)
    expected = [repo.head(), hashlib.sha256(samples.numpy().tobytes()).hexdigest()]
    home = tmp_path / "another-home"
    assert reading.process(LOAD, NAME, HF_HOME=home) == expected
    assert asked(hub, repo.head()) == [RESOLVED, *COLD["generator"]]
    hub.log.clear()
    hub.offline = True
    # A second process shares the cache, and so does this one.
    pinned = f"{NAME}@{repo.head()}"
    assert reading.process(LOAD, pinned, HF_HOME=home) == expected
    assert ganzoo.load_generator(pinned, cache_dir=home / "hub").sample(8, seed=3).equal(samples)
    assert hub.log == []


@pytest.mark.sweep
def test_two_processes_and_four_threads_may_fill_one_cache_at_once(hub, repo, local, tmp_path):
    home, asked_once = tmp_path / "home", threading.Event()
    hub.delay("GET", "/lfs/", 0.3, times=None)  # so that several want what none has yet
    hub.before("GET", "/api/models/", asked_once.set)
    with ThreadPoolExecutor(6) as pool:
        processes = [pool.submit(reading.process, LOAD, NAME, HF_HOME=home) for _ in range(2)]
        assert asked_once.wait(60)  # a process takes a while to start
        loads = [pool.submit(ganzoo.load_generator, NAME, cache_dir=home / "hub") for _ in range(4)]
    samples = ganzoo.load_generator(local).sample(8, seed=3)
    expected = [repo.head(), hashlib.sha256(samples.numpy().tobytes()).hexdigest()]
    assert [process.result() for process in processes] == [expected] * 2
    for load in loads:
        assert load.result().source.commit == repo.head()
        assert load.result().sample(8, seed=3).equal(samples)
    assert len(hub.requests(method="HEAD", path="model.safetensors")) > 1
    assert [path for path in home.rglob("*") if path.suffix == ".incomplete"] == []
