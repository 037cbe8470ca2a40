"""The grammar of references: what a spelling names, and what is said of one that names nothing."""

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.errors import WeightsError
from ganzoo.hub.loading import load_generator, open_weights
from ganzoo.networks import create_generator
from ganzoo.spec import Architecture, Pretrained
from ganzoo.weights.reading import FolderFiles
from ganzoo.weights.reference import (
    SPELLINGS,
    Place,
    Repository,
    Tag,
    is_local,
    parse,
    parse_repository,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PAGE = "https://huggingface.co"


def short(value):
    return ascii(value)[:60]


PATHS = [
    ".",
    "..",
    "./",
    "/",
    "~",
    "./digits",
    "./org/name",
    "./org/name@v1",
    "../org/name",
    "./..",
    ".hidden",
    "..name",
    "/name",
    "/runs/digits",
    "//server/share",
    "~/runs/digits",
    "~alice/digits",
    "./name with spaces ",
    "./tab\tand\nnewline",
    "C:\\runs\\digits",
    "C:/runs/digits",
    "c:\\runs/mixed\\slashes",
    "z:/",
    "\\\\server\\share\\digits",
    "\\digits",
    ".\\digits",
    "..\\digits",
    "~\\digits",
]

TAGS = {
    "dcgan.mnist5k": Tag("dcgan", "mnist5k"),
    "wgan-gp.mnist5k": Tag("wgan-gp", "mnist5k"),
    "ganzoo-torch:dcgan.mnist5k": Tag("ganzoo-torch:dcgan", "mnist5k"),
    "local:digits.small": Tag("local:digits", "small"),
    "my.dist:dcgan.tag": Tag("my.dist:dcgan", "tag"),
    "sg2.ada.ffhq": Tag("sg2.ada", "ffhq"),
    "a:b.c": Tag("a:b", "c"),
    "hf:arch.tag": Tag("hf:arch", "tag"),
    "dcgan.": Tag("dcgan", ""),
    "config.json": Tag("config", "json"),
}

REPOSITORIES = {
    "org/name": Repository("org/name"),
    "Org/Name_2": Repository("Org/Name_2"),
    "o/n": Repository("o/n"),
    "0rg/_name_": Repository("0rg/_name_"),
    "org/name.v2": Repository("org/name.v2"),
    "org/a-b_c.d": Repository("org/a-b_c.d"),
    "runs/digits": Repository("runs/digits"),
    "org/" + "x" * 96: Repository("org/" + "x" * 96),
    "hf://org/name": Repository("org/name"),
    "org/name@main": Repository("org/name", "main"),
    "org/name@v1.0": Repository("org/name", "v1.0"),
    "hf://org/name@v1": Repository("org/name", "v1"),
    "org/name@feature/x": Repository("org/name", "feature/x"),
    "org/name@refs/pr/1": Repository("org/name", "refs/pr/1"),
    "org/name@0123abc": Repository("org/name", "0123abc"),
    f"org/name@{COMMIT}": Repository("org/name", COMMIT),
    f"org/name@{COMMIT.upper()}": Repository("org/name", COMMIT.upper()),
    "ORG/NAME@V1": Repository("ORG/NAME", "V1"),
    "org/name@a+b_c-d": Repository("org/name", "a+b_c-d"),
}


@pytest.mark.parametrize("text", PATHS, ids=short)
def test_a_path_is_kept_as_it_is_spelt(text):
    assert is_local(text)
    assert parse(text) == Place(text)


@pytest.mark.parametrize("text", [*TAGS, *REPOSITORIES], ids=short)
def test_a_name_names(text):
    assert not is_local(text)
    assert parse(text) == {**TAGS, **REPOSITORIES}[text]


@pytest.mark.parametrize(
    "path",
    [Path("org/name"), Path("dcgan.mnist5k"), PurePosixPath("a b"), PureWindowsPath("C:/x")],
    ids=repr,
)
def test_a_path_object_is_a_path_whatever_it_is_called(path):
    assert parse(path) == Place(str(path))


def test_a_path_of_a_home_is_expanded_when_it_is_opened(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert open_weights("~").folder == tmp_path
    with pytest.raises(WeightsError, match=r"^there is no folder ~/runs$"):
        open_weights("~/runs")


def test_a_folder_that_is_not_there_is_told_as_it_was_spelt(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"^there is no folder \./digits/$"):
        open_weights("./digits/")


def test_a_commit_in_full_is_pinned_and_nothing_else_is():
    assert parse(f"org/name@{COMMIT}").pinned
    for text in ("org/name", "org/name@main", f"org/name@{COMMIT[:-1]}", f"org/name@{COMMIT}0"):
        assert not parse(text).pinned
    assert not parse(f"org/name@{COMMIT.upper()}").pinned


# What is refused, and what the message has to show.
REFUSED = {
    "": SPELLINGS,
    "digits": "a folder or run is written ./folder",
    "C:digits": "./folder",
    "x" * 5000: SPELLINGS,
    "a." + "x" * 5000: SPELLINGS,
    "org/name\u200b": "cannot be part of a repository's name",
    "\x1b[31morg/name\x1b[0m": "cannot be part",
    "runs\\digits": "a folder or run is written ./folder",
    "runs/digits/weights": "a folder or run is written ./folder",
    "org/": SPELLINGS,
    "a/" * 5000: SPELLINGS,
    "org/..": "'..' cannot be part of a repository's name",
    "org/a--b": "single - and . inside",
    "org/näme": "'näme' cannot be part",
    "org/name.git": "'name.git' cannot be part",
    "org/" + "x" * 97: "up to 96 letters",
    "org/name@": "the revision after @ is empty; write org/name or org/name@main",
    "@v1": "org/name@revision",
    "@org/name": SPELLINGS,
    "org/name@@v1": "'@v1' is not a revision",
    "org/name@../x": "'../x' is not a revision; write org/name or org/name@main",
    "org/name@x.lock": "'x.lock' is not a revision",
    "org/name@" + "v" * 5000: "is not a revision; write org/name or org/name@main",
    "dcgan.mnist5k@v1": "only repositories have revisions",
    "datasets/org/name": "the Hub's datasets, which hold no weights",
    "hf://": SPELLINGS,
    "hf://org": SPELLINGS,
    "hf://../name": "'..' cannot be part",
    "HF://org/name@v1": SPELLINGS,
    f"{PAGE}/org/name": "that is the address of a page; write org/name;",
    f"{PAGE}/org/name?library=ganzoo": "write org/name;",
    f"{PAGE}/org/name/tree/main": "write org/name;",
    f"{PAGE}/org/name/blob/v1/config.json": "write org/name@v1;",
    f"{PAGE}/org/name/tree/refs%2Fpr%2F1": "write org/name@refs/pr/1;",
    f"{PAGE}/org/name/tree/%2e%2e": "that is the address of a page;",
    f"{PAGE}/datasets/org/name": "that is the address of a page;",
    PAGE: "that is the address of a page;",
    "HTTPS://HuggingFace.co/Org/Name": "write Org/Name;",
    "huggingface.co/org/name": "write org/name;",
    "https://github.com/org/name": SPELLINGS,
    "https://huggingface.co.example.com/org/name": SPELLINGS,
}


@pytest.mark.parametrize("text", REFUSED, ids=short)
def test_what_names_nothing_is_refused_with_what_would_work(text):
    for function, name in (
        (parse, "weights"),
        (parse_repository, "a repository on the Hugging Face"),
    ):
        with pytest.raises(WeightsError) as caught:
            function(text)
        message = str(caught.value)
        assert message.isprintable()
        assert message.startswith(f"{repr(text)[:200]} does not name {name}")
        assert len(message) < 1000
        # A spelling that is shown would work.
        for part in message.split("write ")[1:-1]:
            assert len(repr(text)) > 200 or parse(part.split(" or ")[0].removesuffix("; "))
    with pytest.raises(WeightsError) as caught:
        parse(text)
    assert REFUSED[text] in str(caught.value)
    assert str(caught.value).endswith(SPELLINGS)


@pytest.mark.parametrize(
    "address",
    [
        "https://alice:hf_secret@huggingface.co/org/name",
        "https://hf_secret@hf.co/org/name",
        "alice:hf_secret@huggingface.co/org/name",
        "https://hf_secret@example.com/org/name",
        "ssh://alice:hf_secret@hf.co/org/name.git",
    ],
)
def test_a_password_in_an_address_is_not_shown(address):
    for function in (parse, parse_repository):
        with pytest.raises(WeightsError) as caught:
            function(address)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "given", [None, 3, True, b"org/name", b"./digits", ["org/name"], object], ids=short
)
def test_what_is_neither_text_nor_a_path_is_an_error_of_the_program(given):
    for function in (parse, parse_repository, open_weights, load_generator):
        with pytest.raises(TypeError, match="is text"):
            function(given)


def test_a_path_of_bytes_is_none():
    class Raw(os.PathLike):
        def __fspath__(self):
            return b"digits"

    with pytest.raises(TypeError, match="a reference is text or a path"):
        parse(Raw())


class TestRepositories:
    """What can be published to."""

    @pytest.mark.parametrize("text", REPOSITORIES, ids=short)
    def test_a_repository(self, text):
        assert parse_repository(text) == REPOSITORIES[text]

    @pytest.mark.parametrize("text", [*PATHS[:4], *TAGS], ids=short)
    def test_anything_else_is_refused(self, text):
        with pytest.raises(WeightsError, match=r"write org/name, or org/name@branch$"):
            parse_repository(text)

    def test_a_path_object_is_no_name(self):
        with pytest.raises(TypeError, match="the name of a repository is text"):
            parse_repository(Path("org/name"))


letters = "abcABC019._-/@:\\~ \t\n\x1b\u200bäß組.,?#%{}[]'\"<>"
starts = st.sampled_from(["hf://", "https://", "huggingface.co/", "hf.co/", "models/", "C:", "\\"])
middles = st.sampled_from(["org", "name", "/", "@", ".", "..", "-", " ", "tree/", "datasets/"])
ends = st.sampled_from(["refs/pr/1", "%2F", ".git", "main", COMMIT])
pieces = starts | middles | ends
texts = st.text() | st.text(letters) | st.lists(pieces | st.text(letters, max_size=3)).map("".join)


class TestAnyText:
    @settings(max_examples=400)
    @given(texts)
    def test_names_something_or_is_refused_in_one_printable_line(self, text):
        try:
            found = parse(text)
        except WeightsError as error:
            message = str(error)
            assert message.isprintable()
            assert len(message) < 1500
        else:
            assert isinstance(found, Place | Tag | Repository)
            assert isinstance(found, Place) == is_local(text)

    @settings(max_examples=400)
    @given(texts)
    @example("hf://huggingface.co/name")
    def test_is_a_repository_to_both_or_to_none(self, text):
        def read(function):
            try:
                return function(text)
            except WeightsError:
                return None

        found = read(parse)
        expected = found if isinstance(found, Repository) else None
        assert read(parse_repository) == expected
        if expected:
            assert parse(str(expected)) == expected
            assert parse(f"hf://{expected}") == expected

    @given(
        st.from_regex(
            r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*/[A-Za-z0-9_]{1,30}", fullmatch=True
        ).filter(lambda name: len(name) < 96),
        st.from_regex(
            r"([A-Za-z0-9_]{1,9}/)*[A-Za-z0-9_][A-Za-z0-9_+-]{0,30}", fullmatch=True
        ).filter(lambda text: len(text) < 200)
        | st.just(""),
    )
    def test_a_repository_is_named_by_what_it_calls_itself(self, name, revision):
        repository = Repository(name, revision)
        assert parse(str(repository)) == repository


class TestAmbiguous:
    """A name that is also a folder here is refused with the spellings of both."""

    @pytest.fixture
    def here(self, tmp_path, monkeypatch):
        monkeypatch.setattr(registry, "_local", {})
        monkeypatch.chdir(tmp_path)
        for folder in ("org/name", "runs/digits", "digits", "pair.tiny", "gone.tiny", "a/b/c"):
            weights = tmp_path / folder
            create_generator("vanilla", sample_shape=(2,), generator_widths=(2,)).save(weights)
        spec = registry.get(Architecture, "vanilla")
        registry.register(
            Architecture(
                name="pair",
                summary="A test.",
                config=LatentConfig,
                generator=spec.generator,
                discriminator=spec.discriminator,
                pretrained={"tiny": Pretrained("Two.", tmp_path / "digits")},
            )
        )
        return tmp_path

    @pytest.mark.parametrize(
        ("text", "other"),
        [
            ("org/name", ", and for the repository hf://org/name"),
            ("runs/digits", ", and for the repository hf://runs/digits"),
            ("org/", ""),
            ("org/name/", ""),
            ("digits", ""),
            ("a/b/c", ""),
            ("pair.tiny", ", and for what comes with the architecture local:pair.tiny"),
            ("gone.tiny", ""),
        ],
    )
    def test_is_refused_with_spellings_that_work(self, here, text, other):
        with pytest.raises(WeightsError) as caught:
            open_weights(text)
        message = f"{text!r} could be a folder or a name; for the folder write ./{text}{other}"
        assert str(caught.value) == message
        assert parse(f"./{text}") == Place(f"./{text}")
        if text != "org/":
            assert open_weights(f"./{text}").folder.resolve() == (here / text).resolve()
            assert open_weights(Path(text)).folder.resolve() == (here / text).resolve()

    def test_what_comes_with_an_architecture_can_still_be_named(self, here):
        store = open_weights("local:pair.tiny")
        assert isinstance(store, FolderFiles)
        assert store.folder == here / "digits"

    def test_a_repository_can_still_be_named(self, here):
        assert parse("hf://org/name") == Repository("org/name")

    def test_with_a_revision_it_is_a_repository(self, here, monkeypatch):
        (here / "org" / "name@v1").mkdir()
        assert parse("org/name@v1") == Repository("org/name", "v1")

    def test_a_file_of_that_name_is_no_folder(self, here):
        (here / "dcgan.mnist5k").write_text("")
        assert open_weights("dcgan.mnist5k").source.reference == "dcgan.mnist5k"
