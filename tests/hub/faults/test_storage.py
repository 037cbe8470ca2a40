"""Where the Hub answers and its storage of large files does not: what is said, and what is left."""

import importlib.util

import pytest
from huggingface_hub import constants

from ganzoo.hub.faults import StorageError
from ganzoo.hub.loading import load_generator
from ganzoo.hub.publishing import push
from tests.hub.faults.harm import CREATE, PUT, WEIGHTS, check_sentence
from tests.hub.server import ALICE

NEW = "acme/fresh"
REFS = ("GET", f"/{NEW}/refs")
DELETE = ("DELETE", "/api/repos/delete")

SPELLINGS = {
    (True, True): "or unset HF_HUB_DISABLE_XET to transfer through Xet",
    (True, False): "or unset HF_HUB_DISABLE_XET and install hf_xet to transfer through Xet",
    (False, True): "or set HF_HUB_DISABLE_XET=1 to transfer without Xet",
    (False, False): "or install hf_xet to transfer through Xet",
}


@pytest.mark.parametrize(("disabled", "installed"), SPELLINGS)
def test_the_other_way_is_named(hub, repo, cache, monkeypatch, disabled, installed):
    """As large files come over HTTP where hf_xet is not installed; ours lie on another host."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", disabled)
    monkeypatch.setattr("ganzoo.hub.faults.find_spec", lambda name: installed or None)
    hub.drop(*WEIGHTS, processed=False, times=None)
    with pytest.raises(StorageError) as caught:
        load_generator("acme/digits", cache_dir=cache)
    told = "the large files of acme/digits could not be transferred: localhost could not be reached"
    check_sentence(
        caught.value, told, "try again, allow localhost in the", SPELLINGS[disabled, installed]
    )
    assert "check the network" not in str(caught.value)


def down(hub):
    hub.drop(*PUT, processed=False, times=None)


def commits(hub):
    hub.before(*PUT, callback=lambda: hub.repos[NEW].put({"notes.txt": b"mine"}))


def proposes(hub):
    def propose():
        repo = hub.repos[NEW]
        repo.open_pull("A card", "bob", repo.head(), repo.commit(repo.head(), {}, "A card", "bob"))

    hub.before(*PUT, callback=propose)


ENDS = {
    "alone": (lambda hub: None, "the new repository acme/fresh is deleted again"),
    "a commit": (commits, "acme/fresh stays, because somebody else committed there"),
    "a proposal": (proposes, "acme/fresh stays, because somebody else committed there"),
    "a commit after the first look": (
        lambda hub: hub.before(*REFS, callback=lambda: hub.repos[NEW].put({"a.txt": b"mine"})),
        "acme/fresh stays, because somebody else committed there",
    ),
    "deleting is not allowed": (
        lambda hub: hub.fail(*DELETE, status=403, times=None),
        "acme/fresh stays without weights, because it could not be deleted",
    ),
    "somebody else made it": (
        lambda hub: hub.before(*CREATE, callback=lambda: hub.create(NEW)),
        "",
    ),
    "perhaps somebody else made it": (lambda hub: hub.drop(*CREATE, processed=True), ""),
    "it was there": (lambda hub: hub.create(NEW), ""),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("branch", ["", "@dev"])
def test_no_empty_repository_stays_behind(hub, weights, end, branch):
    happens, told = ENDS[end]
    down(hub)
    happens(hub)
    with pytest.raises(StorageError) as caught:
        push(weights, f"{NEW}{branch}", token=ALICE)
    check_sentence(caught.value, "localhost could not be reached", told)
    assert ("; the new repository" in str(caught.value)) == bool(told)
    assert (NEW in hub.repos) == (end != "alone")
    assert len(hub.requests(method="DELETE")) <= (end != "it was there")
    hub.rules.clear()
    done = push(weights, f"{NEW}{branch}", token=ALICE)
    assert "model.safetensors" in hub.repos[NEW].files(done.commit)


def test_a_pull_request_was_surely_not_opened(hub, published, weights):
    down(hub)
    with pytest.raises(StorageError, match="localhost could not be reached") as caught:
        push(weights, "acme/digits", token=ALICE, pr=True)
    assert "discussions" not in str(caught.value)
    assert not published.pulls


@pytest.mark.skipif(not importlib.util.find_spec("hf_xet"), reason="hf_xet is not installed")
def test_a_hub_without_xet(hub, weights, monkeypatch):
    """By hf_xet itself, whose errors are of Python's own kinds."""
    with monkeypatch.context() as patch:
        patch.setattr(constants, "HF_HUB_DISABLE_XET", False)
        with pytest.raises(StorageError) as caught:
            push(weights, NEW, token=ALICE)
    check_sentence(caught.value, "Xet failed (", "allow *.xethub.hf.co", "is deleted again")
    assert "or set HF_HUB_DISABLE_XET=1 to transfer without Xet" in str(caught.value)
    assert not hub.repos
    push(weights, NEW, token=ALICE)
