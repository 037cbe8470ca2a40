"""What goes wrong on the way to the Hub: retried where that helps, else told in one sentence.

However it ends, the cache and the repository are whole, and the same call works once the cause is
gone.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from huggingface_hub import constants

from ganzoo.errors import GanzooError, HubError, HubRequestError, WeightsError
from ganzoo.hub.client import MAX_WAIT
from ganzoo.hub.loading import load_generator
from ganzoo.hub.publishing import push
from tests.hub.faults.harm import (
    BATCH,
    COMMIT,
    CONFIG,
    CONFIG_HEAD,
    CREATE,
    HTML,
    LOAD,
    LOOK,
    NAME,
    PAGE,
    PREUPLOAD,
    PUSH,
    PUT,
    RESOLVE,
    VALIDATE,
    VERIFY,
    WEIGHTS,
    WEIGHTS_HEAD,
    check_cache,
    check_sentence,
    contents,
    mend,
)
from tests.hub.server import ALICE, BOB

ODD_TOKEN = "hf_nobodys0123456789"

PARALLEL = ("put", "verify")
"""Steps of which there is one for each large file."""

BRANCH = ("POST", "/branch/dev$")
CARD = ("HEAD", r"/resolve/.*/README\.md$")

BUSY = "Cannot create repo: another conflicting operation is in progress"
DISABLED = {"X-Error-Message": "Access to this resource is disabled."}


class Row(NamedTuple):
    """A fault, and how the work must end."""

    harm: Callable[[Any, Any], object]
    """Called with the Hub and the repository."""
    step: tuple[str, str]
    """Whose requests are counted."""
    told: str = ""
    """What the error says; empty: the work must succeed."""
    kind: type[GanzooError] = HubError
    tries: int | None = None
    """How many requests of this step there are."""
    waits: float = 0
    """The least time of which one wait is."""
    options: dict[str, Any] = {}  # noqa: RUF012 (nobody changes it)
    """For the call."""


def fails(step, status, **options):
    return lambda hub, repo: hub.fail(*step, status=status, **options)


def does(kind, step, **options):
    return lambda hub, repo: getattr(hub, kind)(*step, **options)


def sets(**values):
    return lambda hub, repo: [setattr(repo, key, value) for key, value in values.items()]


def loses_token(hub, repo):
    hub.expired.add(ALICE)


def once(steps, **special):
    """One bad answer, or a broken connection, at each step: the work goes on."""
    rows = {}
    for name, step in steps.items():
        tries = None if name in PARALLEL else 2
        for status in (429, 500, 502, 503, 504):
            rows[f"{status} once, {name}"] = Row(fails(step, status), step, tries=tries)
        rows[f"no answer once, {name}"] = Row(does("drop", step, processed=False), step)
        rows[f"answer lost once, {name}"] = Row(does("drop", step, processed=True), step)
        if step[0] != "HEAD":
            rows[f"a page for an answer once, {name}"] = Row(
                fails(step, 502, headers=HTML, body=PAGE), step
            )
    return rows


def forever(steps):
    """The same without end: one sentence."""
    rows = {}
    for name, step in steps.items():
        stored = step[1] == "^/lfs/"
        for status, told in ((429, "asks to wait"), (500, "try again"), (503, "try again later")):
            told = f"storage refused a file of acme/digits ({status})" if stored else told
            rows[f"{status} for ever, {name}"] = Row(fails(step, status, times=None), step, told)
        rows[f"no answer for ever, {name}"] = Row(
            does("drop", step, processed=False, times=None),
            step,
            "localhost could not be reached" if stored else "network, then try again",
        )
        for status, told in ((400, "(400"), (418, "(418"), (451, "(451")):
            told = "storage refused a file" if stored else told
            if name == "validate" and status == 400:
                continue  # that says something of the card
            tries = None if name in PARALLEL or stored else 1
            rows[f"{status}, {name}"] = Row(
                fails(step, status, times=None), step, told, tries=tries
            )
        for status in (429, 503):
            rows[f"{status} with a wait, {name}"] = Row(
                fails(step, status, headers={"Retry-After": "7"}),
                step,
                tries=None if name in PARALLEL else 2,
                waits=7,
            )
        asked = {"Retry-After": "100000"}
        told = "try again in" if stored else "asks to wait for"
        rows[f"429 with a long wait, {name}"] = Row(
            fails(step, 429, headers=asked, times=None), step, f"{told} 100000 seconds"
        )
        rows[f"503 with a long wait, {name}"] = Row(
            fails(step, 503, headers=asked, times=None), step, "try again in 100000 seconds"
        )
    return rows


REQUEST = HubRequestError

LOADING = {
    **once(LOAD),
    **forever(LOAD),
    # Who asks.
    "private, nobody": Row(sets(private=True), RESOLVE, "it is private", REQUEST, 1),
    "private, somebody else": Row(
        sets(private=True),
        RESOLVE,
        "your token cannot read it",
        REQUEST,
        1,
        0,
        {"token": BOB},
    ),
    "a token of nobody": Row(
        lambda hub, repo: None, RESOLVE, "hf auth login", REQUEST, 1, 0, {"token": ODD_TOKEN}
    ),
    "an expired token": Row(
        loses_token, RESOLVE, "does not accept the token", REQUEST, 1, 0, {"token": ALICE}
    ),
    "a token that expires on the way": Row(
        lambda hub, repo: hub.before(*CONFIG_HEAD, callback=lambda: hub.expired.add(ALICE)),
        CONFIG_HEAD,
        "does not accept the token",
        REQUEST,
        1,
        0,
        {"token": ALICE},
    ),
    "401 for a file": Row(
        fails(CONFIG_HEAD, 401, times=None), CONFIG_HEAD, "hf auth login", REQUEST, 1
    ),
    "403": Row(fails(RESOLVE, 403, times=None), RESOLVE, "no read access", REQUEST, 1),
    "403 for a file": Row(fails(CONFIG, 403, times=None), CONFIG, "no read access", REQUEST, 1),
    "gated, nobody": Row(sets(gated="auto"), CONFIG_HEAD, "gated: ask for access", REQUEST, 1),
    "gated by hand, nobody": Row(sets(gated="manual"), CONFIG_HEAD, "gated: ask", REQUEST, 1),
    "gated by a flag, nobody": Row(sets(gated=True), CONFIG_HEAD, "gated: ask", REQUEST, 1),
    "gated, somebody else": Row(
        sets(gated="auto"), CONFIG_HEAD, "is gated: ask", REQUEST, 1, 0, {"token": BOB}
    ),
    "gated, a reader": Row(sets(gated="auto"), CONFIG_HEAD, tries=1, options={"token": ALICE}),
    "disabled": Row(sets(disabled=True), RESOLVE, "has disabled", REQUEST, 1),
    "disabled on the way": Row(
        fails(WEIGHTS_HEAD, 403, headers=DISABLED, times=None),
        WEIGHTS_HEAD,
        "has disabled",
        REQUEST,
    ),
    # What is not there.
    "no repository": Row(
        fails(RESOLVE, 404, code="RepoNotFound", times=None),
        RESOLVE,
        "there is no repository",
        REQUEST,
        1,
    ),
    "no revision": Row(
        lambda hub, repo: repo.branches.pop("dev"),
        ("GET", f"^/api/models/{NAME}/revision/dev$"),
        "has no revision 'dev'",
        REQUEST,
        1,
        0,
        {"reference": f"{NAME}@dev"},
    ),
    "a file that is listed only": Row(
        fails(CONFIG_HEAD, 404, code="EntryNotFound", times=None),
        CONFIG_HEAD,
        "cannot find what was requested in",
        REQUEST,
        1,
    ),
    "the repository goes away": Row(
        fails(WEIGHTS_HEAD, 404, code="RepoNotFound", times=None),
        WEIGHTS_HEAD,
        "there is no repository",
        REQUEST,
        1,
    ),
    "no such object in the storage, once": Row(fails(WEIGHTS, 404), WEIGHTS, tries=2),
    "no such object in the storage": Row(
        fails(WEIGHTS, 404, times=None), WEIGHTS, "storage refused a file"
    ),
    "401 of the storage": Row(fails(WEIGHTS, 401, times=None), WEIGHTS, "storage refused a file"),
    "an address that expired": Row(fails(WEIGHTS, 403), WEIGHTS, tries=2),
    "408": Row(fails(RESOLVE, 408), RESOLVE, tries=2),
    "a date to wait for": Row(
        fails(RESOLVE, 429, headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}),
        RESOLVE,
        tries=2,
    ),
    "a wait of the Hub's own header": Row(
        fails(RESOLVE, 429, headers={"ratelimit": '"api";r=0;t=55'}), RESOLVE, tries=2, waits=55
    ),
    "a long wait of the Hub's own header": Row(
        fails(CONFIG_HEAD, 429, headers={"ratelimit": '"api";r=0;t=900'}, times=None),
        CONFIG_HEAD,
        "asks to wait for 901 seconds",
    ),
    "a wait that is no number": Row(
        fails(RESOLVE, 429, headers={"Retry-After": "-1e9"}), RESOLVE, tries=2
    ),
    "a wait of many digits": Row(
        fails(CONFIG_HEAD, 429, headers={"Retry-After": "9" * 5000}, times=None),
        CONFIG_HEAD,
        "asks to wait",
    ),
    # Answers that are none.
    "a page for an answer": Row(
        fails(RESOLVE, 200, headers=HTML, body=PAGE, times=None), RESOLVE, "an invalid answer"
    ),
    "a page for the head": Row(
        fails(CONFIG_HEAD, 200, headers=HTML, body=PAGE, times=None), CONFIG_HEAD, "check the netw"
    ),
    "a page for a file, once": Row(fails(CONFIG, 200, headers=HTML, body=PAGE), CONFIG),
    "a page for a file": Row(
        fails(CONFIG, 200, headers=HTML, body=PAGE, times=None), CONFIG, "check the network"
    ),
    "a page for the weights": Row(
        fails(WEIGHTS, 200, headers=HTML, body=PAGE, times=None), WEIGHTS, "check the network"
    ),
    "nothing for an answer": Row(
        fails(RESOLVE, 200, body="", times=None), RESOLVE, "an invalid answer"
    ),
    "nothing for an answer, once": Row(fails(RESOLVE, 200, body=""), RESOLVE, tries=2),
    "no content": Row(fails(RESOLVE, 204, body="", times=None), RESOLVE, "an invalid answer"),
    "a circle": Row(
        fails(RESOLVE, 307, headers={"Location": f"/api/models/{NAME}"}, times=None),
        RESOLVE,
        "check the network",
    ),
    "a circle for the head": Row(
        lambda hub, repo: hub.fail(
            *CONFIG_HEAD,
            status=307,
            headers={"Location": f"/{NAME}/resolve/{repo.head()}/config.json"},
            times=None,
        ),
        CONFIG_HEAD,
        "check the network",
    ),
    "a circle for the weights": Row(
        fails(WEIGHTS, 302, headers={"Location": "/lfs/0"}, times=None), WEIGHTS, "TooManyRedirec"
    ),
    "a redirect to no address": Row(
        fails(CONFIG_HEAD, 302, headers={"Location": "http://[::1"}, times=None),
        CONFIG_HEAD,
        "try again",
    ),
    "a redirect to no address, resolve": Row(
        fails(RESOLVE, 302, headers={"Location": "http://[::1"}, times=None), RESOLVE, "try again"
    ),
    # What arrives otherwise than it was sent.
    "cut, config": Row(does("cut", CONFIG, after=100), CONFIG),
    "cut, weights": Row(does("cut", WEIGHTS, after=5000), WEIGHTS),
    "reset, config": Row(does("cut", CONFIG, after=100, reset=True), CONFIG),
    "reset, weights": Row(does("cut", WEIGHTS, after=5000, reset=True), WEIGHTS),
    "cut for ever at the beginning": Row(
        does("cut", WEIGHTS, after=0, times=None), WEIGHTS, "localhost could not be reached"
    ),
    "cut, resolve": Row(does("cut", RESOLVE, after=100), RESOLVE, tries=2),
    "cut for ever, resolve": Row(
        does("cut", RESOLVE, after=100, times=None), RESOLVE, "check the network", tries=4
    ),
    "short, config": Row(does("truncate", CONFIG, to=100), CONFIG, tries=2),
    "short for ever, config": Row(
        does("truncate", CONFIG, to=100, times=None), CONFIG, "check the network"
    ),
    "short, weights": Row(does("truncate", WEIGHTS, to=5000), WEIGHTS, tries=2),
    "short for ever, weights": Row(
        does("truncate", WEIGHTS, to=5000, times=None), WEIGHTS, "check the network"
    ),
    "a flipped bit, config": Row(does("corrupt", CONFIG, at=50), CONFIG, tries=2),
    "a flipped bit for ever, config": Row(
        does("corrupt", CONFIG, at=50, times=None), CONFIG, "arrived damaged twice", tries=2
    ),
    "a flipped bit, weights": Row(does("corrupt", WEIGHTS, at=9000), WEIGHTS, tries=2),
    "a flipped bit for ever, weights": Row(
        does("corrupt", WEIGHTS, at=9000, times=None), WEIGHTS, "arrived damaged twice", tries=2
    ),
    "a flipped bit in a header": Row(does("corrupt", WEIGHTS, at=3), WEIGHTS, tries=2),
    "another size in the list": Row(
        does("lie_about_size", RESOLVE, size=50), RESOLVE, "arrived damaged twice"
    ),
    "another size in the head": Row(
        does("lie_about_size", WEIGHTS_HEAD, size=50), WEIGHTS_HEAD, "check the network"
    ),
    "another size in the head, once": Row(
        does("lie_about_size", WEIGHTS_HEAD, size=50, times=1), WEIGHTS_HEAD
    ),
    "more bytes than can be right": Row(
        does("endless", WEIGHTS), WEIGHTS, "that it can have", WeightsError, 1
    ),
    "more bytes than can be right in config": Row(
        does("endless", CONFIG), CONFIG, "that it can have", WeightsError, 1
    ),
    # What is slow.
    "slow once": Row(does("delay", RESOLVE, seconds=0.6), RESOLVE, waits=1),
    "slow for ever": Row(
        does("delay", RESOLVE, seconds=0.6, times=None), RESOLVE, "check the network", waits=4
    ),
}

NEW = {"repository": "acme/fresh"}
LOOK_NEW = ("GET", "^/api/models/acme/fresh$")
ERROR_ENTRY = {"code": 507, "message": "Your quota is used up"}


def pushed_between(files):
    return lambda hub, repo: hub.before(*COMMIT, callback=lambda: repo.put(files))


def denies_the_object(hub, repo):
    """Answer the batch with an error for each object, as where a quota is used up."""
    entry = {"oid": "0" * 64, "size": 5, "error": ERROR_ENTRY}
    hub.fail(*BATCH, status=200, body=json.dumps({"objects": [entry]}), times=None)


def changes_tokens(hub, repo):
    hub.before(*COMMIT, callback=lambda: hub.expired.add(ALICE))


def on_the_existing(steps):
    return {name: step for name, step in steps.items() if name != "create"}


def on_a_new_one(rows):
    return {name: row._replace(options=NEW) for name, row in rows.items()}


PUSHING = {
    **once(on_the_existing(PUSH)),
    **on_a_new_one(once({"create": CREATE})),
    **forever(on_the_existing(PUSH)),
    **on_a_new_one(forever({"create": CREATE})),
    # Who asks.
    "an expired token": Row(loses_token, LOOK, "does not accept the token", REQUEST, 1),
    "a token that expires on the way": Row(changes_tokens, COMMIT, "hf auth login", REQUEST, 1),
    "nobody": Row(
        lambda hub, repo: None, PREUPLOAD, "hf auth login", REQUEST, 1, 0, {"token": False}
    ),
    "nobody, a new repository": Row(
        lambda hub, repo: None, CREATE, "hf auth login", REQUEST, 1, 0, {**NEW, "token": False}
    ),
    "somebody else": Row(
        lambda hub, repo: None, PREUPLOAD, "no write access", REQUEST, 1, 0, {"token": BOB}
    ),
    "somebody else's organisation": Row(
        lambda hub, repo: None, CREATE, "from your token", REQUEST, 1, 0, {**NEW, "token": BOB}
    ),
    "somebody else proposes": Row(
        lambda hub, repo: None, ("POST", "/commit/main$"), options={"token": BOB, "pr": True}
    ),
    "gated, somebody else": Row(
        sets(gated="manual"), CARD, "gated: ask", REQUEST, 1, 0, {"token": BOB}
    ),
    "disabled": Row(sets(disabled=True), LOOK, "has disabled", REQUEST, 1),
    "private, somebody else": Row(
        sets(private=True), CREATE, "from your token", REQUEST, 1, 0, {"token": BOB}
    ),
    # What arrived is not sent again, so that nothing of it is to be verified.
    **{
        f"{status} for ever, verify": Row(fails(VERIFY, status, times=None), VERIFY)
        for status in (429, 500, 503)
    },
    "no answer for ever, verify": Row(does("drop", VERIFY, processed=False, times=None), VERIFY),
    **{
        f"{status} with a long wait, verify": Row(
            fails(VERIFY, status, headers={"Retry-After": "100000"}, times=None),
            VERIFY,
            "100000 seconds",
        )
        for status in (429, 503)
    },
    # Each step refuses.
    **{
        f"{status}, {name}": Row(fails(step, status, times=None), step, told, REQUEST, 1)
        for status, told in ((401, "hf auth login"), (403, "your token has no"))
        for name, step in PUSH.items()
        if name not in ("create", *PARALLEL)
    },
    **{
        f"{status}, verify": Row(fails(VERIFY, status, times=None), VERIFY, told, REQUEST)
        for status, told in ((401, "hf auth login"), (403, "your token has no"))
    },
    "404, commit": Row(fails(COMMIT, 404, times=None), COMMIT, "cannot find what", REQUEST, 1),
    "the repository goes away": Row(
        fails(COMMIT, 404, code="RepoNotFound", times=None), COMMIT, "no repository", REQUEST, 1
    ),
    "the branch goes away": Row(
        fails(COMMIT, 404, code="RevisionNotFound", times=None), COMMIT, "no revision", REQUEST, 1
    ),
    "401 of the storage": Row(fails(PUT, 401, times=None), PUT, "storage refused a file"),
    "an address that expired": Row(fails(PUT, 403), PUT),
    "the storage refuses": Row(fails(PUT, 403, times=None), PUT, "storage refused a file"),
    "the object did not arrive": Row(
        fails(VERIFY, 404, times=None), VERIFY, "cannot find what", REQUEST
    ),
    "a quota": Row(denies_the_object, BATCH, "Your quota is used up"),
    "a card that the Hub does not take": Row(
        fails(
            VALIDATE,
            400,
            body=json.dumps({"errors": [{"message": '"license" must be one of\n[mit]'}]}),
            times=None,
        ),
        VALIDATE,
        'rejects the card of acme/digits: Invalid metadata in README.md. - "license" must',
        REQUEST,
        1,
    ),
    # Somebody else does something.
    "it was made meanwhile": Row(
        lambda hub, repo: hub.before(*CREATE, callback=lambda: hub.create("acme/fresh")),
        CREATE,
        tries=1,
        options=NEW,
    ),
    "another operation, twice": Row(
        fails(CREATE, 409, body=json.dumps({"error": BUSY}), times=2), CREATE, tries=3, options=NEW
    ),
    "another operation, for ever": Row(
        fails(CREATE, 409, body=json.dumps({"error": BUSY}), times=None),
        CREATE,
        "busy with another change of acme/fresh (409: Cannot create repo",
        options=NEW,
    ),
    "409, commit, once": Row(fails(COMMIT, 409), COMMIT, tries=2),
    "409, commit": Row(fails(COMMIT, 409, times=None), COMMIT, "busy with another change"),
    "a branch was made meanwhile": Row(
        lambda hub, repo: hub.before(*BRANCH, callback=lambda: repo.branch("dev2")),
        ("POST", "/branch/dev2$"),
        options={"repository": f"{NAME}@dev2"},
    ),
    "412 without a reason": Row(fails(COMMIT, 412, times=None), COMMIT, "(412: A fault"),
    "somebody pushed something else": Row(pushed_between({"notes.txt": b"x"}), COMMIT, tries=2),
    "somebody pushed the same files": Row(
        pushed_between({"config.json": b"{}"}), COMMIT, "somebody else pushed", tries=1
    ),
    # The end of the commit is not heard.
    "answers lost for ever, commit": Row(does("drop", COMMIT, processed=True, times=None), COMMIT),
    "a page for the commit's answer": Row(
        fails(COMMIT, 200, headers=HTML, body=PAGE, times=None), COMMIT, "an invalid answer"
    ),
    "an answer lost, a pull request": Row(
        does("drop", COMMIT, processed=True),
        COMMIT,
        "acme/digits/discussions",
        tries=1,
        options={"pr": True},
    ),
    "403, a pull request": Row(
        fails(COMMIT, 403), COMMIT, "no write access", REQUEST, 1, 0, {"pr": True}
    ),
    "429 for ever, a pull request": Row(
        fails(COMMIT, 429, times=None), COMMIT, "too many requests)", options={"pr": True}
    ),
    "429, a pull request": Row(fails(COMMIT, 429), COMMIT, tries=2, options={"pr": True}),
    "500, a pull request": Row(
        fails(COMMIT, 500), COMMIT, "check http", tries=1, options={"pr": True}
    ),
    # Bytes that do not arrive.
    "cut, put": Row(does("cut_upload", PUT, after=5000), PUT),
    "cut, put, for ever": Row(
        does("cut_upload", PUT, after=5000, times=None), PUT, "localhost could not be reached"
    ),
    "cut, commit": Row(does("cut_upload", COMMIT, after=100), COMMIT),
    "cut, commit, for ever": Row(
        does("cut_upload", COMMIT, after=100, times=None), COMMIT, "check the network"
    ),
    "cut, the commit's answer": Row(does("cut", COMMIT, after=5), COMMIT),
    "cut, preupload": Row(does("cut_upload", PREUPLOAD, after=100), PREUPLOAD, tries=2),
    # What it reads.
    "a flipped bit in the card there": Row(
        does("corrupt", ("GET", CARD[1]), at=5), ("GET", CARD[1]), tries=2
    ),
    "a flipped bit in the card there, for ever": Row(
        does("corrupt", ("GET", CARD[1]), at=5, times=None), COMMIT, "damaged twice", tries=0
    ),
    "a page where the card should be": Row(
        fails(("GET", CARD[1]), 200, headers=HTML, body=PAGE, times=None), COMMIT, "check", tries=0
    ),
    "slow for ever": Row(
        does("delay", LOOK, seconds=0.6, times=None), LOOK, "check the network", waits=4
    ),
}


def check_end(row, call, hub, slept):
    """Make the call, and compare how it ends with what the row says."""
    before = len(hub.requests(method=row.step[0], path=row.step[1]))
    if row.told:
        with pytest.raises(GanzooError) as caught:
            call()
        assert isinstance(caught.value, row.kind)
        assert caught.value.exit_code == row.kind.exit_code
        name = row.options.get("repository", NAME).partition("@")[0]
        check_sentence(caught.value, row.told, name)
    else:
        call()
    tries = len(hub.requests(method=row.step[0], path=row.step[1])) - before
    assert row.tries in (None, tries)
    assert max(slept, default=0) >= row.waits
    assert max(slept, default=0) <= MAX_WAIT
    assert sum(slept) < 600


def rows(table):
    """The rows that differ in a number alone are for the full sweep."""
    more = re.compile("(500|502|504) once|(418|451),|503 with a wait")
    return [pytest.param(x, marks=pytest.mark.sweep if more.match(x) else ()) for x in table]


@pytest.mark.parametrize("cause", rows(LOADING))
def test_loading(cause, hub, repo, cache, weights, slept):
    row = LOADING[cause]
    reference = row.options.get("reference", NAME)
    token = row.options.get("token")
    row.harm(hub, repo)

    check_end(row, partial(load_generator, reference, token=token, cache_dir=cache), hub, slept)
    check_cache(cache)

    mend(hub, repo)
    token = None if token == ODD_TOKEN else token
    G = load_generator(reference, token=token, cache_dir=cache)
    check_cache(cache)
    assert G.sample(2, seed=0, labels=0).equal(load_generator(weights).sample(2, seed=0, labels=0))


@pytest.mark.parametrize("cause", rows(PUSHING))
def test_pushing(cause, hub, published, weights, slept):
    row = PUSHING[cause]
    options = {"repository": NAME, "token": ALICE, **row.options}
    name, _, branch = options["repository"].partition("@")
    commit, new = published.head(), contents(weights)
    row.harm(hub, published)

    check_end(row, partial(push, weights, **options), hub, slept)

    def whole():
        found = hub.repos[name].files(branch or "main")
        return {file: found.get(file) for file in new} == new and "README.md" in found

    if options.get("pr"):
        assert published.head() == commit
        # Nobody can tell whether one whose answer is lost was opened; there are not two.
        assert len(published.pulls) == (1 if not row.told or "lost" in cause else 0)
    elif not row.told:
        assert whole()
    elif "same files" not in cause and name == NAME:
        assert published.head() == commit
    check_cache(Path(constants.HF_HUB_CACHE))

    mend(hub, published)
    push(weights, **{**options, "token": ALICE, "pr": False})
    assert whole()
    check_cache(Path(constants.HF_HUB_CACHE))


def test_a_download_that_is_interrupted_before_it_is_verified(hub, repo, cache, monkeypatch):
    """As by Ctrl-C: what may be damaged is not kept."""

    def interrupt(*_):
        raise KeyboardInterrupt

    hub.corrupt(*WEIGHTS, at=9000)
    with monkeypatch.context() as patch:
        patch.setattr("hashlib.file_digest", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load_generator(NAME, cache_dir=cache)
    check_cache(cache)
    load_generator(NAME, cache_dir=cache)
    check_cache(cache)
