"""Lists of pictures with labels."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import DataError
from tests.data.sources.conftest import opened


@pytest.fixture
def listed(tmp_path):
    """Open a manifest beside three pictures, whose grey is their number."""
    for number in range(3):
        Image.new("L", (4, 4), number).save(tmp_path / f"{number}.png")

    def listed(text, ending="csv", **values):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / f"list.{ending}").write_bytes(content)
        return opened(tmp_path / f"list.{ending}", **values)

    return listed


def seen(source):
    return [(int(source.read(i).sample[0, 0]), source.read(i).label) for i in range(len(source))]


ACCEPTED = {
    "no labels": ("file\n2.png\n0.png\n", {}, (), [(2, 0), (0, 0)]),
    "one label": ("file,label\n2.png,a\n0.png,a\n", {}, (), [(2, 0), (0, 0)]),
    "integers, by value": (
        "path,class\n0.png,10\n1.png,9\n2.png,-1\n",
        {},
        ("-1", "9", "10"),
        [(0, 2), (1, 1), (2, 0)],
    ),
    "names, by the alphabet": (
        "label,image\nb,0.png\na,1.png\n10,2.png\n",
        {},
        ("10", "a", "b"),
        [(0, 2), (1, 1), (2, 0)],
    ),
    "other columns": (
        "f,k,label\n0.png,x,1\n1.png,y,1\n",
        {"file_column": "f", "label_column": "k"},
        ("x", "y"),
        [(0, 0), (1, 1)],
    ),
    "a file twice": ("file\n1.png\n1.png\n", {}, (), [(1, 0), (1, 0)]),
    "quotes": ('file,label\n"1.png","a, b"\n2.png,"c"\n', {}, ("a, b", "c"), [(1, 0), (2, 1)]),
    "a mark of the encoding, Windows' ends of lines": (
        b"\xef\xbb\xbffile,label\r\n1.png,\xc3\xa9\r\n2.png,x\r\n",
        {},
        ("x", "é"),
        [(1, 1), (2, 0)],
    ),
    "JSON": (
        '{"file": "1.png", "label": 3}\n\n{"label": 20, "file": "0.png", "more": []}\n',
        {},
        ("3", "20"),
        [(1, 0), (0, 1)],
    ),
    "JSON without labels": ('{"file": "1.png", "label": null}', {}, (), [(1, 0)]),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_understood(listed, case):
    text, values, classes, expected = ACCEPTED[case]
    source = listed(text, "jsonl" if case.startswith("JSON") else "csv", **values)
    assert source.class_names == classes
    assert seen(source) == expected


REFUSED = {
    "a missing file": ("csv", "file\n0.png\nnone.png\n", "line 3: the file 'none.png' does not"),
    "a folder": ("csv", "file\n.\n", "line 2: the file '.' is no ordinary file"),
    "a NUL": ("jsonl", '{"file": "a\\u0000"}', "line 1: the file .* cannot be read"),
    "half a surrogate": ("jsonl", '{"file": "\\ud800.png"}', r"line 1: the file .* cannot be read"),
    "no column of files": (
        "csv",
        "name,label\n0.png,a\n",
        "it has no file or path or image but",
    ),
    "a column that is not there": ("csv", "file\n0.png\n", "data.label_column is 'kind', and it h"),
    "a label missing": ("csv", "file,label\n0.png,a\n1.png,\n", "line 3: it has no label"),
    "too few columns": (
        "csv",
        "file,label\n0.png\n",
        "line 2: it has not as many columns as",
    ),
    "too many columns": ("csv", "file,label\n0.png,a,b\n", "line 2: it has not as many"),
    "no path": ("csv", "file,label\n,a\n", "line 2: its file is '', and no path"),
    "a quote left open": ("csv", 'file\n0.png\n"1.png\n', "line 3: it is no CSV"),
    "another encoding": ("csv", b"file\n0.png\ncaf\xe9.png\n", "it is not UTF-8"),
    "nothing": ("csv", "", "holds no pictures"),
    "a header alone": ("csv", "file,label\n", "holds no pictures"),
    "no JSON": ("jsonl", '{"file": "0.png"}\n{"file"\n', "line 2: it is no JSON"),
    "too deep JSON": ("jsonl", "[" * 100_000, "line 1: it is no JSON"),
    "a list": ("ndjson", '["0.png"]\n', "line 1: it is no object"),
    "a number for a path": ("jsonl", '{"file": 3}', "line 1: its file is 3, and no path"),
    "a label of no kind": ("jsonl", '{"file": "0.png", "label": 1.5}', "line 1: its label is 1.5"),
    "a truth for a label": ("jsonl", '{"file": "0.png", "label": true}', "its label is True"),
    "a label that is no text": (
        "jsonl",
        '{"file": "0.png", "label": "a\\u0007"}\n{"file": "1.png", "label": "b"}',
        "names a class, and its name is not readable",
    ),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_what_is_not_understood_is_told_with_its_line(listed, cause):
    ending, text, message = REFUSED[cause]
    values = {"label_column": "kind"} if "that is not there" in cause else {}
    with pytest.raises(DataError, match=message) as caught:
        listed(text, ending, **values)
    assert str(caught.value).isprintable()


def test_files_elsewhere_are_read_if_they_are_there(listed, tmp_path):
    (tmp_path / "below").mkdir()
    other = tmp_path / "below" / "list.csv"
    other.write_text(f"file\n../1.png\n{tmp_path / '2.png'}\n")
    listed("file\n0.png\n")
    assert seen(opened(other)) == [(1, 0), (2, 0)]


def test_a_file_that_is_no_picture_is_named_when_it_is_read(listed, tmp_path):
    (tmp_path / "text").write_text("no picture")
    source = listed("file,label\ntext,a\n1.png,b\n")
    assert list(source.bad) == ["text"]
    assert source.class_names == ("a", "b")
    with pytest.raises(DataError, match="text: it is text, not a picture"):
        source.read(0)
    assert np.all(source.read(1).sample == 1)


def test_a_fingerprint_changes_with_a_label(listed):
    one = listed("file,label\n0.png,a\n1.png,b\n2.png,b\n").fingerprint
    assert listed("file,label\n0.png,a\n1.png,a\n2.png,b\n").fingerprint != one
    assert listed("file,label\n0.png,a\n1.png,c\n2.png,c\n").fingerprint != one
