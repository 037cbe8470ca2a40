"""Archives: what they may hold, and what hostile ones get."""

import functools
import io
import os
import re
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from ganzoo.data.cache import open_store
from ganzoo.data.sources import members, own
from ganzoo.errors import DataError
from tests.data.sources.conftest import as_tar, as_zip, opened, png, touch

IMAGE = png(np.full((4, 4, 3), 7, dtype=np.uint8))


def zipped(path, files, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def tarred(path, files):
    """Write a tar of (name or TarInfo, content)."""
    with tarfile.open(path, "w") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name) if isinstance(name, str) else name
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def special(kind, name="evil.png", target="/etc/passwd"):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def zip_link(name="evil.png"):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


UNSAFE = {
    "zip, above": (zipped, "../evil.png", "its name leads out"),
    "zip, above from below": (zipped, "a/../../evil.png", "its name leads out"),
    "zip, absolute": (zipped, "/tmp/evil.png", "its name leads out"),
    "zip, a drive": (zipped, "C:/evil.png", "its name leads out"),
    "zip, above by backslashes": (zipped, "..\\evil.png", "its name leads out"),
    "zip, a link": (zipped, zip_link(), "it is a link"),
    "zip, a link above": (zipped, zip_link("../evil.png"), "its name leads out"),
    "zip, a link in the folder .": (zipped, zip_link("./evil.png"), "it is a link"),
    "tar, above": (tarred, "../evil.png", "its name leads out"),
    "tar, a link above": (tarred, special(tarfile.SYMTYPE, "../evil.png"), "its name leads out"),
    "tar, a link in the folder .": (tarred, special(tarfile.SYMTYPE, "./evil.png"), "it is a link"),
    "tar, absolute": (tarred, "/tmp/evil.png", "its name leads out"),
    "tar, a link": (tarred, special(tarfile.SYMTYPE), "it is a link"),
    "tar, a hard link": (tarred, special(tarfile.LNKTYPE), "it is a link"),
    "tar, a device": (tarred, special(tarfile.CHRTYPE), "not an ordinary file"),
    "tar, a pipe": (tarred, special(tarfile.FIFOTYPE), "not an ordinary file"),
}


@pytest.mark.parametrize("cause", UNSAFE)
def test_what_could_lead_elsewhere_is_an_image_that_cannot_be_read(tmp_path, cause):
    make, name, message = UNSAFE[cause]
    content = IMAGE if make is zipped else b""
    path = make(tmp_path / "a.archive", [(name, content), ("good.png", IMAGE)])
    path = path.rename(path.with_suffix(".zip" if make is zipped else ".tar"))
    source = opened(path, max_bad=0.4)
    ((bad, why),) = source.bad.items()
    assert sorted(source.names) == sorted([bad, "good.png"])
    assert bad.endswith("evil.png")
    assert why.startswith(message) or why.endswith(message)
    told = rf"{path.name}/{bad}: {why}"
    with pytest.raises(DataError, match=re.escape(told)):
        source.read(source.names.index(bad))
    with pytest.raises(DataError, match=r"1 of 2 images cannot be read: .*evil\.png: .*max_bad"):
        open_store(source, source.shape)
    store = open_store(opened(path, max_bad=0.5), source.shape)
    assert (len(store.samples), store.skipped) == (1, (f"{tmp_path}/{told}",))
    only = make(tmp_path / path.name, [(name, content)])
    with pytest.raises(DataError, match=r"1 of 1 images cannot be read: .*evil\.png: "):
        opened(only)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_an_image_that_cannot_be_read_is_of_the_class_of_its_folder(tmp_path, ending):
    make = zipped if ending == ".zip" else tarred
    link = zip_link if ending == ".zip" else functools.partial(special, tarfile.SYMTYPE)
    outside = ["../rat/1.png", "/1.png", "C:/cow/1.png"]
    files = [(link("cat/1.png"), b""), ("dog/1.png", IMAGE), *((n, IMAGE) for n in outside)]
    source = opened(make(tmp_path / f"a{ending}", files))
    assert source.class_names == ("cat", "dog")
    labels = dict(zip(source.names, source.labels.tolist(), strict=True))
    # What is in no folder of the archive makes no class.
    assert labels == {"cat/1.png": 0, "dog/1.png": 1} | dict.fromkeys(outside, 0)
    assert source.bad.keys() == {"cat/1.png", *outside}


PASSED_OVER = (
    "__MACOSX/cat/._1.png",
    "cat/.hidden.png",
    ".git/1.png",
    "../.git/1.png",
    "/.1.png",
    "notes.txt",
    "../notes.txt",
    "cat/",
)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_what_is_no_image_is_passed_over(tmp_path, ending):
    make = zipped if ending == ".zip" else tarred
    files = [(name, b"") for name in PASSED_OVER if ending == ".zip" or not name.endswith("/")]
    link = zip_link if ending == ".zip" else functools.partial(special, tarfile.SYMTYPE)
    files += [(link(name), b"") for name in (".link.png", "__MACOSX/1.png", "link", "../link.txt")]
    source = opened(make(tmp_path / f"a{ending}", [*files, ("./cat/1.PNG", IMAGE)]))
    assert source.names == ["cat/1.PNG"]
    assert source.bad == {}


@pytest.mark.parametrize("last", ["link", "image"])
def test_of_a_link_and_an_image_of_one_name_the_last_counts(tmp_path, last):
    files = [(special(tarfile.SYMTYPE, "1.png"), b""), ("1.png", IMAGE)]
    files = files[::-1] if last == "link" else files
    source = opened(tarred(tmp_path / "a.tar", [*files, ("2.png", IMAGE)]))
    assert source.names == ["1.png", "2.png"]
    assert list(source.bad) == (["1.png"] if last == "link" else [])


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_one_name_twice_the_last_counts_as_on_unpacking(tmp_path, make):
    other = png(np.full((4, 4, 3), 9, dtype=np.uint8))
    path = make(tmp_path / "a", [("1.png", IMAGE), ("1.png", other)])
    path = path.rename(tmp_path / ("a.zip" if make is zipped else "a.tar"))
    source = opened(path)
    assert (len(source), int(source.read(0).sample.max())) == (1, 9)


def names_of_a_zip(names, flags):
    """A zip whose names are the given bytes."""
    file = io.BytesIO()
    plain = [f"{index}{'x' * (len(name) - 1)}" for index, name in enumerate(names)]
    zipped(file, [(name, IMAGE) for name in plain])
    content = file.getvalue()
    for name, stand_in in zip(names, plain, strict=True):
        content = content.replace(stand_in.encode(), name)
    return content


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["猫/1.png".encode(), "собака/1.png".encode()], ("собака", "猫")),
        ([b"caf\x82/1.png", b"x/1.png"], ("café", "x")),
        ([b"cat\\1.png", b"dog\\1.png"], ("cat", "dog")),
    ],
    ids=["UTF-8 that is not declared", "of the old encoding", "with backslashes"],
)
def test_names_of_zips(tmp_path, names, classes):
    (tmp_path / "a.zip").write_bytes(names_of_a_zip(names, 0))
    assert opened(tmp_path / "a.zip").class_names == classes


def with_flag(path, mark, at, value):
    """Set a byte of every header that begins with a mark."""
    content = bytearray(path.read_bytes())
    place = content.find(mark)
    while place >= 0:
        content[place + at] = value
        place = content.find(mark, place + 1)
    path.write_bytes(content)


def encrypted(path):
    zipped(path, [("bad.png", IMAGE)])
    with_flag(path, b"PK\3\4", 6, 1)
    with_flag(path, b"PK\1\2", 8, 1)


def larger_than_declared(path):
    zipped(path, [("bad.png", bytes(10**6))], compression=zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", 10**6), struct.pack("<L", 10)))


def of_a_wrong_checksum(path):
    zipped(path, [("bad.png", IMAGE)])
    sum_ = struct.pack("<L", zlib.crc32(IMAGE))
    path.write_bytes(path.read_bytes().replace(sum_, b"\1\2\3\4"))


def that_is_elsewhere(path):
    zipped(path, [("bad.png", IMAGE)])
    path.write_bytes(path.read_bytes().replace(b"PK\3\4", b"PK\3\5"))


def of_no_deflate(path):
    zipped(path, [("bad.png", bytes(1000))], compression=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path) as archive:
        packed = archive.infolist()[0].compress_size
    content = bytearray(path.read_bytes())
    begin = content.index(b"bad.png") + len("bad.png")
    content[begin : begin + packed] = b"\xff" * packed
    path.write_bytes(content)


BAD = {
    "encrypted": (encrypted, "it is encrypted"),
    "a bomb": (larger_than_declared, "its checksum differs"),
    "a wrong checksum": (of_a_wrong_checksum, "its checksum differs"),
    "no header": (that_is_elsewhere, "an entry is not where the index says"),
    "no deflate": (of_no_deflate, "it cannot be unpacked"),
    "an unusual method": (
        lambda path: zipped(path, [("bad.png", IMAGE)], compression=zipfile.ZIP_BZIP2),
        "packed in an unusual way",
    ),
    "an image that breaks off": (lambda path: zipped(path, [("bad.png", IMAGE[:55])]), ""),
    "no image": (lambda path: zipped(path, [("bad.png", b"<html>")]), "an HTML page"),
}


@pytest.mark.parametrize("cause", BAD)
def test_a_member_that_cannot_be_read_is_named(tmp_path, cause):
    make, message = BAD[cause]
    make(tmp_path / "a.zip")
    with pytest.raises(DataError, match=rf"bad\.png: .*{message}"):
        opened(tmp_path / "a.zip").read(0)


def test_what_a_member_declares_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(own, "MAX_IMAGE_BYTES", 1000)
    for make, path in ((zipped, tmp_path / "a.zip"), (tarred, tmp_path / "a.tar")):
        make(path, [("bomb.png", bytes(1001)), ("good.png", IMAGE)])
        source = opened(path)
        assert source.bad == {"bomb.png": "it has 1,001 bytes, and an image may have at most 1,000"}


def cut(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


DAMAGED = {
    "half a zip": (as_zip, 0.5),
    "half a tar": (as_tar, 0.35),
    "half a tar.gz": (lambda root, pixels: as_tar(root, pixels, ".tar.gz"), 0.5),
    "half a tar.xz": (lambda root, pixels: as_tar(root, pixels, ".tar.xz"), 0.5),
    "half a tar.bz2": (lambda root, pixels: as_tar(root, pixels, ".tar.bz2"), 0.5),
    "nothing": (as_tar, 0),
}


@pytest.mark.parametrize("cause", DAMAGED)
def test_a_damaged_archive_is_refused(tmp_path, pixels, cache, cause):
    make, share = DAMAGED[cause]
    path = make(tmp_path, pixels)
    cut(path, share)
    with pytest.raises(DataError, match="is damaged or not an archive"):
        opened(path)
    assert not list(cache.glob("archives/*"))


def test_a_compressed_tar_is_unpacked_once_into_the_cache_alone(tmp_path, pixels, cache):
    (tmp_path / "in").mkdir()
    path = as_tar(tmp_path / "in", pixels, ".tar.gz")
    touch(path)
    opened(path)
    (copy,) = cache.glob("archives/*")
    before = copy.stat().st_mtime_ns
    opened(path.rename(path.with_name("other.tgz")))
    assert copy.stat().st_mtime_ns == before
    assert os.listdir(tmp_path / "in") == ["other.tgz"]
    copy.unlink()
    assert opened(path.with_name("other.tgz")).read(0)


@pytest.mark.parametrize("harm", ["a link", "a folder", "nothing in it", "half of it"])
def test_what_is_no_copy_of_an_archive_is_made_anew(harm, tmp_path, pixels, cache):
    path = as_tar(tmp_path, pixels, ".tar.gz")
    before = opened(path)
    (copy,) = cache.glob("archives/*")
    whole = copy.read_bytes()
    copy.rename(tmp_path / "outside")
    if harm == "a link":
        copy.symlink_to(tmp_path / "outside")
    elif harm == "a folder":
        copy.mkdir()
    else:
        copy.write_bytes(whole[: len(whole) // 2] if harm == "half of it" else b"")
    assert opened(path).fingerprint == before.fingerprint
    assert copy.read_bytes() == whole
    assert not copy.is_symlink()


def test_a_bomb_in_a_compressed_tar_is_not_unpacked(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(members, "UNPACKED_AT_LEAST", 1000)
    monkeypatch.setattr(members, "UNPACKED_TIMES", 2)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("a.png")
        member.size = 10**7
        archive.addfile(member, io.BytesIO(bytes(10**7)))
    with pytest.raises(DataError, match="unpacks to more than"):
        opened(tmp_path / "a.tar.gz")
    assert not list(cache.glob("archives/*"))
