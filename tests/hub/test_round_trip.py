"""What is pushed here is loaded on another machine: the same seed gives the same bits."""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys

import pytest
import torch

import ganzoo
from tests.hub.server import ALICE, BOB, HubServer

ID = "acme/digits"

ELSEWHERE = """
import hashlib, json, sys
import ganzoo
found = {}
for reference in sys.argv[1:]:
    G, D = ganzoo.load_pair(reference)
    images = G.sample(20, seed=3)
    scores = D(2 * images - 1, G.info.architecture.num_classes and images.new_zeros(20).long())
    digests = [hashlib.sha256(t.detach().numpy().tobytes()).hexdigest() for t in (images, scores)]
    found[reference] = [G.source.commit, *digests]
print(json.dumps(found))
"""
"""Another machine: it knows the references and the Hub's address, and nothing else of us."""


def digest_of(G, D):
    """What `ELSEWHERE` tells, found here without a Hub."""
    images = G.sample(20, seed=3)
    with torch.no_grad():
        scores = D(2 * images - 1, torch.zeros(20, dtype=torch.int64))
    return [hashlib.sha256(t.numpy().tobytes()).hexdigest() for t in (images, scores)]


def another_machine(tmp_path, arguments, **changes):
    """Run a command in another process, with a home of its own."""
    (tmp_path / "elsewhere").mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HF_HOME": str(tmp_path / "elsewhere" / "hf"), **changes}
    environment = {name: value for name, value in environment.items() if value is not None}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path / "elsewhere",
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_elsewhere(tmp_path, *references, **changes):
    return json.loads(another_machine(tmp_path, ["-c", ELSEWHERE, *references], **changes))


def train_on_digits(folder, seed):
    """A tiny run on real digits."""
    small = {"name": "dcgan", "width": 2, "sample_shape": [1, 16, 16]}
    overrides = {"training.batch_size": 8, "training.seed": seed, "training.sample_every": 0}
    return ganzoo.train({"architecture": small, "data": "mnist5k"}, overrides, out=folder, steps=2)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three runs whose weights differ, so that one is not taken for another."""
    folder = tmp_path_factory.mktemp("runs")
    return [train_on_digits(folder / str(seed), seed) for seed in range(3)]


@pytest.mark.sweep
def test_samples_are_the_same_to_the_last_bit_on_another_machine(hub, runs, tmp_path):
    """By main, a branch, a pull request, a tag and a commit; the repository is private."""
    first = ganzoo.push(runs[0], ID, token=ALICE, private=True)
    repo = hub.repos[ID]
    repo.tag("v1", first.commit)
    repo.readers.add("bob")
    proposed = ganzoo.push(runs[1], ID, token=BOB, pr=True)
    branch = ganzoo.push(runs[2], f"{ID}@dev", token=ALICE)
    main = ganzoo.push(runs[1], ID, token=ALICE, message="better ones")
    here = [digest_of(*ganzoo.load_pair(run.path)) for run in runs]
    assert len({digest for pair in here for digest in pair}) == 6
    expected = {
        ID: [main.commit, *here[1]],
        f"hf://{ID}@main": [main.commit, *here[1]],
        f"{ID}@dev": [branch.commit, *here[2]],
        f"{ID}@refs/pr/1": [proposed.commit, *here[1]],
        f"{ID}@v1": [first.commit, *here[0]],
        f"{ID}@{first.commit}": [first.commit, *here[0]],
        f"{ID}@{branch.commit}": [branch.commit, *here[2]],
    }
    assert loaded_elsewhere(tmp_path, *expected, HF_TOKEN=ALICE) == expected


@pytest.mark.sweep
def test_what_was_pulled_elsewhere_is_published_again(hub, runs, tmp_path):
    """Nothing is lost on the way: but for the repository's name in the card all is the same."""
    ganzoo.push(runs[0], ID, token=ALICE)
    another_machine(tmp_path, ["-m", "ganzoo", "pull", ID, "copy"])
    ganzoo.push(tmp_path / "elsewhere" / "copy", "alice/copy", token=ALICE)
    first, second = hub.repos[ID].files(), hub.repos["alice/copy"].files()
    assert {name for name in first if first[name] != second[name]} == {"README.md"}
    assert first.keys() == second.keys()
    card = first["README.md"].decode().replace(ID, "alice/copy").replace("./digits", "./copy")
    assert second["README.md"].decode() == card


@pytest.mark.skipif(not importlib.util.find_spec("hf_xet"), reason="hf_xet is not installed")
@pytest.mark.sweep
def test_through_xet(runs, tmp_path):
    """The way that large files take on the real Hub, pushed and loaded in other processes."""
    with HubServer(xet=True) as hub:
        real = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": None, "HF_TOKEN": ALICE}
        push = ["-m", "ganzoo", "push", str(runs[0].path), ID]
        url = another_machine(tmp_path / "a", push, **real).strip()
        repo = hub.repos[ID]
        assert url == f"{hub.url}/{ID}/commit/{repo.head()}"
        tree = repo.commits[repo.head()].tree
        assert all(tree[name].xet for name in tree if name.endswith((".safetensors", ".png")))
        expected = {ID: [repo.head(), *digest_of(*ganzoo.load_pair(runs[0].path))]}
        assert loaded_elsewhere(tmp_path / "b", ID, **real) == expected
        assert not hub.requests("cdn")
        assert not hub.errors
