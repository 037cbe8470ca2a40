"""No labels are lost: they are read as programs write them, or a note says what is not used."""

import io
import json
import os
import re
import tarfile
import unicodedata
import zipfile

import numpy as np
import pytest

from ganzoo.data.sources.labels import ordered
from ganzoo.data.survey import survey
from ganzoo.errors import DataError
from tests.data.sources.conftest import Torch, opened, png

CAFE = "caf\xe9"
CLASSES = ("cat", "dog")


def lines(*rows):
    return "\n".join(map(json.dumps, rows))


def table(header, *rows, comma=","):
    return "\n".join([header, *(comma.join(row) for row in rows)])


def pets(header, comma=","):
    """A list of a dog, a cat and a dog."""
    return table(header, ("0.png", "dog"), ("1.png", "cat"), ("2.png", "dog"), comma=comma)


def digits(header, *labels):
    return table(header, *zip(("0.png", "1.png", "2.png"), labels, strict=True))


# Of lists with the images 0.png, 1.png and 2.png the content: all tell of a dog, a cat and a dog.
PETS = {
    "blanks in the header": pets("file, label"),
    "capitals": pets("File,Label"),
    "the plural": pets("file,labels"),
    "category": pets("filename,category"),
    "Class Name": pets("Image Path,Class Name"),
    "blanks around values": "file,label\n0.png,dog\n1.png, cat\n 2.png ,dog \n",
    "an index": ",file,label\n0,0.png,dog\n1,1.png,cat\n2,2.png,dog\n",
    "semicolons": pets("file;label", ";").replace("\n", "\r\n"),
    "tabs": pets("file\tlabel", "\t"),
    "quotes": '"file";"label"\n"0.png";"dog"\n"1.png";"cat"\n"2.png";"dog"\n',
    "a mark of UTF-8": "\ufeff" + pets("file,label"),
    "blank rows": "\n,,\nfile,label,\n0.png,dog,\n,,\n1.png,cat,,\n\n2.png,dog,\n",
}
# Of others content, classes, labels, and what is to be found in the note.
LISTS = {
    "class_id": (digits("image_id,class_id", "10", "9", "10"), ("9", "10"), "101", ""),
    "ClassId and Path": (
        "Width,ClassId,Path\n9,10,0.png\n9,9,1.png\n9,9,2.png\n",
        ("9", "10"),
        "100",
        "read from ClassId; columns not used: Width",
    ),
    "target": (digits("img_name,target", *"100"), ("0", "1"), "100", ""),
    "y": (digits("file,y", *"100"), ("0", "1"), "100", ""),
    "coordinates": (
        "file,x,y\n0.png,1,7\n1.png,0,8\n2.png,0,9\n",
        (),
        "000",
        "no labels are read.*not used: x, y",
    ),
    "whole floats": (digits("file,label", "10.0", "9.0", "10"), ("9", "10"), "101", ""),
    "fractions": (digits("file,label", "10.5", "9.5", "10.5"), ("9.5", "10.5"), "101", ""),
    "one-hot": (
        "image,MEL,NV\n0.png,1,0\n1.png,0,1\n2.png,0,1\n",
        (),
        "000",
        "no labels are read.*not used: MEL, NV; choose",
    ),
    "breeds": (digits("file,breed", *"abb"), (), "000", "not used: breed; .*data.label_column"),
    "captions": (
        lines({"file_name": "0.png", "text": "a"}, {"file_name": "1.png"}, {"file_name": "2.png"}),
        (),
        "000",
        "not used: text",
    ),
    "a column of another language": (
        "Datei;file;label\r\nx;0.png;dog\r\ny;1.png;cat\r\nz;2.png;dog\r\n",
        CLASSES,
        "101",
        "not used: Datei",
    ),
    "commas beside tabs": (
        "file\tlabel\n0.png\tdog, big\n1.png\tcat\n2.png\tcat\n",
        ("cat", "dog, big"),
        "100",
        "",
    ),
    "two forms": (
        digits("file,label", CAFE, unicodedata.normalize("NFD", CAFE), "tea"),
        (CAFE, "tea"),
        "001",
        "",
    ),
    "two cases": (
        digits("file,label", "Dog", "dog", "dog"),
        ("Dog", "dog"),
        "011",
        "'Dog' and 'dog' differ only in case",
    ),
    "metadata of the Hub": (
        lines(*({"file_name": f"{n}.png", "label": x} for n, x in enumerate((1, 0.0, 1)))),
        ("0", "1"),
        "101",
        "",
    ),
    "truths": (
        lines(*({"image": f"{n}.png", "Label": x} for n, x in enumerate((True, False, True)))),
        ("False", "True"),
        "101",
        "",
    ),
    "an empty column": (
        digits("file,label", "", "", " "),
        (),
        "000",
        "the column label is empty",
    ),
    "a name and a number": (
        "file,class_id,class_name\n0.png,7,dog\n1.png,3,cat\n2.png,7,dog\n",
        CLASSES,
        "101",
        "not used: class_id",
    ),
    **{name: (content, CLASSES, "101", "") for name, content in PETS.items()},
}


@pytest.fixture
def images(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(np.full((4, 4), number, dtype=np.uint8)))
    return tmp_path


def check(source, classes, labels, note):
    assert source.class_names == classes
    assert "".join(map(str, source.labels.tolist())) == labels
    assert survey(source).notes == source.notes
    if note:
        assert any(re.search(note, told) for told in source.notes)
    else:
        assert source.notes == ()


@pytest.mark.parametrize("case", LISTS)
def test_lists(images, case):
    content, *expected = LISTS[case]
    path = images / ("list.jsonl" if content.startswith("{") else "list.csv")
    path.write_bytes(content.encode())
    check(opened(path), *expected)


PIXELS = np.arange(3 * 30, dtype=np.uint8).reshape(3, 5, 6)
ARRAYS = {
    "targets": ({"data": PIXELS, "targets": [1, 0, 1]}, ("0", "1"), "101", ""),
    "without names": ({"arr_0": PIXELS, "arr_1": [1, 0, 1]}, ("0", "1"), "101", ""),
    "capitals": ({"X": PIXELS, "Y": [1, 0, 1]}, ("0", "1"), "101", ""),
    "floats": ({"images": PIXELS, "labels": [10.0, 9.0, 10.0]}, ("9", "10"), "101", ""),
    "truths": ({"images": PIXELS, "labels": [True, False, True]}, ("False", "True"), "101", ""),
    "blanks": ({"images": PIXELS, "class": ["dog ", "cat", "dog"]}, CLASSES, "101", ""),
    "texts as classes": ({"images": PIXELS, "classes": ["b", "a", "b"]}, ("a", "b"), "101", ""),
    "names": (
        {"images": PIXELS, "label": [1, 0, 1], "classes": ["cat", "dog", "emu"]},
        ("cat", "dog", "emu"),
        "101",
        "",
    ),
    "of another name": ({"images": PIXELS, "breed": [1, 0, 1]}, (), "000", "not used: breed"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays(tmp_path, case):
    arrays, *expected = ARRAYS[case]
    np.savez(tmp_path / "a.npz", **arrays)
    check(opened(tmp_path / "a.npz"), *expected)


def packed(root, kind, files):
    """Write files as a folder, a zip or a tar."""
    if kind == "folder":
        for name, content in files.items():
            (root / "data" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "data" / name).write_bytes(content)
        return root / "data"
    path = root / f"data.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


KINDS = pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
IMAGE = png(np.zeros((4, 4), dtype=np.uint8))


@KINDS
def test_files_beside_the_images_are_told_of(tmp_path, kind):
    files = {f"s/{row}{ending}": IMAGE for row in range(3) for ending in (".png", ".cls")}
    source = opened(packed(tmp_path, kind, files | {"s/0.txt": b"text", "s/notes.txt": b""}))
    assert source.class_names == ()
    assert source.notes[0].endswith("other files are not used: .cls 3, .txt 1")


# Of sub-folders the class folders within, whether they are splits, and which one to give.
SPLITS = {
    ("train/cat", "train/dog", "test/cat", "test/dog"): "train",
    ("Training", "Validation"): "Training",
    ("images", "masks"): "images",
    ("all/train/cat", "all/valid/cat"): "all/train",
    ("training_set/a", "test_set/a"): "training_set",
    ("train2017", "val2017"): "train2017",
    ("trainA", "trainB", "testA"): "trainA",
    ("val/cat", "cat"): "val",
    ("cat", "dog"): None,
    ("mask", "no_mask"): None,
    ("training wheels", "test tubes"): None,
}


@KINDS
@pytest.mark.parametrize("folders", SPLITS, ids=" ".join)
def test_splits_are_no_classes_without_a_doubt(tmp_path, kind, folders):
    files = {f"{folder}/{n}.png": IMAGE for folder in folders for n in range(2)}
    path, place = packed(tmp_path, kind, files), SPLITS[folders]
    told = (
        f"its folder {place}"
        if kind != "folder"
        else f"such as data={os.path.join(path, place or '')}"
    )
    assert [told in note for note in opened(path).notes] == ([] if place is None else [True])


ALIKE = {
    ("cat", "cat "): (1, "one class"),
    (CAFE, unicodedata.normalize("NFD", CAFE)): (1, "one class"),
    ("Cat", "cat"): (2, "different classes"),
    ("\uff41", "a"): (2, "different classes"),
}


@KINDS
@pytest.mark.parametrize("names", ALIKE, ids=ascii)
def test_folders_that_look_alike_are_doubtful(tmp_path, kind, names):
    count, told = ALIKE[names]
    files = {f"{folder}/1.png": IMAGE for folder in (*names, "other")}
    source = opened(packed(tmp_path, kind, files))
    assert len(source.class_names) == count + 1
    assert all(unicodedata.is_normalized("NFC", name) for name in source.class_names)
    (note,) = source.notes
    assert all(ascii(name) in note for name in names)
    assert note.endswith(told)


@KINDS
@pytest.mark.parametrize(
    "folder",
    ["@eaDir", ".thumbnails", "__MACOSX", ".ipynb_checkpoints", "lost+found", "$RECYCLE.BIN"],
)
def test_what_systems_leave_is_passed_over_and_reported(tmp_path, kind, folder):
    files = {"a/1.png": IMAGE, "b/1.png": IMAGE, "b/Thumbs.db": b"", ".DS_Store": b""}
    files |= {f"{folder}/{n}.png": IMAGE for n in range(3)} | {f"a/{folder}/1.png": IMAGE}
    source = opened(packed(tmp_path, kind, files))
    assert sorted(source.names) == ["a/1.png", "b/1.png"]
    found = survey(source)
    assert found.passed_over == {f"{folder}/": 2, "Thumbs.db": 1, ".DS_Store": 1}
    assert len(found.others) == 3


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_an_archive_holds_beside_images_is_reported(tmp_path, kind):
    files = {"1.png": IMAGE} | {f"a/b/c/{n}.heic": b"" for n in range(60)}
    source = opened(packed(tmp_path, kind, files | {"labels.csv": b"file,label"}))
    assert survey(source).passed_over == {".heic": 60, ".csv": 1}
    assert source.notes[0].endswith(
        "labels.csv in it may list labels; unpack it and give that file"
    )


@pytest.mark.parametrize("header", ["file_name", "filename", "File Name", "image_path"])
def test_a_list_beside_images_is_promised_only_if_it_can_be_read(images, header):
    (images / "metadata.csv").write_text(f"{header},label\n0.png,a\n1.png,b\n")
    (images / "other.csv").write_text("bild,label\n0.png,a\n")
    source = opened(images)
    assert source.lists == ("metadata.csv",)
    assert "metadata.csv lists images" in source.notes[0]
    assert opened(images / source.lists[0]).class_names == ("a", "b")


NUMBERS = [str(number) for number in range(12)]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "csv", "jsonl", "npz", "torch"])
def test_one_order_everywhere(tmp_path, kind):
    names = sorted(NUMBERS)
    files = {f"{name}/1.png": IMAGE for name in names}
    if kind in ("csv", "jsonl"):
        packed(tmp_path, "folder", files)
        rows = [{"file": f"data/{name}/1.png", "label": name} for name in names]
        lines = ["file,label", *(",".join(row.values()) for row in rows)]
        text = "\n".join(lines if kind == "csv" else map(json.dumps, rows))
        (tmp_path / f"list.{kind}").write_text(text)
        source = opened(tmp_path / f"list.{kind}")
    elif kind == "npz":
        np.savez(tmp_path / "a.npz", images=np.zeros((12, 4, 4), dtype=np.uint8), labels=names)
        source = opened(tmp_path / "a.npz")
    elif kind == "torch":
        from ganzoo.data.sources.python import with_source

        class Named(Torch):
            def __getitem__(self, index):
                return self.pixels[index], names[index]

        source = opened(with_source(Named(np.zeros((12, 4, 4), dtype=np.uint8))))
    else:
        source = opened(packed(tmp_path, kind, files))
    assert source.class_names == tuple(NUMBERS)
    assert [NUMBERS[label] for label in source.labels] == names


@pytest.mark.parametrize(
    "names",
    [
        ("-1", "0", "2", "10"),
        ("1.5", "2", "10.25"),
        ("01", "2", "010"),
        ("10", "9", "a"),
        ("B", "a"),
    ],
)
def test_numbers_are_in_the_order_of_their_values_and_names_in_that_of_letters(names):
    assert ordered(names[::-1]) == list(names)


def npy(shape, dtype="|u1", content=b""):
    """A .npy whose header says whatever is wanted."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}".encode()
    header += b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + content


SHAPES = [
    "(-1, 4, 4)",
    f"({10**30}, 4, 4)",
    "(True, 4, 4)",
    "(8, -4, -4)",
    "(9, 4, 4)",
    "(3000000000,)",
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_headers_that_claim_what_is_not_there(tmp_path, ending, shape):
    content = npy(shape, content=bytes(128))
    if ending == "npz":
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("images.npy", content)
    else:
        (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        opened(tmp_path / f"a.{ending}")


LABELS = {
    "no UTF-8": (npy("(8,)", "|S2", b"\xff\xfe" * 8), "is not UTF-8"),
    "3e9 claimed": (npy("(3000000000,)"), "cannot be read"),
    "below 0": (npy("(-8,)", content=bytes(8)), "cannot be read"),
    "a truth": (npy("(True,)", content=bytes(8)), "cannot be read"),
    "held, beside 8": (npy("(1000000,)", content=bytes(1_000_000)), "one for each sample"),
    "long texts": (npy("(8,)", "<U2000", bytes(64_000)), "one for each sample"),
    "of no size": (npy("(8,)", "<U0"), "cannot be read"),
    "too few": (npy("(7,)", content=bytes(7)), "one for each sample"),
    "dates": (npy("(8,)", "<M8[s]", bytes(64)), "one for each sample"),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_are_bounded_before_they_are_unpacked(tmp_path, case, monkeypatch):
    content, message = LABELS[case]
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy("(8, 4, 4)", content=bytes(128)))
        archive.writestr("labels.npy", content)
    unpacked, read = [], np.lib.format.read_array
    monkeypatch.setattr(
        np.lib.format, "read_array", lambda *a, **k: unpacked.append(1) or read(*a, **k)
    )
    with pytest.raises(DataError, match=message):
        opened(tmp_path / "a.npz")
    assert len(unpacked) == (case in ("no UTF-8", "too few", "dates"))


@pytest.mark.parametrize("lines", [300, 3000])
def test_a_long_list_asks_for_each_file_once(images, lines, monkeypatch):
    from ganzoo.data.sources import looking, manifest

    calls = []

    def count(module, name):
        kept = getattr(module, name)
        monkeypatch.setattr(module, name, lambda given: calls.append(name) or kept(given))

    count(manifest, "_stamp")
    count(looking, "digest_of")
    rows = "".join(f"{n % 3}.png,{n % 2}\n" for n in range(lines))
    (images / "list.csv").write_text(f"file,label\n{rows}")
    source = opened(images / "list.csv")
    assert (len(source), sorted(calls)) == (lines, ["_stamp"] * 3 + ["digest_of"] * 3)
    digests = np.unique(source.digests, axis=0, return_counts=True)[1]
    assert digests.tolist() == [lines // 3] * 3
