"""The metadata of cards: read as it stands there, and refused before it can do harm."""

import builtins
import json
import os
import resource
from contextlib import suppress
from itertools import pairwise

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard import REGEX_YAML_BLOCK
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ganzoo.config.documents import MAX_DEPTH
from ganzoo.errors import WeightsError
from ganzoo.weights.metadata import (
    MAX_CARD_BYTES,
    MAX_METADATA_CHARACTERS,
    join_card,
    read_card,
    split,
)
from ganzoo.weights.reading import FolderFiles

LABEL = "README.md of org/name"

READ = {
    "no metadata": ("# Digits\n", {}, "# Digits\n"),
    "nothing at all": ("", {}, ""),
    "an empty head": ("---\n---\n# Digits\n", {}, "# Digits\n"),
    "a head of comments": ("---\n# none\n---\nText", {}, "Text"),
    "fields": ("---\nlicense: mit\ntags: [gan]\n---\nText", {"license": "mit", "tags": ["gan"]}),
    "nothing below": ("---\nlicense: mit\n---", {"license": "mit"}, ""),
    "a blank line below": ("---\nlicense: mit\n---\n\nText", {"license": "mit"}, "\nText"),
    "CRLF": ("---\r\na: 1\r\nb: x\r\n---\r\nT\r\nU\r\n", {"a": 1, "b": "x"}, "T\r\nU\r\n"),
    "a byte order mark": ("\ufeff---\na: 1\n---\nText", {"a": 1}),
    "a byte order mark alone": ("\ufeff# Digits\n", {}, "# Digits\n"),
    "blank lines above, as on the Hub": ("\n  \n---\na: 1\n---\nText", {"a": 1}),
    "spaces after the marks": ("--- \na: 1\n---\t\nText", {"a": 1}),
    "a rule in the text": ("---\na: 1\n---\nText\n\n---\nMore", {"a": 1}, "Text\n\n---\nMore"),
    "a rule in a text without metadata": ("Text\n\n---\n\na: 1\n---\n", {}),
    "dashes in a value": (
        '---\na: "---"\nb: |\n  ---\n  x\n---\nText',
        {"a": "---", "b": "---\nx\n"},
    ),
    "more than three dashes": ("----\na: 1\n----\n", {}),
    "a head that does not end": ("---\na: 1\nText", {}),
    "a head that ends in its line": ("---\na: 1 ---\nText", {}),
    "an indented end": ("---\na: 1\n ---\nText", {}),
    "YAML 1.2": ("---\na: no\nb: on\nc: 2e-4\n---\n", {"a": "no", "b": "on", "c": 2e-4}, ""),
    "a date": ("---\na: 2020-01-02\n---\n", {"a": "2020-01-02"}, ""),
    "a time": ("---\na: 2020-01-02T03:04:05Z\n---\n", {"a": "2020-01-02 03:04:05+00:00"}, ""),
    "no numbers": (
        "---\na: [.nan, .inf, -.inf, 1e400]\n---\n",
        {"a": ["nan", "inf", "-inf", "inf"]},
        "",
    ),
    "keys that are no text": (
        "---\n7: a\n2.5: b\ntrue: c\nnull: d\n[x, y]: e\n---\n",
        {"7": "a", "2.5": "b", "True": "c", "None": "d", "('x', 'y')": "e"},
        "",
    ),
    "a set, in order": ("---\na: !!set {c, b, a}\n---\n", {"a": ["a", "b", "c"]}, ""),
    "pairs": ("---\na: !!pairs [x: 1, x: 2]\n---\n", {"a": [["x", 1], ["x", 2]]}, ""),
    "bytes": ("---\na: !!binary aGk=\n---\n", {"a": "b'hi'"}, ""),
    "signs in a text": ("---\na: '*x & *y'\n---\n", {"a": "*x & *y"}, ""),
    "controls in a text": ('---\na: "\\e[31m\\0"\n---\n', {"a": "\x1b[31m\0"}, ""),
    "characters of every kind": ("---\nä: 組 😀\n---\nß", {"ä": "組 😀"}, "ß"),
    "nested as deep as allowed": (
        f"---\na: {'[' * (MAX_DEPTH - 2)}{']' * (MAX_DEPTH - 2)}\n---\n",
        {"a": json.loads("[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2))},
        "",
    ),
}


@pytest.mark.parametrize("case", READ)
def test_a_card_is_split(case):
    card, values, *text = READ[case]
    found = split(card, LABEL)
    assert found == (values, text[0] if text else card if not values else "Text")
    assert json.loads(json.dumps(found[0], allow_nan=False)) == values


BOMB = "a: &a [x, x]\n" + "".join(
    f"{c}: &{c} [*{b}, *{b}]\n" for b, c in pairwise("abcdefghijklmnop")
)

REFUSED = {
    "a list": ("- a\n- b", "is not a mapping of fields"),
    "a word": ("digits", "is not a mapping of fields"),
    "a set for fields": ("!!set {a}", "is not a mapping of fields"),
    "a line without a colon": ("license: mit\ntags", "is malformed"),
    "a tab for spaces": ("a:\n\tb: 1", "'\\t' that cannot start any token (line 2, column 1)"),
    "a field twice": ("a: 1\na: 2", 'found duplicate key "a"'),
    "a name twice": ("1: a\n'1': b", "two fields have the same name"),
    "a key that is a mapping": ("{a: b}: c", "found unhashable key"),
    "an open quote": ("a: 'x", "is malformed"),
    "a second document": ("a: 1\n...\nb: 2", "another document"),
    "a version that is none": ("%YAML 1.10", "is malformed: a value cannot be read"),
    "a control character": ("a: \x07", "special characters are not allowed"),
    "half a character": ('a: "\\ud800"', "surrogates not allowed"),
    "a character beyond all": ('a: "\\UFFFFFFFF"', "a value cannot be read"),
    "a month 13": ("a: 2020-13-01", "month must be in 1..12"),
    "no number": ("a: !!int x", "invalid literal"),
    "no truth": ("a: !!bool x", "a value cannot be read"),
    "a number of 5000 digits": ("a: " + "9" * 5000, "digits"),
    "a call": ("a: !!python/object/apply:os.system ['touch hacked']", "could not determine"),
    "a name of Python": ("a: !!python/name:os.system", "could not determine a constructor"),
    "an unknown tag": ("a: !secret x", "could not determine a constructor"),
    "a reference to itself": ("a: &x [*x]", "nests over 32 levels"),
    "a reference to nothing": ("a: *x", "found undefined alias"),
    "a bomb": (BOMB, "over 10,000 values"),
    "too long": ("a: " + "x" * MAX_METADATA_CHARACTERS, "it is longer than 50,000 characters"),
    "nested too deep": (f"a: {'[' * MAX_DEPTH}{']' * MAX_DEPTH}", "levels deep"),
    "nested too deep in one line": ("- " * 20_000, "levels deep"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_metadata_that_is_none_is_refused(case, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "system", lambda *_: pytest.fail("ran"))
    monkeypatch.setattr(builtins, "eval", lambda *_: pytest.fail("ran"))
    text, reason = REFUSED[case]
    with pytest.raises(WeightsError) as caught:
        split(f"---\n{text}\n---\nText", LABEL)
    message = str(caught.value)
    assert message.startswith(f"the metadata at the head of {LABEL} ")
    assert reason in message
    assert message.endswith("; correct it there")
    assert message.isprintable()
    assert len(message) < 400
    assert os.listdir() == []


def test_metadata_as_long_as_allowed_is_read():
    text = "a: " + "x" * (MAX_METADATA_CHARACTERS - 4) + "\n"
    assert len(text) == MAX_METADATA_CHARACTERS
    assert split(f"---\n{text}---\n", LABEL)[0]["a"].endswith("xx")


def test_what_is_longer_is_not_parsed(monkeypatch):
    monkeypatch.setattr("ganzoo.weights.metadata.parse_yaml", lambda _: pytest.fail("parsed"))
    with pytest.raises(WeightsError, match="is longer than"):
        split("---\n" + "a: 1\n" * 10_001 + "---\n", LABEL)


def filled(piece, before="", after=""):
    """As much of a piece as metadata may hold."""
    room = MAX_METADATA_CHARACTERS - len(before) - len(after) - 1
    return before + piece * (room // len(piece)) + after


def nested(depth):
    return filled(f"{'[' * depth}{']' * depth},", "a: [", "]")


# The worst that were found for the parser, each as long as metadata may be.
SLOW = {
    "a bomb": filled("[*a,*a],", "a: &a [x,x]\nb: [", "]"),
    "brackets": filled("["),
    "brackets that close": f"a: {'[' * 24_000}{']' * 24_000}",
    "braces": filled("{a: "),
    "many lists of lists": nested(MAX_DEPTH - 2),
    "many lists of more lists": nested(MAX_DEPTH - 1),
    "many lists in 400 levels": nested(400),
    "dashes": filled("- "),
    "questions": filled("? "),
    "questions in a list": filled("?,", "a: [", "]"),
    "steps": "".join(" " * i + "a:\n" for i in range(310)),
    "keys": "".join(f"{i:x}:\n" for i in range(8_000)),
    "a key for all": filled("x", "", ": 1"),
    "a list for a key": filled("a,", "? [", "]\n: 1"),
    "a set": "a: !!set {" + ",".join(f"k{i:x}" for i in range(7_000)) + "}",
    "an ordered map": "a: !!omap [" + ",".join(f"k{i:x}: 1" for i in range(4_000)) + "]",
    "items": filled("1,", "a: [", "]"),
    "empty items": filled("-\n", "a:\n"),
    "empty mappings": filled("{},", "a: [", "]"),
    "empty quotes": filled("'',", "a: [", "]"),
    "an open quote": filled("x\n ", 'a: "'),
    "escapes": filled("\\x41", 'a: "', '"'),
    "lines in quotes": filled("\n\n", 'a: "', '"'),
    "folded lines": filled(" x\n\n", "a: >\n"),
    "comments": filled("#\n", "a: 1\n"),
    "blank lines": filled("\n", "a: 1\n"),
    "spaces": filled(" ", "a:"),
    "tags": filled("!!str x,", "a: [", "]"),
    "escapes in a tag": filled("%41", "a: !<", "> x"),
    "anchors": filled("&a 1,", "a: [", "]"),
    "dates": filled("2020-01-01,", "a: [", "]"),
    "digits": filled("1_", "a: ", "x"),
    "zeros of a float": filled("0", "a: 1."),
    "wide characters": filled("\U0001f600", "a: "),
    "open heads": "x\n" + "---\n" * 200_000,
    "a head that never ends": "---\n" + " ---\n" * 199_000,
    "blank lines above": "\n" * 900_000 + "--",
    "spaces above": " " * 900_000 + "x",
}


@pytest.mark.sweep
@pytest.mark.parametrize("case", SLOW)
def test_the_worst_is_read_or_refused_in_little_memory(case):
    text = SLOW[case] if "head" in case or "above" in case else f"---\n{SLOW[case].strip()}\n---\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(WeightsError):
        values, _ = split(text, LABEL)
        json.dumps(values)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert kilobytes < 100_000


class TestFiles:
    def store(self, folder, content):
        if content is not None:
            (folder / "README.md").write_bytes(content)
        return FolderFiles(folder)

    def test_no_card_is_an_empty_one(self, tmp_path):
        assert read_card(self.store(tmp_path, None)) == ""

    def test_line_ends_stay_as_they_are(self, tmp_path):
        assert read_card(self.store(tmp_path, b"---\r\na: 1\r\n---\rx\r\n")).endswith("---\rx\r\n")

    @pytest.mark.parametrize("content", [b"\xff\xfe#\0", b"---\na: \xe4\n---\n", b"\xed\xa0\x80"])
    def test_what_is_no_text_is_refused(self, tmp_path, content):
        with pytest.raises(WeightsError, match=r"README\.md is not UTF-8 text"):
            read_card(self.store(tmp_path, content))

    def test_what_is_no_card_by_its_size_is_refused(self, tmp_path):
        with pytest.raises(WeightsError, match="more than the 1,000,000 that it can have"):
            read_card(self.store(tmp_path, b"x" * (MAX_CARD_BYTES + 1)))
        assert read_card(self.store(tmp_path, b"x" * MAX_CARD_BYTES))


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
tricky = [None, "no", "yes", "on", "y", "null", "~", "1e5", "1_0", "0x1f", "2020-01-01", "12:30"]
tricky += [".5", "=", "<<", "---", "\n---\n", "a: b", "# x", "&a", "*a", "!!str", 1e-7, 1e22, -1e16]
tricky += [5e-324, 10**400, ["---"], {"---": "---"}]
scalars |= st.sampled_from(tricky)
values = st.recursive(
    scalars.filter(lambda value: not isinstance(value, float) or abs(value) < float("inf")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
mappings = st.dictionaries(
    st.text() | st.sampled_from(["no", "1", "null", "<<"]), values, max_size=4
)
texts = st.text() | st.lists(
    st.sampled_from(["---", "---\n", "\r\n", "\n", "\ufeff", "a: 1", " ", "# Title\n", "..."])
).map("".join)


class TestRoundTrip:
    @given(mappings, texts)
    @example({}, "---\na: 1\n---\nx")
    @example({"x" * 5_000: "y" * 5_000}, "\ufeff")
    def test_what_is_joined_is_split_the_same(self, values, text):
        assert split(join_card(values, text), LABEL) == (values, text)

    @given(mappings, texts)
    @example({"a": [[{"b": None, "": 1.5e154, "0": "0000000" + "\x1f" * 7 + "0 0" * 9}]]}, "")
    def test_the_hub_reads_the_same_metadata(self, values, text):
        # Its client reads YAML 1.1; its server has the same expression for the head.
        card = join_card(values, text)
        match = REGEX_YAML_BLOCK.match(card)
        assert yaml.safe_load(match[2]) == values
        assert card[match.end() :] == text

    def test_the_client_reads_the_same_card(self):
        values = {"license": "mit", "language": "no", "tags": ["gan", "on", "1e5"], "x": [1e-7]}
        card = ModelCard(join_card(values, "# Text\n"))
        assert card.data.to_dict() == values
        assert card.text == "# Text\n"


yamlish = st.text("ab01 :-[]{},#&*!|>'\"%@`?~.\\\n\t\r=<_eExo\x85\u2028\ufeff\0ä", max_size=60)
pieces = ["!!set ", "!!omap ", "!!pairs ", "!!binary ", "!!timestamp ", "!!float ", "!!int ", "- "]
pieces += [
    "!!python/name:os.system ",
    "<<: ",
    "? ",
    ": ",
    "&a ",
    "*a",
    "{a: 1}",
    "[x: 1]",
    "\n",
    "  ",
]
pieces += ["\\ud800", "\\U00110000", "\\UFFFFFFFF", '"', "'", "|\n ", "2020-99-99", "0x", "1e999"]
pieces += [
    "%YAML 1.1",
    "%TAG ! x",
    "---",
    "...",
    "a: ",
    "b: ",
    "\r",
    "!!bool ",
    "0o8",
    "1e5",
    "010",
]
heads = yamlish | st.lists(st.sampled_from(pieces) | yamlish, max_size=8).map("".join)


class TestAnyText:
    @settings(max_examples=500)
    @given(heads)
    def test_a_head_is_read_or_refused(self, head):
        self.check(f"---\n{head}\n---\ntext")

    @given(st.text() | heads)
    def test_a_card_is_read_or_refused(self, card):
        self.check(card)

    @pytest.mark.sweep
    @settings(max_examples=20_000)
    @given(heads)
    def test_many_heads_are_read_or_refused(self, head):
        self.check(f"---\n{head}\n---\ntext")

    def check(self, card):
        try:
            values, text = split(card, LABEL)
        except WeightsError as error:
            message = str(error)
        else:
            message = ""
            assert card.endswith(text)
            # What is read can be shown, kept and published.
            assert json.loads(json.dumps(values, allow_nan=False)) == values
            assert split(join_card(values, text), LABEL) == (values, text)
        assert message.isprintable()
        assert len(message) < 400
