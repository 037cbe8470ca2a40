"""Answers, of the Hub or of what stands in its place, that are of another shape than its own."""

import hashlib
import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganzoo.errors import GanzooError, HubError
from ganzoo.hub.loading import load_generator
from ganzoo.hub.publishing import push
from tests.hub.faults.harm import (
    BATCH,
    CALLS,
    COMMIT,
    NAME,
    PREUPLOAD,
    RESOLVE,
    VALIDATE,
    check_cache,
    check_sentence,
    mend,
)
from tests.hub.server import ALICE


def listed(**values):
    """A listing that is right, but for these values."""
    file = {"rfilename": "config.json", "size": 5, "blobId": "0" * 40}
    return json.dumps({"id": NAME, "sha": "0" * 40, "siblings": [file], **values})


def sibling(**values):
    file = {"rfilename": "config.json", "size": 5, "blobId": "0" * 40}
    return listed(siblings=[{**file, **values}])


LISTINGS = {
    "a list": "[]",
    "nothing": "null",
    "a text": '"text"',
    "a number": "5",
    "empty": "{}",
    "no id": '{"sha": "0"}',
    "no commit": listed(sha=None),
    "a commit that is a number": listed(sha=5),
    "a commit that is a list": listed(sha=["0" * 40]),
    "a commit that is short": listed(sha="0123abc"),
    "a commit that is a path": listed(sha="../" * 13 + "x"),
    "a commit that is a branch": listed(sha="main"),
    "files that are a number": listed(siblings=5),
    "files that are a text": listed(siblings="text"),
    "files that are a mapping": listed(siblings={"config.json": 5}),
    "a file that is a number": listed(siblings=[5]),
    "a file that is null": listed(siblings=[None]),
    "a file without a name": listed(siblings=[{}]),
    "a name that is a number": sibling(rfilename=5),
    "a name that is null": sibling(rfilename=None),
    "a name that is a list": sibling(rfilename=["config.json"]),
    "a size that is a text": sibling(size="5"),
    "a size that is a fraction": sibling(size=5.5),
    "a size that is true": sibling(size=True),
    "a size that is a list": sibling(size=[5]),
    "an id that is a number": sibling(blobId=5),
    "an id that is a mapping": sibling(blobId={"a": 1}),
    "lfs that is a number": sibling(lfs=5),
    "lfs without a digest": sibling(lfs={"size": 5, "pointerSize": 5}),
    "lfs without sizes": sibling(lfs={"sha256": "0" * 64}),
    "lfs with a digest that is a number": sibling(
        lfs={"sha256": 5, "size": 5, "pointerSize": 5},
    ),
    "a date that is none": listed(lastModified="yesterday"),
    "a date that is a number": listed(createdAt=5),
    "a mapping that is a number": listed(inferenceProviderMapping=5),
    "half of it": listed()[:50],
    "not UTF-8": b'{"sha": "\xff\xfe"}',
    "deep": "[" * 100_000,
    "a number of many digits": '{"id": "a", "sha": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("shape", LISTINGS)
def test_a_listing_of_another_shape(shape, hub, repo, weights, tmp_path):
    head = repo.head()
    hub.fail(*RESOLVE, status=200, body=LISTINGS[shape], times=None)
    for call in CALLS.values():
        with pytest.raises(HubError, match="sent an invalid answer for acme/digits") as e:
            call(weights, tmp_path)
        check_sentence(e.value, "try again later")
    assert repo.head() == head
    assert not (tmp_path / "pulled").exists()
    hub.rules.clear()
    load_generator(NAME, cache_dir=tmp_path / "cache")


LISTED = {
    "no files": (listed(siblings=None), "it has no config.json"),
    "an empty list of files": (listed(siblings=[]), "it has no config.json"),
    "no size": (sibling(size=None), "arrived damaged"),
    "a size below zero": (sibling(size=-5), "arrived damaged"),
    "no id": (sibling(blobId=None), "arrived damaged"),
    "a huge size": (sibling(size=10**30), "that it can have"),
    "a commit that is not there": (listed(sha="0" * 40), "has no revision"),
}


@pytest.mark.parametrize("shape", LISTED)
def test_a_listing_that_is_not_true(shape, hub, repo, weights, tmp_path):
    body, told = LISTED[shape]
    true = shape == "a commit that is not there"
    hub.fail(*RESOLVE, 200, body=body if true else body.replace("0" * 40, repo.head()), times=None)
    for name in ("load", "info", "pull"):
        with pytest.raises(GanzooError, match=told) as caught:
            CALLS[name](weights, tmp_path)
        check_sentence(caught.value, NAME)
    check_cache(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
KEYS = ("sha", "siblings", "private", "gated", "disabled", "tags", "cardData", "config")
KEYS += ("createdAt", "transformersInfo", "safetensors", "evalResults", "inferenceProviderMapping")
FILE = st.fixed_dictionaries(
    {},
    optional={
        "rfilename": JSON | st.sampled_from(["config.json", "model.safetensors", "../x", "/x", ""]),
        "size": JSON,
        "blobId": JSON,
        "lfs": JSON | st.fixed_dictionaries({"sha256": JSON, "size": JSON, "pointerSize": JSON}),
    },
)
LISTING = JSON | st.fixed_dictionaries(
    {"id": st.just(NAME)},
    optional=dict.fromkeys(KEYS, JSON)
    | {"sha": st.just("0" * 40) | JSON, "siblings": st.lists(FILE, max_size=3) | JSON},
)


@pytest.mark.parametrize("examples", [25, pytest.param(500, marks=pytest.mark.sweep)])
def test_any_listing(examples, hub, weights, tmp_path):
    """Whatever a listing says: nothing but our own errors, and nothing outside the cache."""
    hub.create(NAME)

    @settings(
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(LISTING)
    def check(listing):
        hub.rules.clear()
        hub.fail(*RESOLVE, status=200, body=json.dumps(listing), times=None)
        for name, call in CALLS.items():
            if name == "trial":
                continue  # it may well find that there is nothing yet
            with pytest.raises(GanzooError) as caught:
                call(weights, tmp_path)
            check_sentence(caught.value, NAME)

    check()
    assert {path.name for path in tmp_path.iterdir()} <= {"cache"}


ANSWERS = {
    "preupload, a list": (PREUPLOAD, "[]"),
    "preupload, no files": (PREUPLOAD, "{}"),
    "preupload, other files": (PREUPLOAD, '{"files": []}'),
    "preupload, no mode": (PREUPLOAD, '{"files": [{"path": "config.json"}]}'),
    "preupload, half": (
        PREUPLOAD,
        '{"files": [{"path": "config.json", "uploadMode": "lfs"}]}',
    ),
    "validate, a list": (VALIDATE, "[]"),
    "validate, a number": (VALIDATE, '{"warnings": 5}'),
    "batch, a list": (BATCH, "[]"),
    "batch, a number": (BATCH, '{"objects": 5}'),
    "batch, numbers": (BATCH, '{"objects": [5]}'),
    "batch, no object": (BATCH, '{"objects": [{}]}'),
    "batch, nothing": (BATCH, '{"objects": []}'),
    "commit, a list": (COMMIT, "[]"),
    "commit, empty": (COMMIT, "{}"),
    "commit, numbers": (COMMIT, '{"commitUrl": 5, "commitOid": 5}'),
    "commit, no commit": (COMMIT, '{"commitUrl": "x"}'),
}


def offered(**upload):
    """An answer to a batch that offers this for the next object, whichever it is."""
    return {"actions": {"upload": {"header": {}, **upload}}}


OFFERS = {
    "no address": offered(),
    "an address that is a number": offered(href=5),
    "an address that is none": offered(href="http://["),
    "an address without a scheme": offered(href="lfs/5"),
    "an address with a newline": offered(href="http://127.0.0.1:9/a\nb"),
    "an address of another kind": offered(href="file:///etc/passwd"),
    "a port that is none": offered(href="http://localhost:99999/lfs"),
    "parts of no size": offered(href="http://127.0.0.1:9/", header={"chunk_size": "x"}),
    "parts of size 0": offered(href="http://127.0.0.1:9/", header={"chunk_size": "0"}),
    "too few parts": offered(href="http://127.0.0.1:9/", header={"chunk_size": "5"}),
    "no upload": {"actions": {}},
    "actions that are a list": {"actions": []},
}


@pytest.mark.parametrize("shape", [*ANSWERS, *OFFERS])
def test_an_answer_of_another_shape_to_a_push(shape, hub, published, weights, slept):
    head = published.head()
    if shape in ANSWERS:
        step, body = ANSWERS[shape]
    else:
        objects = [
            {"oid": oid, "size": size, **OFFERS[shape]} for oid, size in large_files(weights)
        ]
        step, body = BATCH, json.dumps({"objects": objects})
    hub.fail(*step, status=200, body=body, times=None)
    with pytest.raises(HubError) as caught:
        push(weights, NAME, token=ALICE)
    check_sentence(caught.value, NAME, "try again")
    assert published.head() == head
    mend(hub, published)
    push(weights, NAME, token=ALICE)
    assert published.head() != head


def large_files(folder):
    for path in folder.glob("*.safetensors"):
        yield hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size


ERRORS = {
    "a list": "[]",
    "a number": "5",
    "null": "null",
    "errors that are a number": '{"errors": 5}',
    "errors that are texts": '{"errors": ["text"]}',
    "errors that are numbers": '{"errors": [5]}',
    "an error that is a number": '{"error": 5}',
    "an error that is a list": '{"error": [5, {"a": 1}]}',
    "not UTF-8": b'{"error": "\xff"}',
    "escapes": '{"error": "\\u001b[31mred\\u0007 \\u2028 \\ud800 end"}',
    "long": json.dumps({"error": "long " * 100_000}),
    "deep": "[" * 100_000,
    "no text": b"\x00\xff" * 50,
}


@pytest.mark.parametrize(
    "status",
    [400, *(pytest.param(x, marks=pytest.mark.sweep) for x in (403, 404, 409, 412, 429, 500))],
)
@pytest.mark.parametrize("shape", ERRORS)
def test_an_error_of_another_shape(shape, status, hub, repo, weights, tmp_path, slept):
    head = repo.head()
    for step, name in ((RESOLVE, "load"), (COMMIT, "push")):
        hub.fail(*step, status=status, body=ERRORS[shape], times=None)
        with pytest.raises(HubError) as caught:
            CALLS[name](make_other(weights, tmp_path), tmp_path)
        check_sentence(caught.value, NAME)
        hub.rules.clear()
    assert repo.head() == head


def make_other(weights, folder):
    """The same weights with one more file, so that a push has something to send."""
    if not (folder / "other").exists():
        shutil.copytree(weights, folder / "other")
        (folder / "other" / "recipe.yaml").write_text("steps: 5\n")
    return folder / "other"
