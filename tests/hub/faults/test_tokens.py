"""Tokens appear in no log, no error and no file, however a call ends."""

import logging
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from huggingface_hub import constants
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.errors import GanzooError, HubError, HubRequestError
from ganzoo.hub.loading import load_generator, pretrained_info
from ganzoo.hub.publishing import push
from ganzoo.hub.pulling import pull
from tests.hub.faults.harm import COMMIT, LOAD, NAME, PUSH, RESOLVE, VALIDATE, check_sentence
from tests.hub.faults.test_faults import LOADING, PUSHING
from tests.hub.server import ALICE

LOGGERS = ("huggingface_hub", "httpx", "httpx2", "httpcore", "httpcore2", "ganzoo", "filelock")


class Watch(logging.Handler):
    """Keeps all that is logged, and the text of errors."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts, self.errors = [], []

    def emit(self, record):
        self.texts.append(f"{record.getMessage()} {record.__dict__}")

    def catch(self, function, *arguments, **options):
        """Call; an error's text is kept, and all that is shown of where it comes from."""
        try:
            function(*arguments, **options)
        except GanzooError as error:
            shown = "".join(traceback.format_exception(error))
            self.errors += [str(error), repr(error), str(error.args), str(vars(error)), shown]
            self.texts += self.errors


@pytest.fixture
def watch(monkeypatch, tmp_path):
    """All that is logged, at the highest detail that there is."""
    watch = Watch()
    monkeypatch.setattr(constants, "HF_DEBUG", True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    with monkeypatch.context() as patch:
        for name in LOGGERS:
            logger = logging.getLogger(name)
            patch.setattr(logger, "level", logging.DEBUG)
            patch.setattr(logger, "handlers", [watch])
            patch.setattr(logger, "propagate", False)
            logger.manager._clear_cache()
        yield watch
    logging.root.manager._clear_cache()


def check_nowhere(secret, watch, capfd, hub, *folders):
    assert any("Request " in text for text in watch.texts), "nothing was watched"
    for text in watch.texts:
        assert secret not in text
    out, err = capfd.readouterr()
    assert secret not in out + err
    for folder in (*folders, Path(constants.HF_HOME)):
        for path in folder.rglob("*"):
            assert secret not in str(path)
            if path.is_file():
                assert secret.encode() not in path.read_bytes()
    for repo in hub.repos.values():
        for commit in repo.commits.values():
            assert secret not in f"{commit.title} {commit.description} {sorted(commit.tree)}"
            for entry in commit.tree.values():
                assert secret.encode() not in bytes(repo.content(entry))


def some(table):
    """Every twelfth row; all of them in the full sweep."""
    return [
        pytest.param(name, marks=pytest.mark.sweep if index % 12 else ())
        for index, name in enumerate(table)
    ]


@pytest.mark.parametrize("cause", some(LOADING))
def test_loading(cause, hub, repo, watch, capfd, tmp_path):
    row = LOADING[cause]
    secret = row.options.get("token") or ALICE
    reference = row.options.get("reference", NAME)
    row.harm(hub, repo)
    options = {"token": secret, "cache_dir": tmp_path / "cache"}
    watch.catch(load_generator, reference, **options)
    watch.catch(pretrained_info, reference, **options)
    watch.catch(pull, reference, tmp_path / "pulled", **options)
    check_nowhere(secret, watch, capfd, hub, tmp_path)


@pytest.mark.parametrize("cause", some(PUSHING))
def test_pushing(cause, hub, published, weights, watch, capfd, tmp_path):
    row = PUSHING[cause]
    options = {"repository": NAME, **row.options}
    secret = options["token"] = row.options.get("token") or ALICE
    row.harm(hub, published)
    watch.catch(push, weights, **options)
    hub.rules.clear()
    watch.catch(push, weights, **options)
    check_nowhere(secret, watch, capfd, hub, tmp_path, weights)


ECHOES = {
    "text": {"body": f"Authorization: Bearer {ALICE}", "headers": {"Content-Type": "text/plain"}},
    "error": {"body": f'{{"error": "who is {ALICE}?"}}'},
    "errors": {"body": f'{{"errors": [{{"message": "who is {ALICE}?"}}]}}'},
}


@pytest.mark.parametrize(
    "status",
    [401, 500, *(pytest.param(x, marks=pytest.mark.sweep) for x in (400, 403, 404, 409, 412, 429))],
)
@pytest.mark.parametrize("echo", ECHOES)
def test_a_server_that_quotes_the_token(echo, status, hub, repo, weights, watch, capfd, tmp_path):
    """As a proxy that helps its owner to find errors does."""
    (tmp_path / "cache").mkdir()
    for step in (RESOLVE, LOAD["config's head"], LOAD["config"], LOAD["weights"]):
        hub.fail(*step, status=status, times=None, **ECHOES[echo])
        watch.catch(load_generator, NAME, token=ALICE, cache_dir=tmp_path / "cache")
        hub.rules.clear()
    for step in (VALIDATE, PUSH["batch"], PUSH["put"], COMMIT):
        hub.fail(*step, status=status, times=None, **ECHOES[echo])
        watch.catch(push, weights, NAME, token=ALICE, message="try")
        hub.rules.clear()
    check_nowhere(ALICE, watch, capfd, hub, tmp_path)


@pytest.mark.parametrize("status", [400, 403, 429, 500])
def test_a_server_that_quotes_the_token_in_a_header(status, hub, repo, weights, watch, tmp_path):
    """Which the HTTP library itself logs, where it is asked to log all that it receives."""
    header = {"X-Error-Message": f"who is {ALICE}?"}
    for step in (RESOLVE, COMMIT):
        hub.fail(*step, status=status, times=None, headers=header)
        watch.catch(load_generator, NAME, token=ALICE, cache_dir=tmp_path / "cache")
        watch.catch(push, weights, NAME, token=ALICE)
        hub.rules.clear()
    assert watch.errors
    assert not any(ALICE in text for text in watch.errors)


# --- tokens that are none ------------------------------------------------------------------------

ODD = {
    "a newline inside": "hf_odd\nEvil: 1",
    "a carriage return": "hf_odd\r\nEvil: 1",
    "a space": "hf_odd and more",
    "a space at the end, and more": "hf_odd \t x",
    "a letter of no header": "hf_oddé",
    "another script": "hf_odd\u5b57",
    "a control character": "hf_odd\x01",
    "an escape": "hf_odd\x1b[31m",
    "a delete": "hf_odd\x7f",
    "bytes that are no text": "hf_odd\udcff",
    "a line that is none": "hf_odd\u2028x",
}
GIVEN = {
    **ODD,
    "empty": "",
    "spaces": "   ",
    "a newline at the end": f"{ALICE}\n",
    "a space at the beginning": f" {ALICE}",
    "a zero": "hf_odd\0x",
}


def check_refused(hub, weights, folder, watch, **options):
    """None of the calls quotes it, or makes a request."""
    calls = {
        load_generator: (NAME,),
        pretrained_info: (NAME,),
        pull: (NAME, folder / "pulled"),
        push: (weights, NAME),
    }
    for function, arguments in calls.items():
        watch.catch(function, *arguments, **options)
        with pytest.raises(HubRequestError) as caught:
            function(*arguments, **options)
        check_sentence(caught.value, "token", "hf auth login")
    assert not hub.log
    assert not any("hf_odd" in text or "Evil" in text for text in watch.texts)
    assert not any(ALICE in text for text in watch.texts)


@pytest.mark.parametrize("token", GIVEN)
def test_an_odd_token_that_is_given(token, hub, repo, weights, watch, tmp_path):
    check_refused(hub, weights, tmp_path, watch, token=GIVEN[token])


@pytest.mark.parametrize("examples", [40, pytest.param(1000, marks=pytest.mark.sweep)])
def test_any_text_for_a_token(examples, hub, repo, watch, tmp_path):
    """It is refused here, or sent as it is and refused there; and it is shown by neither."""

    @settings(max_examples=examples)
    @given((st.text() | st.text(st.characters(codec="ascii"))).map("hf_odd".__add__))
    def check(token):
        with pytest.raises(HubRequestError) as caught:
            load_generator(NAME, token=token, cache_dir=tmp_path / "cache")
        check_sentence(caught.value, "token", "hf auth login")
        shown = "".join(traceback.format_exception(caught.value))
        assert "hf_odd" not in shown

    check()
    assert {request.status for request in hub.log} <= {401}
    assert not any("hf_odd" in text for text in watch.texts)


@pytest.mark.parametrize("token", ODD)
def test_an_odd_token_of_the_environment(token, hub, repo, weights, watch, tmp_path, monkeypatch):
    # The client takes newlines out, so that what is left may be a token.
    monkeypatch.setenv("HF_TOKEN", ODD[token])
    check_refused(hub, weights, tmp_path, watch)
    load_generator(NAME, token=False, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize("token", [f"{ALICE}\n", f"  {ALICE} \r\n"])
def test_the_client_trims_a_token_of_the_environment(token, hub, repo, tmp_path, monkeypatch):
    repo.private = True
    monkeypatch.setenv("HF_TOKEN", token)
    load_generator(NAME, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize("token", ["", "   ", "\n"])
def test_an_empty_token_of_the_environment_is_none(token, hub, repo, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", token)
    load_generator(NAME, cache_dir=tmp_path / "cache")
    repo.private = True
    with pytest.raises(HubRequestError, match="hf auth login"):
        load_generator(NAME, cache_dir=tmp_path / "other")


def a_folder(path):
    path.mkdir()


def no_text(path):
    path.write_bytes(b"hf_odd\xff\xfe")


def an_odd_line(path):
    path.write_text("hf_odd and more\n")


@pytest.mark.parametrize("kept", [a_folder, no_text, an_odd_line])
def test_a_token_file_that_holds_none(kept, hub, repo, weights, watch, tmp_path, monkeypatch):
    kept(tmp_path / "token")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    check_refused(hub, weights, tmp_path, watch)


def test_a_token_that_is_asked_for_and_not_there(hub, repo, weights, watch, tmp_path):
    check_refused(hub, weights, tmp_path, watch, token=True)


def test_a_long_token(hub, repo, weights, watch, tmp_path):
    """No server takes such a header."""
    secret = "hf_" + "x" * 100_000
    watch.catch(load_generator, NAME, token=secret, cache_dir=tmp_path / "cache")
    with pytest.raises(HubError) as caught:
        load_generator(NAME, token=secret, cache_dir=tmp_path / "cache")
    check_sentence(caught.value, NAME)
    assert not any("x" * 50 in text for text in watch.texts)


def test_the_command_line_shows_no_token(hub, published, weights, tmp_path):
    """With all that can be shown: the client's debugging, warnings, and tracebacks."""
    hub.fail(*COMMIT, status=403)
    options = {"HF_TOKEN": ALICE, "HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug"}
    done = subprocess.run(
        [sys.executable, "-W", "default", "-m", "ganzoo", "push", weights, NAME],
        cwd=tmp_path,
        env={**os.environ, **options, "GANZOO_TRACEBACK": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "HubRequestError" in done.stderr
    assert "authorization: <TOKEN>" in done.stderr
    assert ALICE not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or ALICE.encode() not in path.read_bytes()
