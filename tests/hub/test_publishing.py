"""Publishing: everything in one commit or nothing, told by the real client and a Hub's own log."""

import itertools
import json
import re
import shutil
import threading
import time

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import ganzoo
from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.errors import GanzooError, HubError, HubRequestError, RequestError, WeightsError
from ganzoo.hub import client
from ganzoo.hub.loading import load_generator, load_pair, open_weights
from ganzoo.networks import create_discriminator, create_generator
from ganzoo.spec import Architecture, Traits
from ganzoo.weights.card import BEGIN, END
from ganzoo.weights.description import DataFacts
from tests.hub.server import ALICE, BOB

ID = "acme/digits"
SMALL = {"name": "dcgan", "width": 2, "sample_shape": [1, 16, 16]}
VALUES = {"sample_shape": (1, 16, 16), "width": 2, "num_classes": 3}
IMAGE = b"\x89PNG an image of somebody's own"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny run on digits; do not change it, copy it."""
    overrides = {"training.batch_size": 8, "training.sample_every": 0}
    out = tmp_path_factory.mktemp("publishing") / "run"
    return ganzoo.train({"architecture": SMALL, "data": "mnist5k"}, overrides, out=out, steps=2)


@pytest.fixture
def folder(trained, tmp_path):
    """A weights folder with every file that one may have, to change."""
    return shutil.copytree(trained.path / "weights", tmp_path / "weights")


@pytest.fixture
def no_waits(monkeypatch, waits):
    """Neither the client nor we wait between tries."""
    monkeypatch.setattr("ganzoo.hub.client.WAITS", (0.0, 0.0, 0.0))


@pytest.fixture
def own_plugins(monkeypatch):
    """Lets a test register plugins of its own."""
    monkeypatch.setattr(registry, "_local", {})


def push(source, repository=ID, *, token=ALICE, **options):
    return ganzoo.push(source, repository, token=token, **options)


def own_generator(seed=0, **facts):
    """What a loop of one's own makes."""
    G = create_generator("dcgan", seed=seed, **VALUES)
    data = DataFacts(class_names=["Ä", "b", "c"])
    return ganzoo.Generator(G.module, G.info.model_copy(update={"data": data, **facts}))


def change_weights(folder, name="model.safetensors", by=1.0):
    """Make a network another one."""
    tensors = load_file(folder / name)
    first = next(key for key in sorted(tensors) if tensors[key].is_floating_point())
    tensors[first] += by
    save_file(tensors, folder / name, {"format": "pt"})


def kinds(published):
    return {change.name: change.kind for change in published.changes}


def told(error):
    """One sentence for a person."""
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 500
    assert "hf_" not in text
    return text


def history(repo, revision="main"):
    """The titles of the commits, from the newest to the first."""
    sha, titles = repo.resolve(revision), []
    while sha:
        titles.append(repo.commits[sha].title)
        sha = repo.commits[sha].parent
    return titles


def asked(hub, method=None):
    """What was asked, without what the client wants to know of its own accord once a day."""
    return [
        (request.method, re.sub("[0-9a-f]{40,}", "ID", request.path))
        for request in hub.requests(method=method)
        if request.path != "/api/agent-harnesses"
    ]


def state(hub):
    """Everything that a push could change."""
    return {
        name: (repo.branches.copy(), repo.tags.copy(), len(repo.commits), len(repo.pulls))
        for name, repo in hub.repos.items()
    }


def equal(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(t.equal(other[k]) for k, t in one.items())


ALL = {
    "README.md",
    "config.json",
    "discriminator.safetensors",
    "generator_raw.safetensors",
    "model.safetensors",
    "recipe.yaml",
    "samples.png",
}
API = f"/api/models/{ID}"
GIT = f"/{ID}.git/info/lfs/objects"


class TestANewRepository:
    def test_a_run_is_published_whole_in_one_commit(self, hub, trained):
        done = push(trained, message="Digits after two steps")
        repo = hub.repos[ID]
        assert set(repo.files()) == {*ALL, ".gitattributes"}
        for name in ALL - {"README.md"}:
            assert repo.files()[name] == (trained.path / "weights" / name).read_bytes()
        assert history(repo) == ["Digits after two steps", "initial commit"]
        assert not repo.private
        assert repo.owner == "alice"
        assert done.repository == ID
        assert done.created
        assert done.changed
        assert done.commit == repo.head()
        assert done.commit_url == f"{hub.url}/{ID}/commit/{repo.head()}"
        assert done.pull_request_url == ""
        assert done.notes == ()
        assert kinds(done) == dict.fromkeys(ALL, "added")
        assert {c.name: c.size for c in done.changes} == {
            name: len(content) for name, content in repo.files().items() if name in ALL
        }
        assert repo.files()["README.md"].decode() == done.card

    def test_these_requests_and_no_others(self, hub, trained):
        push(trained)
        calls = asked(hub)
        assert calls[:6] == [
            ("GET", API),
            ("POST", "/api/repos/create"),
            ("GET", API),
            ("POST", "/api/validate-yaml"),
            ("POST", f"{API}/preupload/main"),
            ("POST", f"{GIT}/batch"),
        ]
        uploads = [("POST", f"{GIT}/verify")] * 4 + [("PUT", "/lfs/ID")] * 4
        assert sorted(calls[6:-1]) == uploads
        assert calls[-1] == ("POST", f"{API}/commit/main")

    @pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
    def test_in_a_namespace_of_ones_own(self, hub, folder, private):
        push(folder, "alice/new", private=private)
        assert hub.repos["alice/new"].private == private
        assert (
            load_generator("alice/new", token=ALICE).source.commit == hub.repos["alice/new"].head()
        )

    def test_not_in_the_namespace_of_others(self, hub, folder):
        with pytest.raises(HubRequestError, match="may not create one under 'bob'") as error:
            push(folder, "bob/new")
        assert "the repository bob/new does not exist" in told(error)
        assert error.value.status == 403
        assert not hub.repos

    def test_a_branch_of_it(self, hub, folder):
        done = push(folder, f"{ID}@dev")
        repo = hub.repos[ID]
        assert done.commit == repo.head("dev")
        assert set(repo.files()) == {".gitattributes"}
        assert history(repo, "dev") == ["Weights of dcgan", "initial commit"]

    @pytest.mark.parametrize(
        "options",
        [{"pr": True}, {"revision": "refs/pr/1"}],
        ids=["a pull request", "an addition to one"],
    )
    def test_is_not_made_for(self, hub, folder, options):
        with pytest.raises(HubRequestError, match=f"no repository {ID}") as error:
            push(folder, **options)
        told(error)
        assert not hub.repos

    def test_that_somebody_makes_in_public_meanwhile_gets_nothing_private(self, hub, folder):
        hub.before("POST", "/repos/create", lambda: hub.create(ID))
        with pytest.raises(HubRequestError, match="is public, so nothing was published"):
            push(folder, private=True)
        assert history(hub.repos[ID]) == ["initial commit"]
        assert not hub.requests(method="PUT")


class TestSources:
    def test_a_run_a_path_and_its_folder_are_the_same(self, hub, trained):
        first = push(trained)
        for source in (trained.path, str(trained.path), trained.path / "weights"):
            assert push(source).commit == first.commit

    def test_weights_that_come_with_an_architecture(self, hub, cache):
        done = push("dcgan.mnist5k")
        assert set(hub.repos[ID].files()) == {
            *ALL - {"generator_raw.safetensors"},
            ".gitattributes",
        }
        assert equal(load_generator(ID, cache_dir=cache), load_generator("dcgan.mnist5k"))
        assert "CC BY-SA 3.0" in done.card

    def test_a_generator_from_a_loop_of_ones_own(self, hub, cache):
        G = own_generator(training={"epochs": 3})
        G.module(torch.randn(4, 100), torch.tensor([0, 1, 2, 0]))  # as a loop leaves it
        assert G.training
        done = push(G)
        assert G.training
        assert kinds(done) == dict.fromkeys(
            ["README.md", "config.json", "model.safetensors", "samples.png"], "added"
        )
        loaded = load_generator(ID, cache_dir=cache)
        assert equal(loaded, G)
        assert loaded.info.model_copy(update={"networks": {}}) == G.info
        assert loaded.sample(3, seed=0, labels="Ä").equal(G.sample(3, seed=0, labels="Ä"))
        assert "conditional on 3 classes: `Ä`, `b`, `c`" in done.card
        assert 'labels="Ä"' in done.card
        assert "| epochs | 3 |" in done.card
        assert "pipeline_tag" not in done.card

    def test_vectors_of_which_there_is_no_image(self, hub):
        G = create_generator("vanilla", seed=0, sample_shape=(5,), generator_widths=[8])
        done = push(G)
        assert set(kinds(done)) == {"README.md", "config.json", "model.safetensors"}
        assert "![Samples]" not in done.card

    def test_what_else_lies_in_the_folder_stays_there(self, hub, folder):
        (folder / "secrets.env").write_text("password")
        (folder / "notes").mkdir()
        (folder / "notes" / "config.json").write_text("{}")
        push(folder)
        assert set(hub.repos[ID].files()) == {*ALL, ".gitattributes"}


class TestTwice:
    def test_makes_no_second_commit_and_sends_nothing(self, hub, folder):
        first = push(folder, licence="mit")
        hub.log.clear()
        again = push(folder)
        assert not again.changed
        assert not again.created
        assert kinds(again) == dict.fromkeys(ALL, "unchanged")
        assert (again.commit, again.commit_url) == (first.commit, first.commit_url)
        assert again.card == first.card
        readme = f"/{ID}/resolve/ID/README.md"
        assert asked(hub) == [("GET", API), ("HEAD", readme), ("GET", readme)]

    def test_is_told_of_the_commit_that_is_there_whoever_made_it(self, hub, folder):
        push(folder)
        theirs = hub.repos[ID].put({"notes.txt": b"theirs"})
        assert push(folder).commit == theirs
        assert hub.repos[ID].head() == theirs


def without(*names):
    def change(folder):
        for name in names:
            (folder / name).unlink()

    return change


CHANGES = {
    "the generator": (
        lambda f: change_weights(f),
        {},
        {"model.safetensors": "changed"},
    ),
    "the config": (
        lambda f: (f / "config.json").write_text((f / "config.json").read_text() + "\n"),
        {},
        {"config.json": "changed"},
    ),
    "the discriminator kept back": (
        lambda f: None,
        {"discriminator": False},
        {"discriminator.safetensors": "deleted", "README.md": "changed"},
    ),
    "no discriminator": (
        without("discriminator.safetensors"),
        {},
        {"discriminator.safetensors": "deleted", "README.md": "changed"},
    ),
    "no raw generator": (
        without("generator_raw.safetensors"),
        {},
        {"generator_raw.safetensors": "deleted"},
    ),
    "no recipe": (without("recipe.yaml"), {}, {"recipe.yaml": "deleted", "README.md": "changed"}),
    "no sheet": (without("samples.png"), {}, {"samples.png": "deleted", "README.md": "changed"}),
    "a licence": (lambda f: None, {"licence": "MIT"}, {"README.md": "changed"}),
}


@pytest.mark.parametrize("cause", CHANGES)
def test_only_what_changed_is_in_the_commit(hub, folder, cause):
    change, options, expected = CHANGES[cause]
    push(folder)
    repo = hub.repos[ID]
    theirs = {"cat.png": IMAGE, "code/train.py": b"print()", ".gitattributes": b"*.x -text\n"}
    before = repo.put(theirs)
    hub.log.clear()
    change(folder)
    done = push(folder, **options)
    assert {name: kind for name, kind in kinds(done).items() if kind != "unchanged"} == expected
    old, new = repo.files(before), repo.files()
    differs = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert differs == set(expected)
    assert {name: new[name] for name in theirs} == theirs
    assert repo.commits[repo.head()].parent == before
    sent = sum(name.endswith((".safetensors", ".png")) for name in expected if name in new)
    assert len(hub.requests(method="PUT")) == sent
    load_generator(ID, token=ALICE)
    mentions = "discriminator" in new["README.md"].decode()
    assert mentions == ("discriminator.safetensors" in new)


# Cards.

PROSE = """\
# My own title \r

Digits  that I drew, with *love*; trailing spaces  \t

<!-- a comment of mine -->
| a | b |
|---|---|
ÄÖÜ 日本 🎉\u200d
"""


BROKEN_CARDS = {
    "malformed": (b"---\na: [\n---\nText.\n", "is malformed"),
    "not UTF-8": (b"---\nlicense: mit\n---\n\xff\xfe", "is not UTF-8 text"),
}


class TestCards:
    def published_with(self, hub, folder, readme):
        repo = hub.create(ID)
        repo.put({"README.md": readme.encode()})
        done = push(folder)
        assert repo.files()["README.md"].decode() == done.card
        return done

    @pytest.mark.parametrize(
        "end", ["", "\n", "\n\n", "\n\n\n  \n", "\r\n"], ids=["none", "1", "2", "many", "CRLF"]
    )
    @pytest.mark.parametrize(
        "head",
        ["", "---\nlicense: cc-by-4.0\ncolour: red\ntags:\n- mine\n---\n"],
        ids=["bare", "metadata"],
    )
    def test_text_that_is_there_stays_to_the_byte(self, hub, folder, head, end):
        done = self.published_with(hub, folder, head + PROSE + end)
        text = done.card.split("---\n", 2)[2]
        assert text.startswith(PROSE + end)
        assert text.count(BEGIN) == text.count(END) == 1
        assert done.card.startswith("---\n")
        for line in ("library_name: ganzoo", "datasets: [mnist5k]"):
            assert f"\n{line}\n" in done.card
        if head:
            assert done.card.startswith("---\nlicense: cc-by-4.0\ncolour: red\ntags: [mine, gan")
        assert push(folder).commit == done.commit

    def test_the_folders_own_text_begins_a_new_repository(self, hub, folder):
        card = (folder / "README.md").read_text()
        (folder / "README.md").write_text(f"{card}\n## Of mine\n\nIn the folder.\n")
        done = push(folder)
        assert done.card.endswith("## Of mine\n\nIn the folder.\n")
        assert done.notes == ()
        assert f'load_generator("{ID}")' in done.card
        assert "./folder" not in done.card
        assert "\n# digits\n" in done.card
        assert push(folder).commit == done.commit

    def test_of_two_texts_that_of_the_hub_stays_and_it_is_told(self, hub, folder):
        card = (folder / "README.md").read_text()
        (folder / "README.md").write_text(f"{card}\nIn the folder.\n")
        done = self.published_with(hub, folder, "On the Hub.\n")
        assert "On the Hub." in done.card
        assert "In the folder." not in done.card
        assert len(done.notes) == 1
        assert "the text of README.md on the Hub stays" in done.notes[0]

    @pytest.mark.parametrize("cause", BROKEN_CARDS)
    def test_a_broken_one_on_the_hub_is_told_and_nothing_happens(self, hub, folder, cause):
        content, message = BROKEN_CARDS[cause]
        repo = hub.create(ID)
        before = repo.put({"README.md": content})
        with pytest.raises(WeightsError, match=message) as error:
            push(folder)
        assert f"README.md of {ID}" in told(error)
        assert repo.head() == before
        assert not asked(hub, "POST")

    @pytest.mark.parametrize("cause", BROKEN_CARDS)
    def test_a_broken_one_in_the_folder_is_told_before_anything_is_asked(self, hub, folder, cause):
        content, message = BROKEN_CARDS[cause]
        (folder / "README.md").write_bytes(content)
        with pytest.raises(WeightsError, match=message) as error:
            push(folder)
        assert str(folder / "README.md") in told(error)
        assert not hub.log

    def test_the_hub_has_the_last_word_on_metadata(self, hub, folder):
        repo = hub.create(ID)
        complaint = '"license" must be one of [apache-2.0, mit, ...]'
        body = json.dumps({"errors": [{"message": complaint}], "warnings": []})
        hub.fail("POST", "/api/validate-yaml", status=400, body=body)
        with pytest.raises(HubRequestError, match="rejects the card of acme/digits") as error:
            push(folder, licence="my-own")
        assert complaint in told(error)
        assert error.value.exit_code == 2
        assert history(repo) == ["initial commit"]
        assert not hub.requests(method="PUT")

    def test_a_licence_is_written_only_when_given_and_kept_later(self, hub, folder):
        assert "license" not in push(folder).card
        assert "\nlicense: apache-2.0\n" in push(folder, licence="Apache-2.0").card
        change_weights(folder)
        assert "\nlicense: apache-2.0\n" in push(folder).card
        assert "\nlicense: mit\n" in push(folder, licence="mit").card

    @pytest.mark.parametrize("name", ["", "MIT License", "mit\nx: y", "-", "©", "../mit"])
    def test_what_is_no_licence_is_refused(self, hub, folder, name):
        with pytest.raises(RequestError, match=r"write for example apache-2\.0") as error:
            push(folder, licence=name)
        assert repr(name) in told(error)
        assert not hub.log


# Who may see and change it.


def test_private_onto_a_public_repository_is_refused(hub, folder):
    hub.create(ID).put({"notes.txt": b""})
    before = state(hub)
    for options in ({}, {"dry_run": True}):
        with pytest.raises(HubRequestError, match="is public, so nothing was published") as error:
            push(folder, private=True, **options)
        told(error)
    assert state(hub) == before
    assert not asked(hub, "POST")


def test_what_is_not_shown_is_not_published_to(hub, folder):
    hub.create(ID, private=True)
    before = state(hub)
    with pytest.raises(HubRequestError, match=f"the repository {ID} .* is hidden from your token"):
        push(folder, token=BOB)
    assert state(hub) == before


class TestPullRequests:
    def test_holds_everything_and_main_stays(self, hub, folder, cache):
        repo = hub.create(ID)
        main = repo.head()
        done = push(folder, pr=True, message="Take these", token=BOB)
        assert repo.head() == main
        assert repo.pulls[1].title == "Take these"
        assert repo.pulls[1].author == "bob"
        assert done.commit == repo.pulls[1].head
        assert done.pull_request_url == f"{hub.url}/{ID}/discussions/1"
        assert repo.commits[done.commit].parent == main
        loaded = load_pair(f"{ID}@refs/pr/1", cache_dir=cache)
        assert all(map(equal, loaded, load_pair(folder)))
        assert loaded[0].source.commit == done.commit

    def test_is_added_to(self, hub, folder):
        repo = hub.create(ID)
        first = push(folder, pr=True, token=BOB).commit
        change_weights(folder)
        done = push(folder, revision="refs/pr/1", token=BOB)
        assert done.commit == repo.pulls[1].head
        assert repo.commits[done.commit].parent == first
        assert kinds(done)["model.safetensors"] == "changed"
        assert done.pull_request_url == ""
        assert len(repo.pulls) == 1
        assert history(repo) == ["initial commit"]
        assert push(folder, f"{ID}@refs/pr/1", token=BOB).commit == done.commit

    def test_is_what_somebody_without_the_right_to_write_is_advised(self, hub, folder):
        repo = hub.create(ID)
        with pytest.raises(HubRequestError, match="--pr") as error:
            push(folder, token=BOB)
        told(error)
        assert error.value.status == 403
        assert history(repo) == ["initial commit"]
        assert not hub.requests(method="PUT")

    def test_of_what_is_there_is_not_opened(self, hub, folder):
        first = push(folder)
        done = push(folder, pr=True)
        assert done.commit_url == first.commit_url
        assert done.pull_request_url == ""
        assert not hub.repos[ID].pulls

    def test_main_may_move_while_it_is_opened(self, hub, folder):
        repo = hub.create(ID)
        looked_at = repo.head()
        hub.before("POST", "/commit/", lambda: repo.put({"config.json": b"{}"}))
        done = push(folder, pr=True)
        assert repo.commits[done.commit].parent == looked_at
        assert history(repo) == ["changed", "initial commit"]

    def test_whose_answer_is_lost_is_told_and_not_opened_twice(self, hub, folder, no_waits):
        repo = hub.create(ID)
        hub.drop("POST", "/commit/", processed=True)
        with pytest.raises(HubError, match="may still have been opened") as error:
            push(folder, pr=True)
        assert f"{hub.url}/{ID}/discussions" in told(error)
        assert len(repo.pulls) == 1


REVISIONS = {
    "missing pull request": ({"revision": "refs/pr/9"}, "has no revision 'refs/pr/9'"),
    "a tag": ({"revision": "v1"}, "acme/digits@v1 is a tag, and you can publish only to a branch"),
    "a commit": ({"revision": "COMMIT"}, "is a commit, which cannot change; give a branch"),
    "a short commit": (
        {"revision": "SHORT"},
        "is not a branch, and you can publish only to a branch",
    ),
    "two": ({"revision": "dev", "repository": f"{ID}@dev"}, "already names a revision"),
    "a pull request against dev": ({"revision": "dev", "pr": True}, "opened against main"),
}


class TestBranches:
    @pytest.fixture
    def repo(self, hub):
        repo = hub.create(ID)
        repo.put({"notes.txt": b"mine"})
        repo.tag("v1")
        repo.branch("both", repo.commits[repo.head()].parent)
        repo.tag("both")
        return repo

    @pytest.mark.parametrize("spelling", ["argument", "reference"])
    def test_is_made_from_main_and_main_stays(self, hub, repo, folder, cache, spelling):
        main = repo.head()
        given = {"revision": "dev"} if spelling == "argument" else {"repository": f"{ID}@dev"}
        done = push(folder, **given)
        assert repo.head() == main
        assert repo.commits[done.commit].parent == main
        assert repo.head("dev") == done.commit
        assert repo.files("dev")["notes.txt"] == b"mine"
        assert not done.created
        assert all(map(equal, load_pair(f"{ID}@dev", cache_dir=cache), load_pair(folder)))
        change_weights(folder)
        assert repo.commits[push(folder, f"{ID}@dev").commit].parent == done.commit

    def test_main_by_its_name(self, hub, repo, folder):
        assert push(folder, f"{ID}@main").commit == repo.head()

    def test_a_branch_with_the_name_of_a_tag(self, hub, repo, folder):
        tag = repo.tags["both"]
        assert push(folder, f"{ID}@both").commit == repo.head("both")
        assert repo.tags["both"] == tag

    @pytest.mark.parametrize("dry_run", [False, True], ids=["push", "trial"])
    @pytest.mark.parametrize("cause", REVISIONS)
    def test_refused(self, hub, repo, folder, cause, dry_run):
        options, message = REVISIONS[cause]
        known = {"COMMIT": repo.head(), "SHORT": repo.head()[:9]}
        revision = known.get(options["revision"], options["revision"])
        before = state(hub)
        with pytest.raises(GanzooError, match=re.escape(message)) as error:
            push(folder, **{**options, "revision": revision, "dry_run": dry_run})
        told(error)
        assert error.value.exit_code == 2
        assert state(hub) == before
        assert not asked(hub, "POST")


class TestTrials:
    def test_of_a_new_repository(self, hub, folder):
        trial = push(folder, private=True, licence="mit", dry_run=True)
        assert trial.created
        assert (trial.commit, trial.commit_url, trial.pull_request_url) == ("", "", "")
        assert kinds(trial) == dict.fromkeys(ALL, "added")
        assert not hub.repos
        assert asked(hub) == [("GET", API)]
        done = push(folder, private=True, licence="mit")
        assert (done.card, done.changes) == (trial.card, trial.changes)

    @pytest.mark.parametrize(
        ("options", "token"),
        [({}, ALICE), ({"pr": True}, BOB), ({"revision": "dev"}, ALICE), ({}, False)],
        ids=["main", "pull request", "branch", "nobody"],
    )
    def test_changes_nothing_and_tells_what_would_change(self, hub, folder, options, token):
        push(folder)
        change_weights(folder)
        (folder / "recipe.yaml").unlink()
        before = state(hub)
        hub.log.clear()
        trial = push(folder, dry_run=True, token=token, **options)
        assert state(hub) == before
        assert {method for method, _ in asked(hub)} == {"GET", "HEAD"}
        assert not trial.created
        changed = {n: k for n, k in kinds(trial).items() if k != "unchanged"}
        assert changed == {
            "model.safetensors": "changed",
            "recipe.yaml": "deleted",
            "README.md": "changed",
        }
        assert "recipe.yaml" not in trial.card


# What is wrong here is told before the Hub is asked anything.


class Dividing(nn.Module):
    """Makes what is no number, or no finite one."""

    above = 0.0

    def __init__(self, config):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(()))
        self.shape = config.sample_shape

    def forward(self, latents, labels=None):
        return (self.scale.new_full((len(latents), *self.shape), self.above)) / self.scale


class Infinite(Dividing):
    above = 1.0


def local(kind, shape):
    """Register an architecture and make its generator."""
    registry.register(
        Architecture(
            name="dividing",
            summary="A test.",
            config=LatentConfig,
            generator=kind,
            discriminator=Dividing,
            traits=lambda config: Traits(vectors=True, output="linear"),
        )
    )
    return create_generator("dividing", sample_shape=shape, latent_dim=4)


def damaged(name, content):
    def change(folder):
        (folder / name).write_bytes(content)

    return change


def not_a_number(folder, name="model.safetensors"):
    change_weights(folder, name, by=float("nan"))


def tensor_lost(folder):
    tensors = load_file(folder / "model.safetensors")
    del tensors["project.weight"]
    save_file(tensors, folder / "model.safetensors")


INVALID = {
    "a number that is none": (not_a_number, "model.safetensors holds a number that is not finite"),
    "a tensor that is missing": (tensor_lost, "1 missing (project.weight)"),
    "a pickle": (damaged("model.safetensors", b"\x80\x04."), "is not a whole safetensors file"),
    "no weights": (without("model.safetensors"), "holds no model.safetensors"),
}


@pytest.mark.parametrize("dry_run", [False, True], ids=["push", "trial"])
@pytest.mark.parametrize("cause", INVALID)
def test_an_invalid_folder(hub, folder, cause, dry_run):
    change, message = INVALID[cause]
    change(folder)
    with pytest.raises(WeightsError, match=re.escape(message)) as error:
        push(folder, dry_run=dry_run)
    told(error)
    assert not hub.log


def test_a_discriminator_that_is_kept_back_may_be_broken(hub, folder):
    not_a_number(folder, "discriminator.safetensors")
    push(folder, discriminator=False)
    assert "discriminator.safetensors" not in hub.repos[ID].files()


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8)], ids=["vectors", "images"])
@pytest.mark.parametrize("kind", [Dividing, Infinite])
@pytest.mark.parametrize("way", ["generator", "folder"])
def test_samples_that_are_not_finite(hub, tmp_path, own_plugins, kind, shape, way):
    source = local(kind, shape)
    if way == "folder":
        source = source.save(tmp_path / "w")
    with pytest.raises(WeightsError, match="makes samples that are not finite") as error:
        push(source)
    of = "the generator" if way == "generator" else source
    assert told(error).startswith(f"model.safetensors of {of} makes samples")
    assert not hub.log


@pytest.mark.parametrize(
    ("source", "repository", "message"),
    [
        ("acme/other", ID, "acme/other is on the Hub already; to publish a copy, pull it"),
        ("dcgan.nothing", ID, "dcgan has no weights named 'nothing'"),
        (None, "./folder", "'./folder' does not name a repository"),
        (None, "https://huggingface.co/acme/digits", "write acme/digits"),
    ],
    ids=[
        "on the Hub",
        "no such tag",
        "to a folder",
        "to an address",
    ],
)
def test_a_wrong_name(hub, folder, source, repository, message):
    with pytest.raises(RequestError, match=re.escape(message)) as error:
        push(source or folder, repository)
    told(error)
    assert not hub.log


# Others who push meanwhile, and answers that are lost.


class TestRaces:
    @pytest.fixture
    def repo(self, hub, folder):
        push(folder)
        change_weights(folder)
        return hub.repos[ID]

    def meanwhile(self, hub, callback, **which):
        """Let something happen between our look and our commit."""
        hub.before("POST", "/commit/", callback, **which)

    @pytest.mark.parametrize(
        ("files", "delete", "touched"),
        [
            ({"model.safetensors": b"theirs"}, (), "model.safetensors"),
            ({"config.json": b"{}", "samples.png": IMAGE}, (), "config.json, samples.png"),
            ({}, ("generator_raw.safetensors",), "generator_raw.safetensors"),
        ],
        ids=["weights", "two files", "a deletion"],
    )
    def test_the_same_files(self, hub, repo, folder, files, delete, touched):
        heads = []
        self.meanwhile(hub, lambda: heads.append(repo.put(files, delete=delete)))
        with pytest.raises(HubError, match="nothing was published") as error:
            push(folder)
        [theirs] = heads
        text = told(error)
        assert f"somebody else pushed {theirs[:12]} to {ID} meanwhile" in text
        assert f"and changed {touched};" in text
        assert error.value.status == 412
        assert repo.head() == theirs
        push(folder)  # looks at theirs first, and replaces it knowingly
        assert repo.commits[repo.head()].parent == theirs

    @pytest.mark.parametrize(
        "name", ["README.md", "cat.png", ".gitattributes"], ids=["card", "image", "attributes"]
    )
    def test_other_files(self, hub, repo, folder, name):
        theirs = []
        content = b"---\nlicense: mit\n---\nTheirs.\n"
        self.meanwhile(hub, lambda: theirs.append(repo.put({name: content})))
        done = push(folder)
        assert repo.commits[done.commit].parent == theirs[0]
        assert repo.head() == done.commit
        assert repo.files()["model.safetensors"] == (folder / "model.safetensors").read_bytes()
        if name == "README.md":
            assert b"license: mit" in repo.files()[name]
            assert b"\nTheirs.\n" in repo.files()[name]
        else:
            assert repo.files()[name] == content
        assert len(done.notes) == 1
        assert f"somebody else's commit {theirs[0][:12]} came in between" in done.notes[0]

    def test_others_again_and_again(self, hub, repo, folder):
        numbers = iter(range(100))
        callback = lambda: repo.put({"notes.txt": str(next(numbers)).encode()})  # noqa: E731
        self.meanwhile(hub, callback, times=None)
        with pytest.raises(HubError) as error:
            push(folder)
        assert "412" in told(error)
        assert history(repo)[0] == "changed"
        assert next(numbers) == 3

    def test_the_same_content(self, hub, repo, folder):
        self.meanwhile(hub, lambda: push(folder, message="the other"))
        done = push(folder)
        assert history(repo) == ["the other", "Weights of dcgan", "initial commit"]
        assert done.commit == repo.head()
        assert done.commit_url.endswith(repo.head())

    @pytest.mark.parametrize("discriminator", [True, False], ids=["additions", "and a deletion"])
    def test_an_answer_that_is_lost(self, hub, repo, folder, no_waits, discriminator):
        before = repo.head()
        hub.drop("POST", "/commit/", processed=True)
        done = push(folder, discriminator=discriminator)
        assert repo.commits[repo.head()].parent == before
        assert done.commit == repo.head()
        assert ("discriminator.safetensors" in repo.files()) == discriminator

    def test_an_answer_that_is_lost_before_the_hub_goes_down(self, hub, repo, folder, no_waits):
        """No further try gets through, but looking tells that the first one did."""
        before = repo.head()
        hub.drop("POST", "/commit/", processed=True)
        self.meanwhile(hub, lambda: hub.fail("POST", "/api/", status=503, times=None))
        done = push(folder)
        assert repo.commits[repo.head()].parent == before
        assert done.commit == repo.head()

    def test_a_commit_that_is_lost(self, hub, repo, folder, no_waits):
        before = repo.head()
        hub.drop("POST", "/commit/", processed=False)
        done = push(folder)
        assert repo.commits[done.commit].parent == before
        assert kinds(done)["model.safetensors"] == "changed"

    def test_a_refusal_that_is_lost(self, hub, repo, folder, no_waits):
        hub.drop("POST", "/commit/", processed=True)
        self.meanwhile(hub, lambda: repo.put({"cat.png": IMAGE}))
        done = push(folder)
        assert repo.files()["cat.png"] == IMAGE
        assert repo.head() == done.commit
        assert "came in between" in done.notes[0]

    def test_an_answer_that_is_lost_before_somebody_else_pushes(self, hub, repo, folder, no_waits):
        """Ours is found below theirs."""
        turns = iter([lambda: None, lambda: repo.put({"cat.png": IMAGE})])
        hub.before("POST", "/preupload/", lambda: next(turns)(), times=2)
        hub.drop("POST", "/commit/", processed=True)
        done = push(folder)
        assert history(repo)[:2] == ["changed", "Weights of dcgan"]
        assert len(repo.commits) == 4
        assert done.commit == repo.head()
        assert repo.files()["model.safetensors"] == (folder / "model.safetensors").read_bytes()

    def test_a_hub_that_never_answers_leaves_all_as_it_was(self, hub, repo, folder, no_waits):
        before = repo.head()
        hub.drop("POST", "/commit/", processed=False, times=None)
        hub.log.clear()
        with pytest.raises(HubError, match="could not be reached") as error:
            push(folder)
        told(error)
        assert repo.head() == before
        assert len(hub.requests(path="/commit/")) == 1 + len(client.WAITS)


@pytest.mark.parametrize("pushes", [5, pytest.param(20, marks=pytest.mark.sweep)])
def test_a_reader_never_sees_a_half(hub, tmp_path, pushes):
    """Sets of files that do not fit each other take turns, while others load what is there."""
    sources = []
    for number in range(3):
        values = {**VALUES, "width": 2 + 2 * (number % 3)}
        path = tmp_path / f"set{number}"
        create_generator("dcgan", seed=number, **values).save(path)
        if number != 1:
            create_discriminator("dcgan", seed=number, **values).save(path)
        sources.append(path)
    push(sources[-1])
    repo = hub.repos[ID]
    over, seen, problems = threading.Event(), {}, []

    def read(place):
        G = load_generator(ID, cache_dir=place / "one")
        seen[G.source.commit] = G.config.width
        try:
            pair = load_pair(ID, cache_dir=place / "two")
            seen[pair[0].source.commit] = pair[0].config.width
        except RequestError as error:
            if "has no role 'discriminator'" not in str(error):
                raise
        if "discriminator.safetensors" in repo.commits[G.source.commit].tree:
            load_pair(f"{ID}@{G.source.commit}", cache_dir=place / "one")

    def read_on(reader):
        for turn in itertools.count():
            place = tmp_path / f"cache-{reader}-{turn}"
            try:
                read(place)
            except Exception as error:
                problems.append(error)
            if over.is_set() or problems:
                return
            shutil.rmtree(place)

    readers = [threading.Thread(target=read_on, args=(number,)) for number in range(2)]
    for reader in readers:
        reader.start()
    widths = {}
    for number in range(pushes):
        done = push(sources[number % 3], message=str(number))
        widths[done.commit] = 2 + 2 * (number % 3)
        while done.commit not in seen and not problems:
            time.sleep(0.01)
    over.set()
    for reader in readers:
        reader.join()
    assert not problems, problems[0]
    assert widths.items() <= seen.items()
    assert len(repo.commits) == pushes + 2
    assert open_weights(ID, ALICE).source.commit == done.commit
