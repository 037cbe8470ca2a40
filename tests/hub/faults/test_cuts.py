"""Connections that are cut at any byte, again and again: success, or one sentence; never a half."""

import random

import pytest
from huggingface_hub.constants import DOWNLOAD_CHUNK_SIZE

from ganzoo.errors import HubError
from ganzoo.hub.loading import load_pair
from ganzoo.hub.publishing import push
from tests.hub.faults.harm import (
    COMMIT,
    CONFIG,
    NAME,
    RESOLVE,
    check_cache,
    check_sentence,
    contents,
    make_weights,
)
from tests.hub.server import ALICE
from tests.hub.server.storage import PART

SEEDS = [pytest.param(seed, marks=pytest.mark.sweep if seed >= 4 else ()) for seed in range(50)]

PUT = ("PUT", "^/lfs/")
PUT_PART = ("PUT", "^/part/")
GET = ("GET", "^/lfs/")
WIDE = {"sample_shape": (3, 64, 64), "num_classes": 0, "width": 56}


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Weights that are sent in parts, and received in pieces."""
    folder = make_weights(tmp_path_factory.mktemp("wide"), seed=0, **WIDE)
    size = (folder / "model.safetensors").stat().st_size
    assert size > max(PART, DOWNLOAD_CHUNK_SIZE)
    (folder / "samples.png").write_bytes(random.Random(0).randbytes(60_000))
    return folder


@pytest.fixture
def held(hub, wide):
    repo = hub.create(NAME)
    repo.put(contents(wide))
    return repo


def cut_download(hub, rng, step, size):
    """Cut an answer some times; each goes on from where the last one may have been cut."""
    points = sorted(rng.randrange(size) for _ in range(rng.choice([1, 1, 2, 3, 8])))
    for before, point in zip([0, *points], points, strict=False):
        hub.cut(*step, after=point - before, reset=rng.random() < 0.5)
    return points


@pytest.mark.parametrize("seed", SEEDS)
def test_downloads(seed, hub, held, wide, cache):
    rng, files = random.Random(seed), contents(wide)
    large = GET[0], f"^/lfs/{held.commits[held.head()].tree['model.safetensors'].sha256}"
    steps = {large: len(files["model.safetensors"]), CONFIG: len(files["config.json"])}
    steps[RESOLVE] = 100
    for step in rng.sample(list(steps), rng.choice([1, 1, 2, 3])):
        cut_download(hub, rng, step, steps[step])

    for _ in range(2):
        try:
            load_pair(NAME, cache_dir=cache)
        except HubError as error:
            check_sentence(error, NAME, "try again")
        check_cache(cache)

    hub.rules.clear()
    G, D = load_pair(NAME, cache_dir=cache)
    check_cache(cache)
    for network, file in zip(load_pair(wide), (G, D), strict=True):
        state = file.state_dict()
        assert all(state[key].equal(value) for key, value in network.state_dict().items())


def cut_upload(hub, rng, sizes):
    """Cut what is sent, or the answer to it."""
    step = rng.choice(list(sizes))
    times = rng.choice([1, 1, 2, 5, None])
    kind = rng.choice(["sent", "sent", "sent", "answered", "lost"])
    if kind == "sent":
        # Nothing at all is a case of its own, and so is all but the last byte.
        after = rng.choice([0, sizes[step] - 1, *rng.sample(range(sizes[step]), 4)])
        hub.cut_upload(*step, after=after, times=times)
    elif kind == "lost":
        hub.drop(*step, processed=rng.random() < 0.5, times=times)
    elif step == COMMIT:
        hub.cut(*step, after=rng.randrange(100), times=times)


@pytest.mark.parametrize("seed", SEEDS)
def test_uploads(seed, hub, published, wide):
    rng, files, commit = random.Random(seed), contents(wide), published.head()
    size = len(files["model.safetensors"])
    sizes = {PUT: len(files["samples.png"]), PUT_PART: size - PART, COMMIT: 4000}
    for _ in range(rng.choice([1, 1, 2, 3])):
        cut_upload(hub, rng, sizes)

    def whole():
        found = published.files()
        return {file: found.get(file) for file in files} == files

    for _ in range(2):
        try:
            push(wide, NAME, token=ALICE)
        except HubError as error:
            check_sentence(error, NAME, "try again")
            assert published.head() == commit
        else:
            assert whole()
            break

    hub.rules.clear()
    push(wide, NAME, token=ALICE)
    assert whole()
    assert published.commits[published.head()].parent == commit


def test_large_files_are_sent_in_parts(hub, published, wide):
    """So that the cuts above are what they are called."""
    push(wide, NAME, token=ALICE)
    assert len(hub.requests(method="PUT", path=PUT_PART[1])) >= 2
    assert hub.requests(method="PUT", path=PUT[1])
