"""Lists of images with labels."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.data.cache import open_store
from ganzoo.data.survey import survey
from ganzoo.errors import DataError
from ganzoo.terminal import printable
from tests.data.sources.conftest import opened


@pytest.fixture
def listed(tmp_path):
    """Open a manifest beside three images, whose grey is their number."""
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
    "no column of files": (
        "csv",
        "name,label\n0.png,a\n",
        "it has no column file, filename, path or image; its columns are: name, label",
    ),
    "a column that is not there": ("csv", "file\n0.png\n", "data.label_column is 'kind', but its"),
    "a label missing": ("csv", "file,label\n0.png,a\n1.png,\n", "line 3: it has no label"),
    "too few columns": (
        "csv",
        "file,label\n0.png\n",
        "line 2: it does not have the",
    ),
    "too many columns": ("csv", "file,label\n0.png,a,b\n", "line 2: it does not have the"),
    "no path": ("csv", "file,label\n,a\n", "line 2: its file is '', which is not a path"),
    "a quote left open": ("csv", 'file\n0.png\n"1.png\n', "line 3: it is not CSV"),
    "another encoding": ("csv", b"file\n0.png\ncaf\xe9.png\n", "it is not UTF-8"),
    "nothing": ("csv", "", "holds no images"),
    "a header alone": ("csv", "file,label\n", "holds no images"),
    "no JSON": ("jsonl", '{"file": "0.png"}\n{"file"\n', "line 2: it is not JSON"),
    "too deep JSON": ("jsonl", "[" * 100_000, "line 1: it is not JSON"),
    "a list": ("ndjson", '["0.png"]\n', "line 1: it is not an object"),
    "a number for a path": ("jsonl", '{"file": 3}', "line 1: its file is 3, which is not a path"),
    "a label of no kind": ("jsonl", '{"file": "0.png", "label": 1.5}', "line 1: its label is 1.5"),
    "a list for a label": ("jsonl", '{"file": "0.png", "label": ["a"]}', r"its label is \['a'\]"),
    "no header": ("csv", "0.png,a\n1.png,b\n", "the first line is not a header; begin with one"),
    "a name twice": ("csv", "file,label,label\n0.png,a,b\n", "several columns 'label'"),
    "a header of another language": ("csv", "bild;klasse\n0.png;a\n", "are: bild, klasse; name"),
    "a label that is no text": (
        "jsonl",
        '{"file": "0.png", "label": "a\\u0007"}\n{"file": "1.png", "label": "b"}',
        "names a class, but its name is not readable",
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


def locked(path):
    Image.new("L", (4, 4)).save(path, "PNG")
    path.chmod(0)


# Of an image that cannot be read: its path, what makes it, and a part of what is told.
BAD = {
    "nothing": ("none.png", lambda path: None, "No such file"),
    "a file for a folder": ("0.png/a.png", lambda path: None, "Not a directory"),
    "a folder": ("a", Path.mkdir, "it is a folder, not a file"),
    "a pipe": ("a", os.mkfifo, "it is a pipe, a socket or a device, not a file"),
    "a device": ("/dev/zero", lambda path: None, "it is a pipe, a socket or a device"),
    "a link to nothing": ("a", lambda path: path.symlink_to("none"), "No such file"),
    "a link to itself": ("a", lambda path: path.symlink_to("a"), "symbolic links"),
    "not ours to read": ("a", locked, "Permission denied"),
    "in a folder not ours to read": ("b/a", lambda path: path.parent.mkdir(0), "Permission denied"),
    "a NUL": ("a\0", lambda path: None, "its name is not a valid file name"),
    "half a surrogate": ("\ud800", lambda path: None, "its name is not a valid file name"),
    "too long": ("a" * 100_000, lambda path: None, "File name too long"),
    "text": ("a", lambda path: path.write_text("no image"), "it is text, not an image"),
}


@pytest.mark.parametrize("cause", BAD)
def test_an_image_that_cannot_be_read_is_named_with_its_line_and_skipped(listed, tmp_path, cause):
    name, make, message = BAD[cause]
    if "Permission" in message and os.geteuid() == 0:
        pytest.skip("root may read everything")
    make(tmp_path / name)
    rows = [{"file": name, "label": "a"}, *({"file": f"{n}.png", "label": "b"} for n in (1, 2))]
    source = listed("\n\n".join(map(json.dumps, rows)), "jsonl", max_bad=0.4)
    assert list(source.bad) == [name]
    assert message in source.bad[name]
    assert (source.class_names, source.labels.tolist()) == (("a", "b"), [0, 1, 1])
    with pytest.raises(DataError) as caught:
        source.read(0)
    sentence = str(caught.value)
    assert sentence.startswith(printable(str(tmp_path / name))[:4000])
    assert sentence.endswith(f" (line 1 of list.jsonl): {source.bad[name]}")
    assert sentence.isprintable()
    assert len(sentence) < 5000
    assert survey(source).bad == (sentence,)
    store = open_store(source, source.shape)
    assert (store.labels.tolist(), store.skipped) == ([1, 1], (sentence,))
    source.max_bad = 0.3
    with pytest.raises(DataError, match="1 of 3 images cannot be read: ") as caught:
        open_store(source, source.shape)
    assert sentence in str(caught.value)


def test_of_many_that_are_missing_the_first_few_are_named(listed, tmp_path):
    source = listed("file\n0.png\n" + "".join(f"none{n}.png\n" for n in range(7)))
    with pytest.raises(DataError, match="7 of 8 images cannot be read: ") as caught:
        open_store(source, source.shape)
    named = [
        f"{tmp_path}/none{n}.png (line {n + 3} of list.csv): No such" in str(caught.value)
        for n in range(7)
    ]
    assert named == [True] * 5 + [False] * 2
    assert "and 2 more" in str(caught.value)


@pytest.mark.parametrize("name", ["images/0.png", "/nowhere/0.png"], ids=["relative", "absolute"])
def test_where_all_are_missing_it_is_told_where_they_were_looked_for(listed, tmp_path, name):
    with pytest.raises(DataError) as caught:
        listed(f"file\n{name}\nnone.png\n")
    sentence = str(caught.value)
    assert "none of its files exist" in sentence
    assert f"start from its own folder {tmp_path}, so" in sentence
    assert f"the first is {tmp_path / name} (line 2 of list.csv)" in sentence


def test_what_comes_and_goes_is_looked_at_again(listed, tmp_path):
    def bad():
        return dict(listed("file\na.png\n0.png\n").bad)

    def is_there(path):
        Image.new("L", (4, 4)).save(path)

    steps = [("No such file", lambda path: None), ("it is a folder", Path.mkdir)]
    steps += [("No such file", Path.rmdir), (None, is_there), ("No such file", Path.unlink)]
    for told, change in steps:
        change(tmp_path / "a.png")
        assert ("a.png" in bad()) == bool(told)
        assert told is None or told in bad()["a.png"]


def test_a_fingerprint_changes_with_a_label(listed):
    one = listed("file,label\n0.png,a\n1.png,b\n2.png,b\n").fingerprint
    assert listed("file,label\n0.png,a\n1.png,a\n2.png,b\n").fingerprint != one
    assert listed("file,label\n0.png,a\n1.png,c\n2.png,c\n").fingerprint != one
