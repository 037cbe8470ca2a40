"""How the values of a sweep are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.errors import ConfigError
from ganzoo.tuning.space import Choice, Range, parse_dimension, parse_space, split_over


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1e-5..1e-2", Range(1e-5, 1e-2, log=True)),
        ("0.1..1.0", Range(0.1, 1.0, log=True)),
        ("0.2..1", Range(0.2, 1.0)),
        ("0..1.0", Range(0.0, 1.0)),
        ("-1.5..1e3", Range(-1.5, 1000.0)),
        (" .5 .. 2.5 ", Range(0.5, 2.5)),
        ("32..128", Range(32, 128)),
        ("1..1000", Range(1, 1000)),
        ("hinge,non-saturating", Choice(("hinge", "non-saturating"))),
        ("1, 2.5, true, null", Choice((1, 2.5, True, None))),
        ("[0, 0.9],[0.5, 0.999]", Choice(([0, 0.9], [0.5, 0.999]))),
    ],
)
def test_what_a_text_means(text, meant):
    found = parse_dimension("key", text)
    if isinstance(found, Choice):
        assert Choice(tuple(item.value for item in found.values)) == meant
    else:
        assert found == meant
        assert found.whole == meant.whole


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "one value leaves nothing to vary"),
        ("hinge", "one value leaves nothing to vary"),
        ("1e-5..", "both ends of a range are numbers"),
        ("a..b", "both ends of a range are numbers"),
        ("3..3", "the lower end comes first"),
        ("1e-2..1e-5", "the lower end comes first"),
        ("1..1e999", "an end is not a finite number"),
        ("a,b,a", "a value is repeated"),
        ("a,", "nothing between two commas"),
    ],
)
def test_what_is_refused(text, why):
    with pytest.raises(ConfigError, match=r"write 1e-5\.\.1e-2") as error:
        parse_dimension("key", text)
    assert why in str(error.value)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_range_is_read_as_it_is_written(low, high):
    if low < high:
        found = parse_dimension("key", f"{low!r}..{high!r}")
        assert (found.low, found.high) == (low, high)
        assert parse_dimension("key", str(found)) == found


def test_the_keys_of_a_space():
    assert split_over(["a.b = 1..2", "c=x=1,y"]) == {"a.b": "1..2", "c": "x=1,y"}
    for texts, message in [(["a"], "not of the form"), (["a=1..2", "a=1..3"], "given twice")]:
        with pytest.raises(ConfigError, match=message):
            split_over(texts)
    for over in ({}, {"evaluation.fakes": "2..3"}):
        with pytest.raises(ConfigError, match="--over"):
            parse_space(over)
