"""Folders of images of one's own."""

import os

import numpy as np
import pytest
from PIL import Image

from ganzoo.data.config import FolderConfig
from ganzoo.data.sources.folder import Folder
from ganzoo.errors import DataError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def write(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(image, Image.Image):
        image = Image.new("RGB", (8, 8), image)
    image.save(path, **options)


def folder(root, **values):
    return Folder(FolderConfig(source=str(root), **values))


def test_sub_folders_are_the_classes_in_order_of_their_names(tmp_path):
    for name, colour in (("dog", RED), ("cat", GREEN), ("emu", BLUE)):
        write(tmp_path / name / "1.png", colour)
        write(tmp_path / name / "2.png", colour)
    source = folder(tmp_path)
    assert source.class_names == ("cat", "dog", "emu")
    seen = [(source.read(i).label, tuple(source.read(i).sample[0, 0])) for i in range(len(source))]
    assert seen == [(0, GREEN)] * 2 + [(1, RED)] * 2 + [(2, BLUE)] * 2


@pytest.mark.parametrize("sub", ["", "only", "only/deeper"])
def test_one_folder_alone_is_no_class(tmp_path, sub):
    write(tmp_path / sub / "a.png", RED)
    write(tmp_path / sub / "b.png", RED)
    source = folder(tmp_path)
    assert source.class_names == ()
    assert [source.read(i).label for i in range(2)] == [0, 0]


def test_deeper_folders_belong_to_the_class_above(tmp_path):
    for name in ("a/x/1.png", "a/y/z/2.PNG", "b/3.jpeg"):
        write(tmp_path / name, RED)
    source = folder(tmp_path)
    assert source.class_names == ("a", "b")
    assert [source.read(i).label for i in range(3)] == [0, 0, 1]


def test_what_is_no_image_by_name_or_hidden_is_passed_over(tmp_path):
    write(tmp_path / "a" / "1.png", RED)
    write(tmp_path / "b" / "1.png", RED)
    write(tmp_path / ".ipynb_checkpoints" / "1.png", RED)
    (tmp_path / "a" / "._1.png").write_bytes(b"a resource fork")
    (tmp_path / "a" / "notes.txt").write_text("notes")
    (tmp_path / "a" / "folder.png").mkdir()
    source = folder(tmp_path)
    assert source.class_names == ("a", "b")
    assert len(source) == 2


@pytest.mark.parametrize(
    ("modes", "shape"),
    [
        pytest.param(["L"], (1, 8, 8), id="grey"),
        pytest.param(["1"], (1, 8, 8), id="black and white"),
        pytest.param(["LA"], (1, 8, 8), id="grey with alpha"),
        pytest.param(["I;16"], (1, 8, 8), id="16-bit grey"),
        pytest.param(["RGB"], (3, 8, 8), id="colour"),
        pytest.param(["P"], (3, 8, 8), id="palette"),
        pytest.param(["L", "RGB"], (3, 8, 8), id="some of each"),
    ],
)
def test_channels_are_what_the_images_have(tmp_path, modes, shape):
    for mode in modes:
        write(tmp_path / f"{mode[0]}.png", Image.new(mode, (8, 8)))
    source = folder(tmp_path)
    assert source.shape == shape
    assert all(source.read(i).sample.ndim == (2 if shape[0] == 1 else 3) for i in range(len(modes)))


def test_channels_can_be_chosen(tmp_path):
    write(tmp_path / "a.png", RED)
    assert folder(tmp_path, channels=1).read(0).sample.tolist() == [[76] * 8] * 8  # 0.299 of 255
    write(tmp_path / "a.png", Image.new("L", (8, 8), 9))
    assert (folder(tmp_path, channels=3).read(0).sample == np.full((8, 8, 3), 9)).all()


def test_the_side_is_the_smallest_of_all_images(tmp_path):
    for size in ((20, 30), (12, 40), (16, 16)):
        write(tmp_path / f"{size[0]}.png", Image.new("RGB", size))
    assert folder(tmp_path).shape == (3, 12, 12)


def test_the_first_frame_of_a_film_is_read(tmp_path):
    red, blue = (Image.new("RGB", (4, 4), colour) for colour in (RED, BLUE))
    write(tmp_path / "a.gif", red, save_all=True, append_images=[blue])
    assert folder(tmp_path).read(0).sample[0, 0].tolist() == [*RED]


def test_headers_that_cannot_be_read_are_named_and_the_others_count(tmp_path):
    write(tmp_path / "good.png", RED)
    write(tmp_path / "small.png", Image.new("L", (4, 6)))
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself.png").symlink_to(tmp_path / "itself.png")
    source = folder(tmp_path)
    assert list(source.bad) == ["empty.png", "gone.png", "itself.png", "text.jpg"]
    assert source.shape == (3, 4, 4)
    assert source.sizes.tolist() == [[0, 0], [0, 0], [8, 8], [0, 0], [4, 6], [0, 0]]
    for index, name in enumerate(source.names):
        if name in source.bad:
            with pytest.raises(DataError, match=f"{name}: ") as caught:
                source.read(index)
            assert str(caught.value).endswith(source.bad[name])
        else:
            source.read(index)


def test_where_no_image_can_be_read_all_are_counted_and_the_first_are_named(tmp_path):
    for index in range(7):
        (tmp_path / f"z{index}.bmp").write_bytes(b"BM")
    with pytest.raises(DataError) as caught:
        folder(tmp_path)
    message = str(caught.value)
    assert message.startswith("7 of 7 images cannot be read: ")
    assert all(f"z{index}.bmp" in message for index in range(5))
    assert "z5.bmp" not in message
    assert "and 2 more" in message


def test_an_image_that_breaks_off_is_named_when_it_is_read(tmp_path):
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    for name in ("a.jpg", "b.png"):
        write(tmp_path / name, Image.fromarray(noise))
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
    source = folder(tmp_path)
    for index, name in enumerate(("a.jpg", "b.png")):
        with pytest.raises(DataError, match=name):
            source.read(index)


def test_a_file_that_vanished_is_named(tmp_path):
    write(tmp_path / "a.png", RED)
    source = folder(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(DataError, match=r"a\.png"):
        source.read(0)


def test_what_is_no_folder_is_refused(tmp_path):
    write(tmp_path / "a.png", RED)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="does not exist"):
        folder(tmp_path / "missing")
    with pytest.raises(DataError, match="is not a folder"):
        folder(tmp_path / "a.png")
    with pytest.raises(DataError, match="holds no images"):
        folder(tmp_path / "empty")
    with pytest.raises(DataError, match="does not exist"):
        folder("~no-such-user/images")


def test_images_beside_classes_are_refused(tmp_path):
    write(tmp_path / "a.png", RED)
    write(tmp_path / "cats" / "b.png", RED)
    with pytest.raises(DataError, match="'cats'"):
        folder(tmp_path)


@pytest.mark.parametrize("name", [b"caf\xe9", b"two\nlines"], ids=["not UTF-8", "line break"])
def test_a_class_name_that_is_no_text_is_refused(tmp_path, name):
    write(tmp_path / "good" / "a.png", RED)
    write(tmp_path / "other" / "a.png", RED)
    try:
        os.rename(os.fsencode(tmp_path / "good"), os.fsencode(tmp_path) + b"/" + name)
    except OSError:
        pytest.skip("this file system refuses such a name itself")
    with pytest.raises(DataError, match="names a class"):
        folder(tmp_path)


@pytest.fixture
def classes(tmp_path):
    write(tmp_path / "a" / "1.png", RED)
    write(tmp_path / "b" / "2.png", GREEN)
    return tmp_path


CHANGES = {
    "content": lambda root: write(root / "a" / "1.png", BLUE),
    "a file's name": lambda root: (root / "a" / "1.png").rename(root / "a" / "3.png"),
    "a class's name": lambda root: (root / "b").rename(root / "c"),
    "a file more": lambda root: write(root / "a" / "4.png", RED),
    "a file less": lambda root: (root / "a" / "1.png").unlink(),
    "two exchanged": lambda root: (
        (root / "a" / "1.png").rename(root / "x"),
        (root / "b" / "2.png").rename(root / "a" / "1.png"),
        (root / "x").rename(root / "b" / "2.png"),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_fingerprint_changes_with(classes, change):
    before = folder(classes).fingerprint
    change(classes)
    assert folder(classes).fingerprint != before


def test_the_fingerprint_changes_with_the_channels(classes):
    assert folder(classes).fingerprint != folder(classes, channels=1).fingerprint


def test_the_fingerprint_stays_when_only_times_or_place_change(classes, tmp_path_factory):
    before = folder(classes).fingerprint
    for path in classes.rglob("*.png"):
        os.utime(path, (1, 1))
    (classes / "notes.txt").write_text("notes")
    assert folder(classes).fingerprint == before
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "moved"
    classes.rename(elsewhere)
    assert folder(elsewhere).fingerprint == before
